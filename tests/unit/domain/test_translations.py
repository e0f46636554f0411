"""Tests whether a content calls `t`, and the rules of catalogues."""

from __future__ import annotations

from typing import Any

import pytest
from clarion_server.domain.content.email import EmailContent
from clarion_server.domain.content.translations import MAX_FORMS, MAX_VIOLATIONS, translation_violations, uses_texts


@pytest.mark.parametrize(
    ("html", "calls"),
    [
        ('{{ t("a") }}', True),
        ("{% if x %}{{ y ~ t ('a') }}{% endif %}", True),
        ("{% set x = t('a') %}", True),
        ("don't (or t(x)", False),
        ("{{ x }} t(x) {{ y }}", False),
        ("{{ x.t(1) }} {{ sort(1) }}", False),
        ("{{ t }}", False),
    ],
)
def test_calls_are_found_in_tags_alone(html: str, calls: bool) -> None:
    assert uses_texts(EmailContent("x", html)) is calls


@pytest.mark.parametrize("piece", ["{{ ", "{% t ", "t(", "t ", "}} t("])
def test_looking_takes_linear_time(piece: str) -> None:
    assert not uses_texts(EmailContent("x", piece.replace("(", "") * 200_000))
    assert uses_texts(EmailContent("x", piece * 100_000)) is False


@pytest.mark.parametrize(
    ("translation", "field"),
    [
        ("a\0", "translations.en.a"),
        ({"one": "\x1b[1m", "other": "x"}, "translations.en.a.one"),
        ({"=٣": "three", "other": "x"}, "translations.en.a.=٣"),
    ],
)
def test_a_text_with_a_control_character_or_a_number_in_other_digits_is_refused(translation: Any, field: str) -> None:
    assert [(each.field, each.reason) for each in translation_violations({"en": {"a": translation}})] == [
        (field, "MALFORMED")
    ]


def test_a_text_may_have_lines_and_tabulators() -> None:
    assert not list(translation_violations({"en": {"a": "x\r\n\ty"}}))


def test_a_text_with_very_many_forms_is_one_violation() -> None:
    forms = {f"={number}": "x" for number in range(MAX_FORMS)} | {"other": "x"}
    (found,) = translation_violations({"en": {"a": forms}})
    assert (found.field, found.reason) == ("translations.en.a", "TOO_MANY")


def test_no_more_violations_are_looked_for_than_anybody_reads() -> None:
    texts = {f"k{number}": "{" for number in range(4_000)}
    assert len(list(translation_violations({"en": texts, "de": texts}))) == MAX_VIOLATIONS
