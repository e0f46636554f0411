"""Tests the review of a campaign's languages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from clarion_server.domain.campaigns.campaign_definition import Action, CampaignDefinition, ContentVariant
from clarion_server.domain.category import Category
from clarion_server.domain.content.email import EmailContent
from clarion_server.domain.content.webhook import WebhookContent

from tests.unit.rendering.contents import COMPILER, campaign, codes

ENGLISH = EmailContent("Hello", "<p>Welcome</p>")
GERMAN = EmailContent("Hallo", "<p>Willkommen</p>")


def definition(*variants: tuple[str, EmailContent], **changes: Any) -> CampaignDefinition:
    action = Action("email", "orders", ENGLISH, tuple(ContentVariant(tag, content) for tag, content in variants))
    return replace(campaign(ENGLISH), actions=(action,), **changes)


def findings(*variants: tuple[str, EmailContent], **changes: Any) -> list[tuple[str, str]]:
    return [(finding.code.value, finding.field) for finding in COMPILER.review(definition(*variants, **changes))]


def test_content_in_two_languages_has_no_findings() -> None:
    assert findings(("de", GERMAN), ("de-AT", EmailContent("Servus"))) == []


def test_a_message_of_two_languages_is_an_error_at_each_missing_word() -> None:
    assert findings(("de", EmailContent("Hallo"))) == [("CONTENT_LANGUAGE_MIXED", "actions[0].variants[0].email.html")]
    assert findings(("fr", EmailContent("", headers={"X-A": "b"}))) == [
        ("CONTENT_LANGUAGE_MIXED", "actions[0].variants[0].email.subject"),
        ("CONTENT_LANGUAGE_MIXED", "actions[0].variants[0].email.html"),
    ]
    assert findings(("en-GB", EmailContent("Hullo"))) == []
    assert findings(("zh-Hant", EmailContent("你好", "<p>你好</p>")), ("zh-CN", EmailContent("你好"))) == [
        ("CONTENT_LANGUAGE_MIXED", "actions[0].variants[1].email.html")
    ]


def test_a_request_needs_a_body_in_each_language() -> None:
    content = WebhookContent('{"text": "Hello"}')
    variants = (
        ContentVariant("de", WebhookContent('{"text": "Hallo"}', method=None)),
        ContentVariant("fr", WebhookContent("", method=None)),
    )
    action = Action("hook", "orders", content, variants)
    found = COMPILER.review(replace(campaign(content), actions=(action,)))
    assert [(each.code, each.field) for each in found] == [
        ("CONTENT_LANGUAGE_MIXED", "actions[0].variants[1].webhook.json")
    ]


def test_templates_of_variants_are_reviewed_at_their_own_place() -> None:
    broken = EmailContent("{{ context.nmae }}", '<a href="javascript:x">{% if %}</a>')
    assert findings(("de", broken)) == [
        ("VARIABLE_NOT_IN_SCHEMA", "actions[0].variants[0].email.subject"),
        ("TEMPLATE_SYNTAX", "actions[0].variants[0].email.html"),
        ("LINK_INVALID", "actions[0].variants[0].email.html"),
    ]


def test_what_a_variant_takes_from_the_default_content_is_reported_there_alone() -> None:
    found = findings(("en-GB", EmailContent("Hullo")), category=Category.MARKETING)
    assert found == [
        ("UNSUBSCRIBE_LINK_MISSING", "actions[0].email.html"),
    ]
    own = findings(("de", GERMAN), category=Category.MARKETING)
    assert ("UNSUBSCRIBE_LINK_MISSING", "actions[0].variants[0].email.html") in own


@pytest.mark.parametrize("tag", ["en", "EN"])
def test_nobody_gets_a_second_content_in_one_locale(tag: str) -> None:
    assert findings((tag, ENGLISH)) == [("VARIANT_DUPLICATE", "actions[0].variants[0].locale")]
    assert findings(("de", GERMAN), ("DE", GERMAN)) == [("VARIANT_DUPLICATE", "actions[0].variants[1].locale")]


def test_languages_that_do_not_exist_are_named() -> None:
    fallbacks = {"ca": ("es", "qqx")}
    assert findings(("ge", GERMAN), locale_fallbacks=fallbacks) == [
        ("LOCALE_UNKNOWN", "actions[0].variants[0].locale"),
        ("LOCALE_UNKNOWN", "locale_fallbacks[0].fallbacks[1]"),
    ]
    assert codes(COMPILER.review(definition(default_locale="qqx"))) == ["W LOCALE_UNKNOWN"]


def test_fallbacks_in_a_circle_are_errors_and_those_in_a_row_are_not() -> None:
    assert findings(locale_fallbacks={"fr": ("it",), "it": ("fr",)}) == [
        ("LOCALE_FALLBACK_CIRCLE", "locale_fallbacks[0]"),
        ("LOCALE_FALLBACK_CIRCLE", "locale_fallbacks[1]"),
    ]
    assert findings(locale_fallbacks={"gsw": ("de",), "de": ("en",)}) == []
