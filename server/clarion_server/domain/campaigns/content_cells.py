"""Composes the content of an action for one rule and one locale from its variants and its default content.

The words of a rule come before those that belong to none. A rule whose variants have no words, such as one that changes
the sender alone, gets the words that belong to none, in all their languages.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from clarion_server.domain.campaigns.campaign_definition import Action, CampaignDefinition, ContentVariant
from clarion_server.domain.content import Content
from clarion_server.domain.content.translations import catalogues_for, uses_texts
from clarion_server.domain.languages.language_tags import LocaleData, Subtags


@dataclass(frozen=True, slots=True)
class ContentSource:
    """Is a content of an action as its author wrote it."""

    path: str
    """Is its path in the campaign, such as `actions[0].variants[1].email`."""
    content: Content
    locale: str
    has_words: bool
    """Says whether its words may stand in the content that is put together: it speaks the same language."""
    rule: str = ""
    """Is the id of the rule that it belongs to; empty when it belongs to none."""


@dataclass(frozen=True, slots=True)
class ContentCell:
    """Is the content of an action for one rule and in one locale."""

    locale: str
    sources: Sequence[ContentSource]
    """The most specific one comes first, and the default content last."""
    content: Content
    """Is the content of the first source. The other sources have filled its empty fields where they may."""


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
    """Composes the contents of one action."""

    def __init__(
        self, data: LocaleData, definition: CampaignDefinition, action_index: int, rules: Container[str] | None = None
    ) -> None:
        """`rules` are those of which a cell is asked for, the empty one included; None: of any."""
        self._data = data
        self._definition = definition
        self._default = _default(definition, action_index)
        self._uses_texts: dict[str, bool] = {}
        by_rule: dict[str, list[ContentSource]] = {}
        variants = enumerate(definition.actions[action_index].variants)
        wanted = (each for each in variants if rules is None or each[1].rule in rules)
        for source in _sources(definition, action_index, wanted):
            by_rule.setdefault(source.rule, []).append(source)
        self._by_rule = {rule: _Variants(data, sources) for rule, sources in by_rule.items()}
        self._none = _Variants(data, [])

    def cell(self, locale: str, rule: str = "") -> ContentCell:
        """Returns the content for the people of a rule, or of none, in one of the locales that it is offered in."""
        others, sources = self._by_rule.get("", self._none), list[ContentSource]()
        if rule:
            own = self._by_rule.get(rule, self._none)
            sources = [*own.of_language(locale), *self._in_default_locale(own, locale), *others.of_language(locale)]
        elif others.has(locale):
            sources = others.of_language(locale)
        sources.append(self._speaking(self._default, locale))
        first, *rest = unique = _unique(sources)
        content: Any = first.content if first.has_words else first.content.without_words()
        for source in rest:
            content = content.filled_from(source.content, with_words=source.has_words)
        return ContentCell(locale, unique, content)

    def _in_default_locale(self, own: _Variants, locale: str) -> list[ContentSource]:
        """Returns a rule's content in the default locale, which fills what has no words whatever the language is."""
        return [self._speaking(source, locale) for source in own.in_locale(self._definition.default_locale)]

    def _speaking(self, source: ContentSource, locale: str) -> ContentSource:
        """Returns a content in the default locale, with whether it has words in the language of a locale."""
        has_words = self._data.is_same_language(locale, source.locale) or self._has_texts(source, locale)
        return replace(source, has_words=has_words)

    def _has_texts(self, source: ContentSource, locale: str) -> bool:
        if not catalogues_for(self._data, self._definition.translations, locale):
            return False
        if source.path not in self._uses_texts:
            self._uses_texts[source.path] = uses_texts(source.content)
        return self._uses_texts[source.path]


class _Variants:
    """Holds the variants of one rule, or of none, by their locales."""

    def __init__(self, data: LocaleData, sources: Sequence[ContentSource]) -> None:
        self._data = data
        self._by_locale: dict[str, list[ContentSource]] = {}
        self._by_subtags: dict[Subtags, list[ContentSource]] = {}
        for source in sources:
            self._by_locale.setdefault(source.locale, []).append(source)
            for subtags in data.line(source.locale)[:1]:
                self._by_subtags.setdefault(subtags, []).append(source)

    def has(self, locale: str) -> bool:
        return locale in self._by_locale

    def in_locale(self, locale: str) -> Sequence[ContentSource]:
        return self._by_locale.get(locale, ())

    def of_language(self, locale: str) -> list[ContentSource]:
        """Returns the variant of the locale and those of its parents, as far as there are any."""
        own = next(iter(self.in_locale(locale)), None)
        found = [] if own is None else [own]
        for subtags in self._data.line(locale):
            parents = (each for each in self._by_subtags.get(subtags, ()) if each is not own)
            found += islice(parents, 1)
        return found


def content_cell(
    data: LocaleData, definition: CampaignDefinition, action_index: int, locale: str, rule: str = ""
) -> ContentCell:
    """Returns one cell. Whoever needs several of an action keeps its `ContentCells`."""
    return ContentCells(data, definition, action_index, {"", rule}).cell(locale, rule)


def _unique(sources: Sequence[ContentSource]) -> list[ContentSource]:
    """Returns each source where it stands first."""
    by_path: dict[str, ContentSource] = {}
    for source in sources:
        by_path.setdefault(source.path, source)
    return list(by_path.values())
