"""Plural rules as expressions of C."""

from __future__ import annotations

import pytest
from babel import Locale, localedata
from clarion_server.transport.cli.files.plural_expressions import read_plural_forms
from clarion_server.transport.cli.files.plural_rules import plural_expression
from clarion_server.transport.cli.files.po_catalogues import categories_of

#: Every rule of the CLDR looks at the last two digits, at small numbers, and at whole millions.
NUMBERS = [*range(205), 1_000, 1_001, 10_000, 100_000, 999_999, 1_000_000, 1_000_001, 2_000_000]


def languages() -> list[str]:
    """Returns one language for each rule."""
    by_rule: dict[str, str] = {}
    for each in sorted({name.partition("_")[0] for name in localedata.locale_identifiers()} - {"root"}):
        by_rule.setdefault(repr(Locale.parse(each).plural_form.abstract), each)
    return sorted(by_rule.values())


def test_every_rule_gives_each_whole_number_the_form_of_its_category() -> None:
    for language in languages():
        rule, categories = Locale.parse(language).plural_form, categories_of(language)
        expression = plural_expression(language, categories)
        count, form = read_plural_forms(f"nplurals={len(categories)}; plural={expression};")
        assert count == len(categories)
        assert [number for number in NUMBERS if categories[form(number)] != rule(number)] == [], language


@pytest.mark.parametrize(
    ("language", "expression"),
    [
        ("en", "n != 1"),
        ("ja", "0"),
        ("fr", "n == 0 || n == 1 ? 0 : n != 0 && n % 1000000 == 0 ? 1 : 2"),
        ("cs", "n == 1 ? 0 : n >= 2 && n <= 4 ? 1 : 3"),
    ],
)
def test_constant_conditions_are_left_out(language: str, expression: str) -> None:
    assert plural_expression(language, categories_of(language)) == expression
