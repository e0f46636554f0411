"""Tests the texts of the pages of unsubscribing: every language says the same."""

from __future__ import annotations

import re
import string
import tomllib
from pathlib import Path
from typing import Any

import pytest
from clarion_server.domain.channel_kind import Channel
from clarion_server.transport.http.unsubscribing import texts

FILES = {file.stem: file for file in (Path(texts.__file__).parent / "texts").glob("*.toml")}
FOLDER = Path(texts.__file__).parent


def entries(language: str) -> dict[str, Any]:
    return tomllib.loads(FILES[language].read_text(encoding="utf-8"))


def fields(text: str) -> set[str | None]:
    return {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}


def test_the_languages_that_are_promised_are_there() -> None:
    assert FILES.keys() >= {"de", "en", "es", "fr", "ja", "ko"}


@pytest.mark.parametrize("language", FILES)
def test_a_language_has_all_texts_with_all_their_values(language: str) -> None:
    english, other = entries("en"), entries(language)
    assert other.keys() == english.keys()
    assert other["marketing"].keys() == english["marketing"].keys() == {Channel.EMAIL, "OTHER"}
    for name, text in english.items():
        if isinstance(text, str):
            assert fields(other[name]) == fields(text), name
            assert other[name].strip()


def test_no_text_is_left_over() -> None:
    sources = "".join(file.read_text(encoding="utf-8") for file in [*FOLDER.glob("*.py"), *FOLDER.glob("*.html")])
    composed = {f"{what}_{end}" for what in ("topic", "all") for end in ("will_end", "ended")}
    unused = {name for name in entries("en") if not re.search(rf'"{name}"', sources)} - composed - {"marketing"}
    assert unused == set()


@pytest.mark.parametrize(
    ("locale", "language"),
    [("de", "de"), ("de-AT", "de"), ("FR-ca", "fr"), ("ko-Kore-KR", "ko"), ("eo", "en"), ("", "en"), ("deu", "en")],
)
def test_a_locale_is_answered_in_its_language_or_in_english(locale: str, language: str) -> None:
    assert texts.texts_of(locale).language == language


@pytest.mark.parametrize(
    ("accept_language", "language"),
    [
        ("de", "de"),
        ("fr-CH, fr;q=0.9, en;q=0.8", "fr"),
        ("en;q=0.3, nl, ja;q=0.7, *;q=0.1", "ja"),
        ("ko;q=0, es ; q=0.001", "es"),
        ("nl, ko;q=0, de;q=0.0", "en"),
        ("nl, pl", "en"),
        ("", "en"),
        ("de;q=many, ;;, \xff, " + "x" * 10_000, "en"),
    ],
)
def test_a_browser_gets_the_language_that_it_likes_best(accept_language: str, language: str) -> None:
    assert texts.texts_for_browser(accept_language).language == language
