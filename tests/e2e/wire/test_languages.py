"""Tests a campaign in several languages over the wire: from the trigger to the mail, and what tells of its language."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import replace
from typing import Any

import pytest
from clarion_client import (
    Action,
    AsyncClient,
    ContentVariant,
    EmailContent,
    InvalidRequestError,
    LocaleFallback,
    LocaleReason,
    Recipient,
)

from tests.campaigns import CONTEXT, campaign, channel
from tests.e2e.wire.conftest import Sandbox
from tests.smtp_sink import SmtpSink
from tests.waiting import until

TEXTS = {
    "en": {"hello": "Hello", "orders": {"one": "{count} order", "other": "{count} orders"}},
    "ja": {"hello": "こんにちは", "orders": "注文{count}件"},
}
MAIL = Action(
    id="mail",
    channel_configuration="mail",
    email=EmailContent(
        subject='{{ t("hello") }}',
        html='<html><body><p>{{ t("orders", count=2) }}: {{ 1234.5 | number }}</p></body></html>',
    ),
    variants=[
        ContentVariant(locale="ar", email=EmailContent(subject="مرحبا", html="<html><body><p>طلبان</p></body></html>"))
    ],
)
PEOPLE = {
    "ja-JP": ("ja", LocaleReason.SAME, "こんにちは"),
    "ar_EG.UTF-8": ("ar", LocaleReason.SAME, "مرحبا"),
    "ca": ("ja", LocaleReason.CHOSEN, "こんにちは"),
    "de": ("en", LocaleReason.DEFAULT, "Hello"),
}


@pytest.fixture
async def client(sandbox: Sandbox, sink: SmtpSink) -> AsyncClient:
    """Has a live campaign in three languages."""
    await sandbox.client.channels.create(channel("mail", sink.port))
    fallbacks = [LocaleFallback(locale="ca", fallbacks=["es", "ja"])]
    made = campaign("news", "mail", actions=[MAIL], translations=TEXTS, locale_fallbacks=fallbacks)
    assert (await sandbox.client.campaigns.create(made)).translations == TEXTS
    await sandbox.client.campaigns.activate("news")
    return sandbox.client


async def test_mails_messages_events_and_the_report_tell_the_language(client: AsyncClient, sink: SmtpSink) -> None:
    to = {f"r{index}@example.com": locale for index, locale in enumerate(PEOPLE)}
    recipients = [Recipient(address, CONTEXT, locale=locale) for address, locale in to.items()]
    await client.trigger("news", recipients)
    mails = {mail.parsed["To"]: mail.parsed for mail in await sink.wait_for(len(PEOPLE))}
    for address, wanted in to.items():
        locale, _, subject = PEOPLE[wanted]
        assert (mails[address]["Subject"], mails[address]["Content-Language"]) == (subject, locale)
    arabic = mails["r1@example.com"].get_body(("html",))
    assert arabic is not None
    html = '<html lang="ar" dir="rtl"><body><p dir="rtl" style="direction:rtl">طلبان</p></body></html>'
    assert arabic.get_content().strip() == html

    async def are_sent() -> bool:
        return (await client.reports.get("news")).sent_count == len(PEOPLE)

    await until(are_sent)
    async for message in client.messages.list():
        locale, reason, _ = PEOPLE[to[message.address]]
        assert (message.content_locale, message.locale_reason) == (locale, reason)
        (event,) = (await client.messages.get(message.name)).events
        assert (event.content_locale, event.locale_reason) == (locale, reason)
    report = await client.reports.get("news")
    assert {each.locale: (each.targeted_count, each.sent_count) for each in report.locale_counts} == {
        "ar": (1, 1),
        "en": (1, 1),
        "ja": (2, 2),
    }


async def test_validation_and_previews_tell_it_before(client: AsyncClient) -> None:
    answer = await client.trigger("news", [Recipient("a@example.com", CONTEXT, locale="ja")], validate_only=True)
    explanation = answer.recipients[0].messages[0].explanation
    assert explanation is not None
    assert (explanation.content_locale, explanation.locale_reason) == ("ja", LocaleReason.EXACT)
    preview = await client.campaigns.preview("news", CONTEXT, locale="ja")
    assert preview.email is not None
    assert "注文2件: 1,234.5" in preview.email.html
    assert preview.content_locale == "ja"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"translations": {"en": {"a": "{"}}}, "campaign.translations.en.a"),
        ({"translations": {"en": {"a": {"one": "x"}}}}, "campaign.translations.en.a.other"),
        ({"translations": {"en": {"a": {"lots": "x", "other": "y"}}}}, "campaign.translations.en.a.lots"),
        ({"translations": {"en": {"a": 1}}}, "campaign.translations.en.a"),
        ({"translations": {"e": {}}}, "campaign.translations.e"),
        ({"translations": {"en": {"a b": "x"}}}, "campaign.translations.en.a b"),
        ({"locale_fallbacks": [LocaleFallback(locale="ca", fallbacks=[])]}, "campaign.locale_fallbacks[0].fallbacks"),
        ({"locale_fallbacks": [LocaleFallback(locale="!", fallbacks=["de"])]}, "campaign.locale_fallbacks[0].locale"),
        ({"actions": [replace(MAIL, variants=[ContentVariant(locale="de")])]}, "campaign.actions[0].variants[0].email"),
        (
            {"actions": [replace(MAIL, variants=[ContentVariant(locale="", email=EmailContent(subject="x"))])]},
            "campaign.actions[0].variants[0].locale",
        ),
        (
            {"actions": [replace(MAIL, variants=[replace(MAIL.variants[0], locale="de")] * 60)]},
            "campaign.actions[0].variants",
        ),
    ],
)
async def test_bad_languages_are_refused_with_their_place(
    sandbox: Sandbox, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        await sandbox.client.campaigns.create(campaign("bad", "mail", **{"actions": [MAIL], **changes}))
    assert field in [violation.field for violation in refused.value.violations]


async def test_json_over_http_has_the_same_fields(client: AsyncClient, sandbox: Sandbox) -> None:
    def call(method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            f"{sandbox.service.http}{path}",
            json.dumps(body).encode() if body is not None else None,
            {"Authorization": f"Bearer {sandbox.key}", "Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request) as response:
            return json.load(response)

    import asyncio  # noqa: PLC0415 - only here

    stored = await asyncio.to_thread(call, "GET", "/v1/campaigns/news")
    assert stored["campaign"]["translations"] == TEXTS
    changed = {"translations": {**TEXTS, "fr": {"hello": "Salut", "orders": {"one": "a", "other": "b"}}}}
    updated = await asyncio.to_thread(call, "PATCH", "/v1/campaigns/news?updateMask=translations", changed)
    assert updated["campaign"]["translations"] == changed["translations"]
