"""Tests how catalogues differ."""

from __future__ import annotations

from clarion_server.domain.content.translation_difference import Catalogues, translation_differences


def test_texts_are_compared_by_locale_and_key() -> None:
    before: Catalogues = {"en": {"a": "A", "b": "B", "c": {"other": "C"}}, "fr": {"a": "A"}}
    after: Catalogues = {"de": {"a": "Ä"}, "en": {"a": "A", "b": "BB", "c": {"other": "C"}}}
    found = translation_differences(before, after)
    assert [(each.locale, each.key, each.change.value) for each in found] == [
        ("de", "a", "ADDED"),
        ("en", "b", "CHANGED"),
        ("fr", "a", "REMOVED"),
    ]
    assert translation_differences(after, after) == []
