"""Tests the texts of translations, as `t` writes them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from clarion_server.application.ports.content import RenderingFailed
from clarion_server.domain.campaigns.campaign_definition import CampaignDefinition
from clarion_server.domain.content.email import EmailContent, RenderedEmail
from clarion_server.domain.content.translations import TextMalformed, read_text

from tests.unit.rendering.contents import COMPILER, campaign, personalisation

ITEMS = {"one": "{count} item", "other": "{count} items"}


def definition(
    translations: dict[str, Any], html: str = "", text: str = "x", subject: str = "x", **changes: Any
) -> CampaignDefinition:
    return replace(campaign(EmailContent(subject, html, text)), translations=translations, **changes)


def mail(of: CampaignDefinition, locale: str = "en", context: dict[str, Any] | None = None) -> RenderedEmail:
    """Returns the mail for somebody who wants a locale."""
    chosen = COMPILER.locales(of, 0).choose(locale).locale
    rendered = COMPILER.compile_content(of, 0, "news", locale=chosen).render(personalisation(context, locale=locale))
    assert isinstance(rendered, RenderedEmail)
    return rendered


def text(template: str, translations: dict[str, Any], locale: str = "en", **context: Any) -> str:
    return mail(definition(translations, text=template), locale, context).text


def test_one_template_speaks_every_language_of_its_texts() -> None:
    texts = {"en": {"hello": "Hello {name}"}, "de": {"hello": "Hallo {name}"}, "ar": {"hello": "مرحبا {name}"}}
    of = definition(texts, html='<html><p>{{ t("hello", name=context.name) }}</p></html>')
    assert mail(of, "de-AT", {"name": "Jane"}).html == '<html lang="de" dir="ltr"><p>Hallo Jane</p></html>'
    assert mail(of, "ar", {"name": "Jane"}).html.startswith('<html lang="ar" dir="rtl"><p dir="rtl"')
    assert mail(of, "fr", {"name": "Jane"}).html == '<html lang="en" dir="ltr"><p>Hello Jane</p></html>'


def test_a_text_of_a_parent_serves_the_regions_of_its_language() -> None:
    texts = {"en": {"a": "A", "b": "B"}, "de": {"a": "Ä", "b": "Be"}, "de-AT": {"a": "Ö"}}
    assert text('{{ t("a") }}{{ t("b") }}', texts, "de-AT") == "ÖBe"


def test_a_text_is_no_template() -> None:
    texts = {"en": {"a": "{{ {x} {{% raw %}}", "b": "{% if %}{# no #}"}}
    assert text('{{ t("a", x="{{ 1 }}") }}', {"en": {"a": texts["en"]["a"]}}) == "{ {{ 1 }} {% raw %}"
    with pytest.raises(TextMalformed):
        read_text(texts["en"]["b"])


@pytest.mark.parametrize("malformed", ["{", "}", "{a", "{a b}", "{1}", "{}", "{a.b}", "{{{", "{a!r}", "{a:>9}"])
def test_a_lone_brace_is_malformed(malformed: str) -> None:
    with pytest.raises(TextMalformed):
        read_text(malformed)


def test_arguments_and_texts_are_escaped_in_html_with_markup_and_without() -> None:
    texts = {"en": {"plain": "<b>{x}</b>", "rich_html": "<b>{x}</b>"}}
    of = definition(texts, html='{{ t("plain", x=context.x) }} {{ t("rich_html", x=context.x) }}')
    assert mail(of, context={"x": "<i>"}).html == "&lt;b&gt;&lt;i&gt;&lt;/b&gt; <b>&lt;i&gt;</b>"
    assert text('{{ t("plain", x=context.x) }}', texts, x="<i>") == "<b><i></b>"


PL = {"one": "one", "few": "few", "many": "many", "other": "other"}


@pytest.mark.parametrize(
    ("locale", "forms", "count", "form"),
    [
        *[("pl", PL, count, form) for count, form in ((1, "one"), (2, "few"), (5, "many"), (12, "many"))],
        *[("pl", PL, count, form) for count, form in ((22, "few"), (0, "many"), (1.5, "other"))],
        ("fr", {"one": "one", "other": "other"}, 1_000_000, "other"),
        ("fr", {"one": "one", "other": "other"}, 0, "one"),
        ("en", {"=0": "none", "one": "one", "other": "other"}, 0, "none"),
        ("en", {"one": "one", "other": "other"}, 0, "other"),
        ("en", {"one": "one", "other": "other"}, 1.0, "one"),
        ("en", {"one": "one", "other": "other"}, "1.0", "other"),
        ("en", {"one": "one", "other": "other"}, "1", "one"),
        ("en", {"one": "one", "other": "other"}, -1, "one"),
        ("en", {"=-1": "minus", "one": "one", "other": "other"}, -1, "minus"),
        ("ar", {"zero": "zero", "two": "two", "other": "other"}, 2, "two"),
        ("ja", {"other": "other"}, 1, "other"),
    ],
)
def test_the_form_is_that_of_the_language_for_the_number_as_printed(
    locale: str, forms: dict[str, str], count: Any, form: str
) -> None:
    texts = {"en": {"items": ITEMS}, locale: {"items": forms}}
    assert text('{{ t("items", count=context.n) }}', texts, locale, n=count) == form


def test_the_rule_is_that_of_the_language_that_has_the_text() -> None:
    of = definition(
        {"en": {"items": ITEMS, "a": "A"}, "pl": {"a": "Ą"}},
        text='{{ t("a") }} {{ t("items", count=context.n) }}',
        allow_untranslated=True,
    )
    assert mail(of, "pl", {"n": 10}).text == "Ą 10 items"
    assert mail(of, "pl", {"n": 1}).text == "Ą 1 item"


def test_a_count_is_printed_as_numbers_are_with_its_own_digits() -> None:
    texts = {"en": {"items": ITEMS}, "de": {"items": {"one": "{count} Stück", "other": "{count} Stück"}}}
    template = '{{ t("items", count=context.n) }}'
    assert text(template, texts, "de", n=1234567) == "1.234.567 Stück"
    assert text(template, texts, "en", n="1.0") == "1.0 items"
    assert text(template, texts, "en", n=2.0) == "2 items"


@pytest.mark.parametrize(
    ("template", "context", "detail"),
    [
        ('{{ t("items", count=context.n) }}', {"n": "x"}, "a count is a number"),
        ('{{ t("items", count=context.n) }}', {"n": True}, "a count is a number"),
        ('{{ t("items", count=context.m) }}', {}, "`context.m` is missing"),
        ('{{ t("hello") }}', {}, "a text needs the argument `name`"),
        ('{{ t("hello", name=context.list) }}', {"list": []}, "cannot be printed"),
        ('{{ t("no.such") }}', {}, "a text is not translated"),
    ],
)
def test_what_cannot_be_written_fails_and_shows_no_key_and_no_data(
    template: str, context: dict[str, Any], detail: str
) -> None:
    with pytest.raises(RenderingFailed, match=detail) as failed:
        text(template, {"en": {"items": ITEMS, "hello": "Hello {name}"}}, **context)
    assert "no.such" not in str(failed.value)


def test_json_gets_a_text_in_quotes() -> None:
    from clarion_server.domain.content.webhook import RenderedWebhook, WebhookContent  # noqa: PLC0415 - only here

    content = WebhookContent('{"text": {{ t("hello", name=context.name) }}}')
    of = replace(campaign(content), translations={"en": {"hello": 'Say "{name}"'}})
    rendered = COMPILER.compile_content(of, 0, "a").render(personalisation({"name": "<a>"}))
    assert isinstance(rendered, RenderedWebhook)
    assert rendered.body == '{"text": "Say \\"<a>\\""}'
