"""Tests the shape of language tags."""

from __future__ import annotations

import pytest
from clarion_server.domain.languages.locales import MAX_LOCALE, is_locale


@pytest.mark.parametrize(
    "tag",
    [
        "en",
        "EN",
        "pt-BR",
        "gsw",
        "zh-Hant-TW",
        "zh-yue-HK",
        "es-419",
        "de-CH-1996",
        "sl-rozaj-biske",
        "de-1901",
        "en-u-ca-buddhist",
        "de-DE-u-co-phonebk-x-shop",
        "ar-x-private",
    ],
)
def test_well_formed_tags_are_locales(tag: str) -> None:
    assert is_locale(tag)


@pytest.mark.parametrize(
    "tag",
    [
        "",
        "e",
        "en_US",
        "en-",
        "-en",
        "en--US",
        "de-419-DE",
        "x-shop",
        "en-US-",
        "deutsch-ÖSTERR",
        "en US",
        "en\n",
        "1e",
    ],
)
def test_anything_else_is_not(tag: str) -> None:
    assert not is_locale(tag)


def test_a_locale_has_at_most_35_characters() -> None:
    longest = "en-x-" + "-".join(["abcdefg"] * 3 + ["abcdef"])
    assert len(longest) == MAX_LOCALE
    assert is_locale(longest)
    assert not is_locale(longest + "g")
