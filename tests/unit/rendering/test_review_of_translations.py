"""Tests the review of translations: what is written is there, in every language, with arguments and plural forms."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from clarion_server.domain.campaigns.campaign_definition import CampaignDefinition, ContentVariant
from clarion_server.domain.content.email import EmailContent
from clarion_server.domain.finding import Finding, Severity

from tests.unit.rendering.contents import COMPILER, campaign, object_schema

SCHEMA = object_schema(
    required=("name", "n", "size", "state"),
    name={"type": "string"},
    n={"type": "integer"},
    size={"type": "number"},
    state={"enum": ["open", "closed"]},
)
HELLO = '{{ t("hello", name=context.name) }}'
ITEMS = '{{ t("items", count=context.n) }}'
ENGLISH_ITEMS = {"one": "{count} item", "other": "{count} items"}


def definition(template: str, translations: dict[str, Any], **changes: Any) -> CampaignDefinition:
    content = EmailContent(template, text=template)
    return replace(campaign(content, schema=SCHEMA), translations=translations, **changes)


def findings(template: str, translations: dict[str, Any], **changes: Any) -> list[Finding]:
    return COMPILER.review(definition(template, translations, **changes))


def codes(template: str, translations: dict[str, Any], **changes: Any) -> list[tuple[str, str]]:
    return [(each.code.value, each.field) for each in findings(template, translations, **changes)]


def test_complete_translations_have_no_findings() -> None:
    polish = {"one": "{count} a", "few": "{count} b", "many": "{count} c", "other": "{count} d"}
    texts = {
        "en": {"hello": "Hello {name}", "items": ENGLISH_ITEMS},
        "de": {"hello": "Hallo {name}", "items": {"one": "ein Artikel", "other": "{count} Artikel"}},
        "fr": {"hello": "Bonjour {name}", "items": {"one": "{count} article", "other": "{count} articles"}},
        "ja": {"hello": "{name}様", "items": "{count}点"},
        "pl": {"hello": "Witaj {name}", "items": polish},
    }
    assert codes(HELLO + ITEMS, texts) == []


def test_a_key_that_one_language_lacks_is_named_with_the_language() -> None:
    (found,) = findings(HELLO, {"en": {"hello": "Hello {name}"}, "de": {"hello": "Hallo {name}"}, "fr": {}})[:1]
    assert (found.code, found.severity, found.field) == ("TRANSLATION_MISSING", "ERROR", "translations.fr")
    assert "'hello'" in found.message
    assert "'fr'" in found.message


def test_what_may_stay_untranslated_is_a_warning() -> None:
    found = findings(HELLO, {"en": {"hello": "Hello {name}"}, "fr": {}}, allow_untranslated=True)
    assert {(each.code.value, each.severity.value) for each in found} == {("TRANSLATION_MISSING", "WARNING")}
    nowhere = findings(HELLO, {"en": {}, "fr": {}}, allow_untranslated=True)
    assert {each.severity.value for each in nowhere} == {"ERROR"}


def test_a_text_of_a_variant_is_looked_for_in_its_language() -> None:
    of = definition(HELLO, {"en": {"hello": "Hello {name}"}})
    variant = ContentVariant("de", EmailContent(HELLO, text="Hallo"))
    found = COMPILER.review(replace(of, actions=(replace(of.actions[0], variants=(variant,)),)))
    assert {(each.code.value, each.field) for each in found} == {("TRANSLATION_MISSING", "translations.de")}


@pytest.mark.parametrize(
    ("german", "wrong"),
    [("Hallo", "has no {name}"), ("Hallo {nmae}", "has {nmae}, which the default text lacks"), ("Hallo {name}", "")],
)
def test_the_arguments_of_a_translation_are_those_of_the_default_text(german: str, wrong: str) -> None:
    found = findings(HELLO, {"en": {"hello": "Hello {name}"}, "de": {"hello": german}})
    assert {(each.code.value, each.severity) for each in found} == (
        {("TRANSLATION_PLACEHOLDER", Severity.ERROR)} if wrong else set()
    )
    assert all(wrong in each.message for each in found)


def test_a_form_may_leave_the_count_out_and_a_call_gives_every_argument() -> None:
    assert codes(ITEMS, {"en": {"items": {"one": "One item", "other": "{count} items"}}}) == []
    assert codes('{{ t("hello") }}', {"en": {"hello": "Hello {name}"}})[0][0] == "TRANSLATION_PLACEHOLDER"


@pytest.mark.parametrize(
    ("template", "locale", "forms", "expected"),
    [
        (ITEMS, "pl", {"one": "a", "other": "b"}, {"few", "many"}),
        (ITEMS, "ar", {"other": "a"}, {"few", "many", "one", "two", "zero"}),
        (ITEMS, "fr", {"one": "a", "other": "b"}, set()),
        (ITEMS, "ja", {"other": "a"}, set()),
        (ITEMS, "cs", {"one": "a", "few": "b", "other": "c"}, set()),
        ('{{ t("items", count=context.size) }}', "cs", {"one": "a", "few": "b", "other": "c"}, {"many"}),
        (ITEMS, "de", {"=1": "a", "other": "b"}, set()),
        (ITEMS, "de", "b", {"one"}),
    ],
)
def test_the_forms_that_a_language_needs_are_there(template: str, locale: str, forms: Any, expected: set[str]) -> None:
    found = findings(template, {"en": {"items": ENGLISH_ITEMS}, locale: {"items": forms}})
    missing = [each for each in found if each.code == "TRANSLATION_PLURAL_MISSING" and each.field.endswith(".items")]
    assert {
        each.message.split("form '")[1].split("'")[0] for each in missing if f"'{locale}'" in each.message
    } == expected


def test_a_form_that_a_language_lacks_is_a_warning() -> None:
    (found,) = findings(ITEMS, {"en": {"items": {"zero": "none", **ENGLISH_ITEMS}}})
    assert (found.code, found.severity) == ("TRANSLATION_PLURAL_UNUSED", "WARNING")
    assert "=0" in found.remedy


def test_a_count_is_a_number() -> None:
    assert codes('{{ t("items", count="x") }}', {"en": {"items": ENGLISH_ITEMS}})[0][0] == "VARIABLE_WRONG_TYPE"
    assert codes('{{ t("items", count="1.0") }}', {"en": {"items": ENGLISH_ITEMS}}) == []


def test_a_key_may_end_in_a_value_of_an_enum_and_each_is_proven() -> None:
    template = '{{ t("state." ~ context.state) }}'
    assert codes(template, {"en": {"state.open": "Open", "state.closed": "Closed"}}) == []
    found = findings(template, {"en": {"state.open": "Open"}})
    assert {each.code.value for each in found} == {"TRANSLATION_MISSING"}
    assert "'state.closed'" in found[0].message
    assert codes('{{ t("state." ~ context.name) }}', {"en": {"a": "b"}})[0][0] == "TRANSLATION_KEY_DYNAMIC"


def test_markup_is_allowed_in_keys_that_say_so_and_only_some() -> None:
    def of(markup: str) -> list[tuple[str, str]]:
        content = EmailContent("Hello", '<p>{{ t("a_html") }}</p>')
        made = replace(campaign(content), translations={"en": {"a_html": markup}})
        return [(each.code.value, each.field) for each in COMPILER.review(made)]

    assert of('<b>Hi</b> <a href="https://example.com">you</a><br><span lang="fr" dir="ltr">ça</span>') == []
    for markup in ("<script>x</script>", "<b onclick='x'>y</b>", "<a href='javascript:x'>y</a>", "<img src=x>"):
        assert ("TRANSLATION_HTML", "translations.en.a_html") in of(markup)
    assert codes('{{ t("a_html") }}', {"en": {"a_html": "<b>x</b>"}})[0][0] == "TRANSLATION_HTML"


def test_texts_that_nobody_writes_are_warnings() -> None:
    assert codes("Hello", {"en": {"bye": "Bye"}}) == [("TRANSLATION_UNUSED", "translations.en.bye")]


def test_a_part_with_words_of_one_language_is_not_sent_in_another() -> None:
    content = EmailContent("Your order", text=HELLO)
    texts = {"en": {"hello": "Hello {name}"}, "de": {"hello": "Hallo {name}"}}
    found = COMPILER.review(replace(campaign(content, schema=SCHEMA), translations=texts))
    assert [(each.code.value, each.field) for each in found] == [("CONTENT_LANGUAGE_MIXED", "actions[0].email.subject")]


def test_a_template_that_calls_t_sets_no_variable_of_that_name() -> None:
    assert codes('{% set t = 1 %}{{ t("a") }}', {"en": {"a": "b"}})[0][0] == "TEMPLATE_UNSAFE"
    assert codes("{% set t = 1 %}{{ t }}", {}) == []


def test_a_call_takes_one_key_and_names_its_arguments() -> None:
    assert codes('{{ t("a", context.name) }}', {"en": {"a": "b"}})[0][0] == "TEMPLATE_UNSAFE"
    assert codes("{{ t() }}", {"en": {"a": "b"}})[0][0] == "TEMPLATE_UNSAFE"
