"""Tests the example order mail in six languages: complete, of one language each, and as a second parser reads it."""

from __future__ import annotations

import email
import re
from email.policy import default as policy
from pathlib import Path
from typing import Any

import pytest
from clarion.v1 import campaign_pb2
from clarion_client._conversion import write
from clarion_server.adapters.channels.email.mime import build
from clarion_server.adapters.rendering import JinjaContentCompiler
from clarion_server.application.ports.channels import Outbound
from clarion_server.application.ports.content import Personalisation
from clarion_server.bootstrap.channels import CONTENT_KINDS
from clarion_server.domain.campaigns.campaign_definition import CampaignDefinition
from clarion_server.domain.content.email import Mailbox, SmtpProvider
from clarion_server.transport.api.convert.campaigns import to_draft
from clarion_server.transport.cli.files.campaign_texts import read_campaign_texts
from clarion_server.transport.cli.files.resources import read_files

FILE = Path(__file__).resolve().parents[3] / "examples" / "campaigns" / "order-confirmed.yaml"
COMPILER = JinjaContentCompiler(CONTENT_KINDS)
CONTEXT: dict[str, Any] = {
    "customer": {"name": "Jane <Doe>"},
    "order": {
        "id": "W-2041",
        "placed_at": "2026-11-29T09:00:00Z",
        "currency": "EUR",
        "total": 1234.5,
        "note": "x",
        "discount": {"code": "A", "amount": 1},
        "shipping": {"city": "Köln", "cost": 0, "gift": True},
        "items": [{"name": "Tea", "quantity": 3, "unit_price": 5, "total": 15, "options": ["green"]}] * 2,
    },
}
#: Says what each mail says, with its direction.
MAILS = {
    "en": ("Your order W-2041: €1,234.50", "2 items", "November 29, 2026", "ltr"),
    "de": ("Ihre Bestellung W-2041: 1.234,50 €", "2 Artikel", "29. November 2026", "ltr"),
    "fr": ("Votre commande W-2041 : 1 234,50 €", "2 articles", "29 novembre 2026", "ltr"),
    "ko": ("주문 W-2041: €1,234.50", "상품 2개", "2026년 11월 29일", "ltr"),
    "ja": ("ご注文 W-2041", "2点", "2026年11月29日", "ltr"),
    "ar": ("طلبك W-2041", "منتجان", "نوفمبر", "rtl"),
}


@pytest.fixture(scope="module")
def definition() -> CampaignDefinition:
    (resource,) = read_files([FILE]).resources
    draft = to_draft(write(resource.value, campaign_pb2.Campaign))
    assert draft.violations == ()
    return draft.definition


def test_review_finds_nothing(definition: CampaignDefinition) -> None:
    assert COMPILER.review(definition) == []


def test_every_language_has_every_text() -> None:
    texts = read_campaign_texts(FILE)
    assert set(texts.catalogues) == set(MAILS)
    assert [texts.missing(locale) for locale in MAILS] == [[]] * len(MAILS)


def mail(definition: CampaignDefinition, locale: str) -> email.message.EmailMessage:
    """Returns the mail as it leaves, read by another parser."""
    content = COMPILER.compile_content(definition, 0, "order-confirmed", locale=locale)
    rendered = content.render(Personalisation(CONTEXT, {}, "email:a@example.com", "a@example.com", locale))
    provider = SmtpProvider("localhost", 25, Mailbox("shop@example.com", "Shop"))
    outbound = Outbound("m" * 32, "a@example.com", content.content, rendered, 0, 1)
    return email.message_from_bytes(bytes(build(outbound, provider).content), policy=policy)


@pytest.mark.parametrize("locale", MAILS)
def test_each_mail_is_of_one_language(definition: CampaignDefinition, locale: str) -> None:
    subject, count, day, direction = MAILS[locale]
    message = mail(definition, locale)
    assert re.sub(r"[\xa0\u202f]", " ", message["Subject"]).startswith(subject)
    assert message["Content-Language"] == locale
    html, text = (message.get_body((kind,)).get_content() for kind in ("html", "plain"))  # type: ignore[union-attr]
    assert f'<html lang="{locale}" dir="{direction}">' in html
    assert ('<table dir="rtl" style="direction:rtl" role' in html) is (direction == "rtl")
    assert count in html
    assert day in re.sub(r"[\xa0\u202f]", " ", html)
    assert day in text
    assert "Jane &lt;Doe&gt;" in html
    assert "Jane <Doe>" in text
    english = ("Thank you", "Shipping", "Total", "order of")
    assert any(word in html for word in english) is (locale in {"en", "fr"})


def test_a_note_that_runs_in_the_other_direction_leaves_the_sentence_around_it_alone(
    definition: CampaignDefinition,
) -> None:
    message = mail(definition, "ar")
    html, text = (message.get_body((kind,)).get_content() for kind in ("html", "plain"))  # type: ignore[union-attr]
    assert ": \N{FIRST STRONG ISOLATE}x\N{POP DIRECTIONAL ISOLATE}</p>" in html
    assert ": \N{FIRST STRONG ISOLATE}x\N{POP DIRECTIONAL ISOLATE}" in text
