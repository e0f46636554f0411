"""Tests the links by which a recipient unsubscribes, in content and in header fields, and their review."""

from __future__ import annotations

from typing import Any

import pytest
from clarion_server.adapters.rendering import JinjaContentCompiler
from clarion_server.application.ports.content import RenderingFailed
from clarion_server.bootstrap.channels import CONTENT_KINDS
from clarion_server.domain.addresses.public_url import PublicUrl
from clarion_server.domain.category import Category
from clarion_server.domain.consent.personal_link import PersonalUrls
from clarion_server.domain.content.email import RenderedEmail
from clarion_server.domain.content.webhook import RenderedWebhook, WebhookContent
from clarion_server.domain.finding import FindingCode

from tests.unit.rendering.contents import COMPILER, PUBLIC_URL, campaign, codes, definition, personalisation

URLS = PersonalUrls("https://mail.example.com/u/AQF-one", "https://mail.example.com/u/AQF-two")
LINKS = '<a href="{{ unsubscribe_url }}">Enough</a> <a href="{{ preferences_url }}">Choose</a>'
FIELDS = {
    "List-Unsubscribe": "<https://mail.example.com/u/AQF-one>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
}


def rendered(urls: PersonalUrls | None = URLS, **parts: Any) -> RenderedEmail:
    email = COMPILER.compile_content(definition(**parts), 0, "news").render(personalisation(), urls)
    assert isinstance(email, RenderedEmail)
    return email


def reviewed(public_url: PublicUrl | None = PUBLIC_URL, **parts: Any) -> list[str]:
    parts = {"category": Category.MARKETING, "subject": "News"} | parts
    return codes(JinjaContentCompiler(CONTENT_KINDS, public_url).review(definition(**parts)))


def test_content_has_the_links_of_its_recipient() -> None:
    email = rendered(html=LINKS, text="{{ unsubscribe_url }}")
    assert email.html == (
        '<a href="https://mail.example.com/u/AQF-one">Enough</a> <a href="https://mail.example.com/u/AQF-two">Choose</a>'
    )
    assert email.text == URLS.unsubscribe


def test_marketing_mails_have_the_fields_for_mail_clients() -> None:
    email = rendered(category=Category.MARKETING, text="News", headers={"X-Shop": "1"})
    assert email.headers == {"X-Shop": "1", **FIELDS}


def test_one_click_is_offered_with_tls_alone() -> None:
    """RFC 8058 section 3.1 allows https URIs and no others."""
    urls = PersonalUrls("http://127.0.0.1:50080/u/AQF-one", "http://127.0.0.1:50080/u/AQF-two")
    email = rendered(urls, category=Category.MARKETING, text="News")
    assert email.headers == {"List-Unsubscribe": "<http://127.0.0.1:50080/u/AQF-one>"}


def test_a_link_that_fits_into_no_line_is_in_the_body_alone() -> None:
    url = f"https://mail.example.com/u/{'A' * 1_000}"
    email = rendered(PersonalUrls(url, url), category=Category.MARKETING, text="{{ unsubscribe_url }}")
    assert (email.headers, email.text) == ({}, url)


def test_service_messages_about_a_topic_have_the_fields_too() -> None:
    assert rendered(category=Category.TRANSACTIONAL, topic="deliveries", text="On its way").headers == FIELDS


def test_service_messages_have_no_fields_though_they_may_have_links() -> None:
    assert rendered(category=Category.TRANSACTIONAL, text="{{ preferences_url }}").headers == {}


@pytest.mark.parametrize(
    ("parts", "needed"),
    [
        ({"text": "Your order"}, False),
        ({"text": "{{ unsubscribe_url }}"}, True),
        ({"text": "x", "headers": {"X-Choices": "{{ preferences_url }}"}}, True),
        ({"text": "x", "html": "{% if context.x is defined %}{{ preferences_url | upper }}{% endif %}"}, True),
        ({"text": "News", "category": Category.MARKETING}, True),
    ],
)
def test_links_are_made_for_content_that_has_them_and_for_no_other(parts: dict[str, Any], needed: bool) -> None:
    assert COMPILER.compile_content(definition(**parts), 0, "news").needs_urls is needed


