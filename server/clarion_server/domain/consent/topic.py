"""Defines topics: what people subscribe to and leave."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from clarion_server.domain.consent.consent import Silence
from clarion_server.domain.languages.content_locale import ContentLocales
from clarion_server.domain.languages.language_tags import LocaleData
from clarion_server.domain.languages.locales import is_locale
from clarion_server.domain.names import TOPICS, Collection
from clarion_server.domain.resource import ArchivableResource
from clarion_server.domain.text_rules import (
    description_violations,
    display_name_violations,
    repetition_violations,
)
from clarion_server.domain.violation import Violation, malformed, too_many

#: A sandbox has at most this many topics that are not archived.
MAX_TOPICS = 100
MAX_TRANSLATIONS = 50


class TopicVisibility(StrEnum):
    PUBLIC = "PUBLIC"
    """It is offered on the pages on which people choose."""
    PRIVATE = "PRIVATE"


class OneClick(StrEnum):
    """Is what one click in a marketing mail about the topic ends, on the channel of the mail."""

    TOPIC = "TOPIC"
    CHANNEL = "CHANNEL"
    """All marketing."""


@dataclass(frozen=True, slots=True)
class TopicTranslation:
    locale: str
    display_name: str
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic(ArchivableResource):
    COLLECTION: ClassVar[Collection] = TOPICS

    display_name: str
    description: str = ""
    default_locale: str = "en"
    """Is the locale of the display name and the description."""
    translations: tuple[TopicTranslation, ...] = ()
    visibility: TopicVisibility = TopicVisibility.PUBLIC
    one_click: OneClick = OneClick.TOPIC
    silence: Silence | None = None
    """None stands for what the sandbox says."""

    def shown_in(self, data: LocaleData, locale: str) -> TopicTranslation:
        """Returns the translation for a locale, found as the contents of campaigns are, else the topic's own words."""
        own = TopicTranslation(self.default_locale, self.display_name, self.description)
        offered = (own, *self.translations)
        # Most messages are in the language of one of them, and a press is stored while triggers wait.
        if exact := [each for each in offered if each.locale.lower() == locale.lower()]:
            return exact[0]
        chosen = ContentLocales(data, [each.locale for each in offered]).choose(locale).locale
        return next(each for each in offered if each.locale == chosen)


def topic_violations(topic: Topic) -> Iterator[Violation]:
    """Yields all violations, with the field paths of the contract's `Topic`."""
    yield from display_name_violations(topic.display_name)
    yield from description_violations(topic.description)
    yield from _locale(topic.default_locale, "default_locale")
    if len(topic.translations) > MAX_TRANSLATIONS:
        yield too_many("translations", MAX_TRANSLATIONS)
        return
    for index, translation in enumerate(topic.translations):
        for violation in _translation(translation):
            yield violation.under(f"translations[{index}]")
    for violation in repetition_violations([each.locale.lower() for each in topic.translations], "translations"):
        yield Violation(f"{violation.field}.locale", violation.reason, violation.description)


def _translation(translation: TopicTranslation) -> Iterator[Violation]:
    yield from _locale(translation.locale, "locale")
    yield from display_name_violations(translation.display_name)
    yield from description_violations(translation.description)


def _locale(locale: str, field: str) -> Iterator[Violation]:
    if not is_locale(locale):
        yield malformed(field, "Must be a BCP 47 tag, such as 'pt-BR'.")
