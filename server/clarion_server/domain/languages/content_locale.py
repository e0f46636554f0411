"""Chooses in which of the languages of a content somebody is written to, and says why.

A script is never crossed silently: readers of Traditional Chinese get no Simplified text, and readers of Serbian in
Latin letters no Cyrillic one, unless the author says so. Cutting tags at their hyphens, as RFC 4647 does, would do
both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

from clarion_server.domain.languages.language_tags import LocaleData, Subtags
from clarion_server.domain.value import value

K = TypeVar("K")
V = TypeVar("V")

#: The choices for at most this many tags are remembered. Callers may send any number of different ones.
_MOST_REMEMBERED = 1_000


class LocaleReason(StrEnum):
    EXACT = "EXACT"
    """The wanted tag is offered as it is written."""
    SAME = "SAME"
    """An offered tag says the same in other words, as `pt` and `pt-BR`."""
    CHOSEN = "CHOSEN"
    """The author named another language for it."""
    PARENT = "PARENT"
    """A parent of the wanted locale in the CLDR is offered, as `es-419` for `es-MX`."""
    SIBLING = "SIBLING"
    """The language and script are offered for another region."""
    DEFAULT = "DEFAULT"
    """None of the offered languages fits."""


@value
class LocaleChoice:
    locale: str
    """Is the tag of the content, as its author wrote it."""
    reason: LocaleReason


class ContentLocales:
    """Holds the locales in which one content is offered. The first one is the default."""

    def __init__(
        self, data: LocaleData, offered: Sequence[str], fallbacks: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        """`fallbacks` are the author's words: by tag, the tags to choose when that one is not offered."""
        self._data = data
        self.offered = tuple(offered)
        self._default = LocaleChoice(offered[0], LocaleReason.DEFAULT)
        self._by_tag = _first_of((tag.lower(), tag) for tag in offered)
        read = [(tag, subtags) for tag in offered if (subtags := data.read(tag)) is not None]
        self._alike = _first_of((data.maximise(subtags), tag) for tag, subtags in read)
        self._by_subtags = _first_of((data.with_script(subtags), tag) for tag, subtags in read)
        self._fallbacks = _first_of(
            (data.maximise(subtags), list(tags))
            for tag, tags in (fallbacks or {}).items()
            if (subtags := data.read(tag)) is not None
        )
        self._remembered: dict[str, LocaleChoice] = {}

    def choose(self, wanted: str) -> LocaleChoice:
        """Returns the locale for somebody who wants `wanted`, a well-formed tag."""
        return self._remembered.get(wanted) or self._choose_and_remember(wanted)

    def _choose_and_remember(self, wanted: str) -> LocaleChoice:
        choice = self._find(wanted)
        if len(self._remembered) < _MOST_REMEMBERED:
            self._remembered[wanted] = choice
        return choice

    def _find(self, wanted: str) -> LocaleChoice:
        if exact := self._by_tag.get(wanted.lower()):
            return LocaleChoice(exact, LocaleReason.EXACT)
        subtags = self._data.read(wanted)
        if subtags is None:
            return self._default
        ancestors = list(self._data.ancestors(subtags))
        steps = (
            (LocaleReason.SAME, self._alike.get(self._data.maximise(subtags))),
            (LocaleReason.CHOSEN, self._chosen(subtags, ancestors)),
            (LocaleReason.PARENT, next(filter(None, map(self._by_subtags.get, ancestors)), None)),
            (LocaleReason.SIBLING, self._sibling(ancestors)),
        )
        return next((LocaleChoice(tag, reason) for reason, tag in steps if tag is not None), self._default)

    def _chosen(self, subtags: Subtags, ancestors: Sequence[Subtags]) -> str | None:
        """Returns what the author chose for the wanted locale, or for its closest parent that is not offered itself."""
        for each in (subtags, *ancestors):
            maximised = self._data.maximise(each)
            if each in self._by_subtags:
                return None
            if found := self._follow(maximised, set()):
                return found
        return None

    def _follow(self, maximised: Subtags, seen: set[Subtags]) -> str | None:
        """Returns the first offered one of the author's tags, or of what these lead on to. It ends in circles too."""
        if maximised in seen:
            return None
        seen.add(maximised)
        for tag in self._fallbacks.get(maximised, ()):
            subtags = self._data.read(tag)
            if subtags is None:
                continue
            target = self._data.maximise(subtags)
            offered = self._by_tag.get(tag.lower()) or self._alike.get(target) or self._follow(target, seen)
            if offered is not None:
                return offered
        return None

    def _sibling(self, ancestors: Sequence[Subtags]) -> str | None:
        """Returns the offered locale of the same language and script with the closest common parent."""
        language, script, _ = ancestors[0]
        likely_region = self._data.maximise(Subtags(language, script)).region
        distances = {subtags: distance for distance, subtags in enumerate(ancestors)}
        siblings = [
            (_closest(distances, self._data.ancestors(subtags)), subtags.region != likely_region, place, tag)
            for place, (subtags, tag) in enumerate(self._by_subtags.items())
            if subtags[:2] == (language, script)
        ]
        return min(siblings)[-1] if siblings else None


def circles(data: LocaleData, fallbacks: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yields the tags whose fallbacks lead back to themselves."""
    following = {
        subtags: [read for each in tags if (read := data.read(each)) is not None]
        for tag, tags in fallbacks.items()
        if (subtags := data.read(tag)) is not None
    }
    for tag in fallbacks:
        start, seen = data.read(tag), set[Subtags]()
        pending = list(following.get(start, ())) if start is not None else []
        while pending:
            current = pending.pop()
            if current == start:
                yield tag
                break
            if current not in seen:
                seen.add(current)
                pending += following.get(current, ())


def _closest(distances: Mapping[Subtags, int], ancestors: Iterable[Subtags]) -> int:
    return min((distances[each] for each in ancestors if each in distances), default=len(distances))


def _first_of(pairs: Iterable[tuple[K, V]]) -> dict[K, V]:
    """Returns a dictionary of the pairs. Of several pairs with one key it keeps the first."""
    found: dict[K, V] = {}
    for key, item in pairs:
        found.setdefault(key, item)
    return found


#: Offers English alone, and knows no other language.
ENGLISH_ALONE = ContentLocales(LocaleData({}, {}, {}, {}), ["en"])
#: Its choice for whoever wants English.
ENGLISH = ENGLISH_ALONE.choose("en")
