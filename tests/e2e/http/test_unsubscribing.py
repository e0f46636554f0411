"""From the mail to the opt-out: the links of real mails, pressed by a mail client and in a real browser."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import AsyncIterator, Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from clarion_client import (
    Action,
    AsyncClient,
    Category,
    Channel,
    ConsentChoice,
    ConsentSettings,
    EmailContent,
    EventType,
    ExclusionPhase,
    ExclusionReason,
    Silence,
    Topic,
)

from tests.browser import MISSING, Browser, running_browser
from tests.campaigns import CONTEXT, set_up
from tests.e2e.http.calls import SECONDS
from tests.service import PUBLIC_URL, Sandbox, Service
from tests.smtp_sink import SmtpSink

JANE = "jane@example.com"
LINKS = "News. {{ unsubscribe_url }} {{ preferences_url }}"


@pytest.fixture
async def sink() -> AsyncIterator[SmtpSink]:
    async with SmtpSink() as running:
        yield running


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(sandbox.target, api_key=sandbox.admin_key) as connected:
        await connected.consents.update_settings(ConsentSettings(silence=Silence.SEND_UNLESS_DENIED))
        await connected.topics.create(Topic(name="topics/news", display_name="Newsletter"))
        await connected.topics.create(Topic(name="topics/offers", display_name="Offers"))
        yield connected


@pytest.fixture
async def mail(client: AsyncClient, sink: SmtpSink) -> EmailMessage:
    """Returns a marketing mail about the topic `news` that was sent to Jane."""
    content = EmailContent(subject="News {{ context.order }}", text=LINKS)
    action = Action(channel_configuration="news", email=content)
    await set_up(client, "news", sink.port, category=Category.MARKETING, topic="topics/news", actions=[action])
    await client.trigger("news", to=JANE, context=CONTEXT)
    return (await sink.wait_for(1))[0].parsed


def at(service: Service, url: str) -> str:
    """Returns the URL at which the service itself answers for a link."""
    return service.http + url.removeprefix(PUBLIC_URL)


def press(url: str) -> tuple[int, str]:
    """Does what a mail client does (RFC 8058 section 3.2)."""
    with urllib.request.urlopen(url, b"List-Unsubscribe=One-Click", timeout=SECONDS) as answer:
        return answer.status, answer.read().decode()


async def test_the_button_of_a_mail_client_ends_the_topic_and_no_service_message(
    service: Service, client: AsyncClient, sink: SmtpSink, mail: EmailMessage
) -> None:
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    (url,) = re.findall(r"^<(\S+)>$", mail["List-Unsubscribe"])
    assert url.startswith(f"{PUBLIC_URL}/u/")
    assert press(at(service, url)) == (200, "You no longer get “Newsletter”.\n")
    (denial,) = (await client.consents.get(JANE)).consents
    assert (denial.topic, denial.choice, denial.channel) == ("topics/news", ConsentChoice.DENIED, Channel.EMAIL)
    accepted = await client.trigger("news", to=JANE, context=CONTEXT)
    assert accepted.recipients[0].messages[0].exclusion_reason == ExclusionReason.NO_CONSENT
    assert (await client.reports.get("news")).unsubscribed_count == 1
    async with client.messages.watch(campaign="news", types=[EventType.UNSUBSCRIBED], from_start=True) as watch:
        event = await anext(aiter(watch))
    assert event.consent_change is not None
    assert event.consent_change.topic == "topics/news"
    found = client.messages.list(
        exclusion_reasons=[ExclusionReason.NO_CONSENT], exclusion_phases=[ExclusionPhase.ACCEPT]
    )
    assert [each.name async for each in found] == [accepted.recipients[0].messages[0].message]
    await set_up(client, "reset", sink.port)
    await client.trigger("reset", to=JANE, context=CONTEXT)
    assert (await sink.wait_for(2))[1].parsed["List-Unsubscribe"] is None


async def test_the_button_in_a_proof_changes_nothing(service: Service, client: AsyncClient, sink: SmtpSink) -> None:
    action = Action(channel_configuration="news", email=EmailContent(subject="News", text=LINKS))
    await set_up(client, "news", sink.port, category=Category.MARKETING, topic="topics/news", actions=[action])
    await client.proofs.send("news", [JANE], CONTEXT)
    (proof,) = await sink.wait_for(1)
    (url,) = re.findall(r"^<(\S+)>$", proof.parsed["List-Unsubscribe"])
    assert press(at(service, url))[0] == 200
    assert (await client.consents.get(JANE)).changes == ()
    assert (await client.reports.get("news")).unsubscribed_count == 0


@pytest.fixture(params=[True, False], ids=["scripts", "no scripts"])
def browser(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Browser]:
    if MISSING:
        pytest.skip(MISSING)
    with running_browser(tmp_path, scripts=request.param) as running:
        yield running


async def test_a_person_unsubscribes_in_a_browser_and_comes_back(
    service: Service, client: AsyncClient, mail: EmailMessage, browser: Browser
) -> None:
    unsubscribe, preferences = (at(service, url) for url in mail.get_content().split()[1:])
    for _ in range(3):
        for url in (unsubscribe, preferences):
            browser.open(url)
    assert (await client.consents.get(JANE)).changes == ()
    browser.open(unsubscribe)
    assert browser.text("h1") == "Unsubscribe j•••@example.com?"
    browser.follow("button")
    assert browser.text("[role=status]") == "You no longer get “Newsletter”."
    assert ticks(browser) == {"news": False, "offers": True, "*": True}
    browser.click("[value='*'][type=checkbox]")
    browser.click("[value=news][type=checkbox]")
    browser.follow("[value=save]")
    assert browser.text("[role=status]") == "Your choices are stored."
    assert ticks(browser) == {"news": True, "offers": True, "*": False}
    browser.open(preferences)
    assert ticks(browser) == {"news": True, "offers": True, "*": False}
    browser.follow("[value=none]")
    assert browser.text("[role=status]") == "You no longer get marketing e-mails."
    assert ticks(browser) == {"news": False, "offers": False, "*": False}
    # The style is the page's own, and its policy allows it.
    assert browser.style("button", "border-radius") == "8.4px"
    assert browser.complaints() == []


def ticks(browser: Browser) -> dict[str, bool]:
    return {value: browser.is_ticked(f"[value='{value}'][type=checkbox]") for value in ("news", "offers", "*")}
