"""The campaigns of `examples/campaigns` send what they say, and the example receiver takes it."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from clarion_client import (
    Channel,
    ConsentChange,
    ConsentChoice,
    ConsentEvidence,
    ConsentSource,
    ExclusionReason,
    Message,
    MessageState,
)
from clarion_server.adapters.channels.webhook.signature import signed_headers

from examples import attaching, broadcasting, choosing
from examples.webhook_receiver import WebhookReceiver, is_genuine
from tests.e2e.cli.conftest import CommandLine
from tests.service import Sandbox
from tests.smtp_sink import ReceivedMail, SmtpSink
from tests.waiting import until

CAMPAIGNS = Path(__file__).resolve().parents[3] / "examples" / "campaigns"
SECRET = f"whsec_{base64.b64encode(os.urandom(32)).decode()}"
CONTEXT = {"order": "A-4711", "shipped_at": "2026-11-29T09:00:00Z"}


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    serving = WebhookReceiver(SECRET)
    serving.start()
    yield serving
    serving.stop()


def text_of(mail: ReceivedMail, kind: str) -> str:
    body = mail.parsed.get_body((kind,))
    assert body is not None
    return str(body.get_content())


async def test_one_trigger_of_order_shipped_sends_a_mail_and_a_signed_webhook(
    clarion: CommandLine, sandbox: Sandbox, sink: SmtpSink, receiver: WebhookReceiver
) -> None:
    clarion.environment |= {"SMTP_PORT": str(sink.port), "WEBHOOK_URL": receiver.url, "WEBHOOK_SECRET": SECRET}
    applied = await clarion("apply", "-f", str(CAMPAIGNS), "--activate")
    assert applied.status == 0, applied.err

    def messages() -> list[Message]:
        with sandbox.client() as client:
            return list(client.messages.list(labels={"order": "A-4711"}))

    async def are_sent() -> bool:
        return [message.state for message in await asyncio.to_thread(messages)] == [MessageState.SENT] * 2

    with sandbox.client() as client:
        await asyncio.to_thread(
            client.trigger, "order-shipped", to="jane@example.com", context=CONTEXT, labels={"order": "A-4711"}
        )
    await until(are_sent)
    names = {message.channel: message.name for message in await asyncio.to_thread(messages)}
    assert json.loads(receiver.received[names[Channel.WEBHOOK]]) == {
        "type": "order.shipped",
        "customer": "email:jane@example.com",
        "tracking_url": None,
        **CONTEXT,
    }
    (mail,) = sink.mails
    assert "left us on November 29, 2026" in mail.parsed.get_content()


async def test_the_newsletter_goes_to_who_wants_it_with_a_button_to_leave_and_in_other_words_to_gold_members(
    clarion: CommandLine, sandbox: Sandbox, sink: SmtpSink
) -> None:
    clarion.environment |= {
        "SMTP_PORT": str(sink.port),
        "WEBHOOK_URL": "https://shop.example",
        "WEBHOOK_SECRET": SECRET,
    }
    channels, newsletter = CAMPAIGNS / "channels.yaml", CAMPAIGNS.parent / "newsletter.yaml"
    applied = await clarion("apply", "-f", str(channels), "-f", str(newsletter), "--activate")
    assert applied.status == 0, applied.err
    shown = ConsentEvidence(text="Yes, send me the newsletter.")
    grant = ConsentChange(
        topic="topics/newsletter", choice=ConsentChoice.GRANTED, source=ConsentSource.FORM, evidence=shown
    )

    def trigger() -> None:
        with sandbox.client() as client:
            client.consents.set("jane@example.com", [grant])
            for person in ("joe@example.com", "jane@example.com"):
                client.trigger("newsletter", to=person, context={"title": "New in November", "text": "Scarves."})

    await asyncio.to_thread(trigger)
    (mail,) = await sink.wait_for(1)
    assert mail.parsed["To"] == "jane@example.com"
    assert mail.parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    html = text_of(mail, "html")
    assert "<h1>New in November</h1>" in html
    assert ">To the shop</a>" in html

    def trigger_for_gold() -> None:
        with sandbox.client() as client:
            client.consents.set("zoe@example.com", [grant])
            client.trigger("newsletter", to="zoe@example.com", context=hats, profile={"tier": "gold"})

    hats = {"title": "New", "text": "Hats."}
    await asyncio.to_thread(trigger_for_gold)
    *_, mail = await sink.wait_for(2)
    assert mail.parsed["Subject"] == "Before everybody else: New"
    assert "Hats." in text_of(mail, "plain")

    def trigger_too_often() -> list[ExclusionReason | None]:
        with sandbox.client() as client:
            answers = [client.trigger("newsletter", to="jane@example.com", context=hats) for _ in range(4)]
        return [answer.recipients[0].messages[0].exclusion_reason for answer in answers]

    assert (await asyncio.to_thread(trigger_too_often))[2:] == [None, ExclusionReason.CAPPED]


@pytest.mark.parametrize(
    ("secret", "body", "now", "genuine"),
    [
        (SECRET, b"{}", 1_000, True),
        (SECRET, b"[]", 1_000, False),
        (SECRET, b"{}", 1_301, False),
        (f"whsec_{'A' * 32}", b"{}", 1_000, False),
    ],
    ids=["as it was sent", "another body", "an old copy", "another secret"],
)
def test_the_receiver_takes_what_was_signed_with_its_secret_alone(
    secret: str, body: bytes, now: float, genuine: bool
) -> None:
    headers = signed_headers(SECRET, "messages/1", 1_000, b"{}")
    assert is_genuine(secret, headers, body, now) is genuine


def test_the_receiver_takes_a_repeated_message_once(receiver: WebhookReceiver) -> None:
    headers = signed_headers(SECRET, "messages/1", int(time.time()), b"{}")
    assert [receiver.take(headers, b"{}") for _ in range(2)] == [204, 204]
    assert (len(receiver.received), receiver.repeat_count) == (1, 1)


async def test_the_newsletter_goes_to_an_audience(
    clarion: CommandLine, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await apply_with_channels(clarion, "newsletter.yaml")
    as_program(sandbox, monkeypatch)
    await asyncio.to_thread(choosing.main)
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        await asyncio.to_thread(broadcasting.main)
    assert ended.value.code == 0
    assert capsys.readouterr().out == "Members: 1\nDONE: 0 accepted\n1 excluded: NO_CONSENT\n"


async def test_the_invoice_is_a_file_of_its_mail(
    clarion: CommandLine, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await apply_with_channels(clarion, "invoice.yaml")
    as_program(sandbox, monkeypatch)
    await asyncio.to_thread(attaching.main)
    assert capsys.readouterr().out.splitlines() == [
        "ACCEPTED",
        "recipients[0].attachments[0].content FILE_NOT_ALLOWED",
    ]


async def apply_with_channels(clarion: CommandLine, name: str) -> None:
    """Applies an example with the channel configurations that it names. Nothing listens at them."""
    clarion.environment |= {"SMTP_PORT": "1", "WEBHOOK_URL": "https://shop.example", "WEBHOOK_SECRET": SECRET}
    files = (CAMPAIGNS / "channels.yaml", CAMPAIGNS.parent / name)
    applied = await clarion("apply", *(word for file in files for word in ("-f", str(file))), "--activate")
    assert applied.status == 0, applied.err


def as_program(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLARION_TARGET", sandbox.target)
    monkeypatch.setenv("CLARION_API_KEY", sandbox.admin_key)
