"""Puts the content of an action for one rule and in one locale together, from its variants and its default content.

The words of a rule come before those that belong to none. A rule whose variants have no words, such as one that changes
the sender alone, gets the words that belong to none, in all their languages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from clarion_server.domain.campaign import Action, CampaignDefinition, ContentVariant
from clarion_server.domain.content import Content
from clarion_server.domain.language_tags import LocaleData
from clarion_server.domain.translations import catalogues_for, uses_texts


@dataclass(frozen=True, slots=True)
class ContentSource:
    """A content of an action as its author wrote it."""

    path: str
    """Its path in the campaign, such as `actions[0].variants[1].email`."""
    content: Content
    locale: str
    has_words: bool
    """Whether its words may stand in the content that is put together: it speaks the same language."""
    rule: str = ""
    """The id of the rule that it belongs to; empty when it belongs to none."""


@dataclass(frozen=True, slots=True)
class ContentCell:
    """The content of an action for one rule and in one locale."""

    locale: str
    sources: Sequence[ContentSource]
    """The most specific one comes first, and the default content last."""
    content: Content
    """With everything that the first source leaves empty, as far as another one may fill it."""


def content_sources(definition: CampaignDefinition, action_index: int) -> list[ContentSource]:
    """Returns the contents of an action as their author wrote them, the default one first."""
    variants = definition.actions[action_index].variants
    return [_default(definition, action_index), *_sources(definition, action_index, enumerate(variants))]


def _default(definition: CampaignDefinition, action_index: int) -> ContentSource:
    content = definition.actions[action_index].content
    path = f"actions[{action_index}].{content.channel.word}"
    return ContentSource(path, content, definition.default_locale, has_words=True)


def _sources(
    definition: CampaignDefinition, action_index: int, variants: Iterable[tuple[int, ContentVariant]]
) -> Iterator[ContentSource]:
    for index, variant in variants:
        path = f"actions[{action_index}].variants[{index}].{variant.content.channel.word}"
        locale = variant.locale or definition.default_locale
        yield ContentSource(path, variant.content, locale, has_words=True, rule=variant.rule)


def offered_locales(definition: CampaignDefinition, action: Action) -> list[str]:
    """Returns the locales in which an action has content that belongs to no rule, the default one first.

    The default content speaks each language that it has texts in.
    """
    translated = sorted(definition.translations) if uses_texts(action.content) else []
    variants = [variant.locale for variant in action.variants if not variant.rule]
    return list(dict.fromkeys([definition.default_locale, *variants, *translated]))


def locales_of_rule(definition: CampaignDefinition, action: Action, rule: str) -> list[str]:
    """Returns the locales in which a rule has words of its own, with the default one first if it is among them."""
    default, found, translated = definition.default_locale, list[str](), list[str]()
    for variant in action.variants:
        if variant.rule == rule and variant.content.has_words:
            found.append(variant.locale or default)
            if found[-1] == default and uses_texts(variant.content):
                translated = sorted(definition.translations)
    return sorted(dict.fromkeys([*found, *translated]), key=lambda locale: locale != default)


class ContentCells:
    """Puts the contents of one action together."""

    def __init__(self, data: LocaleData, definition: CampaignDefinition, action_index: int) -> None:
        self._data = data
        self._definition = definition
        self._default = _default(definition, action_index)
        self._by_rule: dict[str, list[ContentSource]] = {}
        for source in _sources(definition, action_index, enumerate(definition.actions[action_index].variants)):
            self._by_rule.setdefault(source.rule, []).append(source)

    def cell(self, locale: str, rule: str = "") -> ContentCell:
        """Returns the content for the people of a rule, or of none, in one of the locales that it is offered in."""
        data, definition, default = self._data, self._definition, self._default
        others, sources = self._by_rule.get("", []), list[ContentSource]()
        if rule:
            own = self._by_rule.get(rule, [])
            sources = [*_of_language(data, own, locale), *_in_default_locale(data, definition, own, locale)]
            sources += _of_language(data, others, locale)
        elif any(source.locale == locale for source in others):
            sources = _of_language(data, others, locale)
        sources.append(replace(default, has_words=_speaks(data, definition, default, locale)))
        first, *rest = unique = _unique(sources)
        content: Any = first.content if first.has_words else first.content.without_words()
        for source in rest:
            content = content.filled_from(source.content, with_words=source.has_words)
        return ContentCell(locale, unique, content)


def content_cell(
    data: LocaleData, definition: CampaignDefinition, action_index: int, locale: str, rule: str = ""
) -> ContentCell:
    """Returns one cell. Whoever needs several of an action keeps its `ContentCells`."""
    return ContentCells(data, definition, action_index).cell(locale, rule)


def _unique(sources: Sequence[ContentSource]) -> list[ContentSource]:
    """Returns each source where it stands first."""
    by_path: dict[str, ContentSource] = {}
    for source in sources:
        by_path.setdefault(source.path, source)
    return list(by_path.values())


def _in_default_locale(
    data: LocaleData, definition: CampaignDefinition, own: Sequence[ContentSource], locale: str
) -> list[ContentSource]:
    """Returns a rule's content in the default locale, which fills what has no words whatever the language is."""
    return [
        replace(source, has_words=_speaks(data, definition, source, locale))
        for source in own
        if source.locale == definition.default_locale
    ]


def _speaks(data: LocaleData, definition: CampaignDefinition, source: ContentSource, locale: str) -> bool:
    """Returns whether a content in the default locale has words in the language of a locale."""
    has_texts = uses_texts(source.content) and bool(catalogues_for(data, definition.translations, locale))
    return has_texts or data.is_same_language(locale, source.locale)


def _of_language(data: LocaleData, variants: Sequence[ContentSource], locale: str) -> list[ContentSource]:
    """Returns the variant of the locale and those of its parents, as far as there are any."""
    own = next((variant for variant in variants if variant.locale == locale), None)
    first = [] if own is None else [own]
    line = data.line(locale)
    lines = [(data.line(variant.locale), variant) for variant in variants if variant is not own] if line else []
    by_subtags = {each[0]: variant for each, variant in reversed(lines) if each}
    return [*first, *(by_subtags[each] for each in line if each in by_subtags)]
