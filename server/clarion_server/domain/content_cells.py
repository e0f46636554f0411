"""Puts the content of an action in one locale together, from its variants and its default content."""

from __future__ import annotations

from collections.abc import Sequence
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


@dataclass(frozen=True, slots=True)
class ContentCell:
    """The content of an action in one locale."""

    locale: str
    sources: Sequence[ContentSource]
    """The most specific one comes first, and the default content last."""
    content: Content
    """With everything that the first source leaves empty, as far as another one may fill it."""


def content_sources(definition: CampaignDefinition, action_index: int) -> list[ContentSource]:
    """Returns the contents of an action as their author wrote them, the default one first."""
    action, field = definition.actions[action_index], f"actions[{action_index}]"
    default = ContentSource(
        f"{field}.{action.content.channel.word}", action.content, definition.default_locale, has_words=True
    )
    return [
        default,
        *(_variant(variant, f"{field}.variants[{index}]") for index, variant in enumerate(action.variants)),
    ]


def _variant(variant: ContentVariant, field: str) -> ContentSource:
    return ContentSource(f"{field}.{variant.content.channel.word}", variant.content, variant.locale, has_words=True)


def offered_locales(definition: CampaignDefinition, action: Action) -> list[str]:
    """Returns the locales in which an action has content, the default one first.

    The default content speaks each language that it has texts in.
    """
    translated = sorted(definition.translations) if uses_texts(action.content) else []
    variants = [variant.locale for variant in action.variants]
    return list(dict.fromkeys([definition.default_locale, *variants, *translated]))


def content_cell(data: LocaleData, definition: CampaignDefinition, action_index: int, locale: str) -> ContentCell:
    """Returns the content in one of the offered locales."""
    default, *variants = content_sources(definition, action_index)
    has_texts = uses_texts(default.content) and bool(catalogues_for(data, definition.translations, locale))
    speaks = has_texts or data.is_same_language(locale, definition.default_locale)
    sources = [*_of_language(data, variants, locale), replace(default, has_words=speaks)]
    content: Any = sources[0].content
    for source in sources[1:]:
        content = content.filled_from(source.content, with_words=source.has_words)
    return ContentCell(locale, sources, content)


def _of_language(data: LocaleData, variants: Sequence[ContentSource], locale: str) -> list[ContentSource]:
    """Returns the variant of the locale and those of its parents, or nothing when it has no variant."""
    own = next((variant for variant in variants if variant.locale == locale), None)
    subtags = data.read(locale)
    if own is None or subtags is None:
        return [] if own is None else [own]
    read = [(data.read(variant.locale), variant) for variant in variants if variant is not own]
    by_subtags = {data.with_script(subtags): variant for subtags, variant in reversed(read) if subtags is not None}
    return [own, *(by_subtags[each] for each in data.ancestors(subtags) if each in by_subtags)]