def test_a_webhook_may_carry_links_and_has_no_fields() -> None:
    content = WebhookContent('{"url": {{ unsubscribe_url }}}')
    compiled = COMPILER.compile_content(campaign(content, category=Category.MARKETING), 0, "news")
    webhook = compiled.render(personalisation(), URLS)
    assert isinstance(webhook, RenderedWebhook)
    assert webhook.body == '{"url": "https://mail.example.com/u/AQF-one"}'
    assert webhook.headers == {"content-type": "application/json"}
    assert not COMPILER.compile_content(campaign(WebhookContent("{}")), 0, "news").needs_urls


def test_a_link_is_never_left_blank() -> None:
    with pytest.raises(RenderingFailed, match="`unsubscribe_url` is missing"):
        rendered(None, text="{{ unsubscribe_url }}")


@pytest.mark.parametrize("name", ["unsubscribe_url", "preferences_url"])
def test_a_template_cannot_replace_a_link(name: str) -> None:
    assert reviewed(text=f"{{% set {name} = 'https://evil.example' %}}{{{{ {name} }}}}") == ["E TEMPLATE_UNSAFE"]


@pytest.mark.parametrize(
    "parts",
    [
        {"html": LINKS},
        {"html": '<a href="{{ preferences_url }}">Choose</a>'},
        {"html": '<a href="https://shop.example/unsubscribe?u=1">Enough</a>'},
        {"html": '<a href="https://shop.example/u"><b>Click to <i>unsubscribe</i></b></a>'},
        {"text": "Enough? {{ unsubscribe_url }}"},
        {"text": "Choose: {{ preferences_url }}"},
    ],
)
def test_marketing_with_a_link_passes(parts: dict[str, Any]) -> None:
    assert reviewed(**parts) == []


@pytest.mark.parametrize(
    "parts",
    [
        {"html": "<p>unsubscribe</p>"},
        {"html": '<a href="https://shop.example">Shop</a> unsubscribe'},
        {"html": "<p>{{ unsubscribe_url }}</p>"},
        {"text": "Buy"},
    ],
)
def test_marketing_without_a_link_is_a_warning(parts: dict[str, Any]) -> None:
    assert reviewed(**parts) == ["W UNSUBSCRIBE_LINK_MISSING"]


@pytest.mark.parametrize("name", ["List-Unsubscribe", "list-unsubscribe", "List-Unsubscribe-Post"])
def test_marketing_with_a_field_of_its_own_is_an_error(name: str) -> None:
    parts: dict[str, Any] = {"html": LINKS, "headers": {name: "<https://shop.example/u>"}}
    assert reviewed(**parts) == ["E UNSUBSCRIBE_FIELD_SET"]
    (finding,) = COMPILER.review(definition(category=Category.MARKETING, **parts))
    assert finding.field == f"actions[0].email.headers.{name}"


def test_a_service_message_about_a_topic_needs_no_link_and_has_no_field_of_its_own() -> None:
    parts: dict[str, Any] = {"category": Category.TRANSACTIONAL, "topic": "deliveries", "text": "On its way"}
    assert reviewed(None, **parts) == []
    assert reviewed(**parts, headers={"List-Unsubscribe": "<https://shop.example/u>"}) == ["E UNSUBSCRIBE_FIELD_SET"]


def test_marketing_without_a_public_url_is_an_error() -> None:
    assert reviewed(None, html='<a href="https://shop.example/unsubscribe">Enough</a>') == ["E PUBLIC_URL_MISSING"]


def test_marketing_with_a_public_url_of_this_machine_is_a_warning() -> None:
    assert reviewed(PublicUrl("http://127.0.0.1:50080"), html=LINKS) == ["W PUBLIC_URL_WITHOUT_TLS"]


def test_service_messages_need_neither_link_nor_public_url() -> None:
    parts = {
        "category": Category.TRANSACTIONAL,
        "html": "<p>x</p>",
        "headers": {"List-Unsubscribe": "<mailto:a@b.example>"},
    }
    assert reviewed(None, **parts) == []


def test_a_link_without_a_public_url_is_an_error_in_every_message() -> None:
    findings = JinjaContentCompiler(CONTENT_KINDS).review(
        definition(text="{{ unsubscribe_url }} {{ preferences_url }}")
    )
    assert {(finding.code, finding.field) for finding in findings} == {
        (FindingCode.PUBLIC_URL_MISSING, "actions[0].email.text")
    }
    assert len(findings) == 2
