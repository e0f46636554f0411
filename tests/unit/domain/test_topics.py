"""Tests the rules of topics, and their archive."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from clarion_server.adapters.rendering.languages.locale_data import locale_data
from clarion_server.domain.consent.topic import MAX_TRANSLATIONS, Topic, TopicTranslation, topic_violations
from clarion_server.domain.errors import EtagMismatch

TOPIC = Topic(sandbox="default", id="newsletter", display_name="Newsletter", create_time=1, update_time=1, key=7)


@pytest.mark.parametrize(
    ("translated", "wanted", "shown"),
    [
        ("zh-Hant zh", "zh-Hant-TW", "zh-Hant"),
        ("zh-Hant zh", "zh-TW", "zh-Hant"),
        ("zh-Hant zh", "zh-CN", "zh"),
        ("zh", "zh-TW", "en"),
        ("pt-BR de", "pt", "pt-BR"),
        ("pt-BR de", "DE-at", "de"),
        ("de", "fr", "en"),
        ("de", "", "en"),
        ("en de", "en-GB", "en"),
    ],
)
def test_the_words_of_a_topic_are_found_as_contents_are(translated: str, wanted: str, shown: str) -> None:
    translations = tuple(TopicTranslation(locale, f"In {locale}") for locale in translated.split())
    found = replace(TOPIC, translations=translations).shown_in(locale_data(), wanted)
    assert (found.locale, found.display_name) == (shown, TOPIC.display_name if shown == "en" else f"In {shown}")


def test_a_plain_topic_breaks_no_rule() -> None:
    assert not list(topic_violations(TOPIC))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"display_name": " "}, "display_name"),
        ({"description": "x" * 2_001}, "description"),
        ({"default_locale": "english!"}, "default_locale"),
        ({"translations": (TopicTranslation("", "News"),)}, "translations[0].locale"),
        ({"translations": (TopicTranslation("de", ""),)}, "translations[0].display_name"),
        ({"translations": (TopicTranslation("de", "N", "\x00"),)}, "translations[0].description"),
        ({"translations": (TopicTranslation("pt-BR", "N"), TopicTranslation("pt-br", "N"))}, "translations[1].locale"),
        ({"translations": (TopicTranslation("de", "N"),) * (MAX_TRANSLATIONS + 1)}, "translations"),
    ],
)
def test_a_broken_rule_is_reported_with_its_field(changes: dict[str, Any], field: str) -> None:
    assert [violation.field for violation in topic_violations(replace(TOPIC, **changes))] == [field]


def test_a_topic_is_archived_and_taken_into_use_again() -> None:
    archived = TOPIC.archived(5)
    assert (archived.archive_time, archived.update_time, archived.revision) == (5, 5, 2)
    assert archived.archived(6) is archived
    again = archived.unarchived(7)
    assert (again.archive_time, again.revision) == (None, 3)
    assert again.unarchived(8) is again


def test_an_etag_of_another_revision_is_refused() -> None:
    TOPIC.check_etag("")
    TOPIC.check_etag(TOPIC.etag)
    with pytest.raises(EtagMismatch):
        TOPIC.changed(2).check_etag(TOPIC.etag)
