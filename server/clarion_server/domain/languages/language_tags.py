"""Reads language tags as callers write them, and compares them by Unicode's likely subtags (UTS #35).

The data comes from the Unicode CLDR and is given in: keys and values are subtags joined by underscores, such as
`zh_TW` and `zh_Hant_TW`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from clarion_server.domain.languages.locales import MAX_LOCALE, is_locale

#: POSIX writes `sr_RS.UTF-8@latin`: what follows `.` is an encoding, and what follows `@` may be a script.
_POSIX = re.compile(r"([A-Za-z]{2,3}(?:[_-][A-Za-z0-9_-]+)?)(?:\.[A-Za-z0-9_-]+)?(?:@([A-Za-z]+))?")
_POSIX_SCRIPTS = {"cyrillic": "Cyrl", "devanagari": "Deva", "latin": "Latn"}
#: Says what POSIX calls no language, and tags that have none.
_NO_LANGUAGE = re.compile(r"(?:C|POSIX)(?:\.[A-Za-z0-9_-]+)?|[xi](?:-[A-Za-z0-9]{1,8})+")
_SCRIPT, _LONGEST_REGION = 4, 3
#: Authors use few tags, and callers may send any number.
_MOST_REMEMBERED = 1_000


class Subtags(NamedTuple):
    """Is a language, with its script and region; each of these two is empty when the tag has none."""

    language: str
    script: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class LocaleData:
    """Is what the CLDR says about languages."""

    likely_subtags: Mapping[str, str]
    language_aliases: Mapping[str, str]
    region_aliases: Mapping[str, str]
    parents: Mapping[str, str]
    """Only of locales whose parent is not found by dropping the region."""
    remembered: dict[str, tuple[Subtags, ...]] = field(default_factory=dict, repr=False, compare=False)
    """Is what `line` has returned."""

    def is_known(self, tag: str) -> bool:
        """Returns whether the CLDR knows the language of a tag."""
        subtags = self.read(tag)
        return subtags is not None and any(key in self.likely_subtags for key in _keys(subtags))

    def read(self, tag: str) -> Subtags | None:
        """Returns the subtags by which a well-formed tag is compared, in today's codes.

        Variants and extensions are left out. Returns None for a tag without a language.
        """
        subtags = _split(tag)
        if subtags is None:
            return None
        alias = self.language_aliases.get(subtags.language)
        if alias is not None:
            known = _of_key(alias)
            subtags = Subtags(known.language, subtags.script or known.script, subtags.region or known.region)
        # The macrolanguage and its usual form are one, as everybody who writes `no` means Bokmål.
        language = "nb" if subtags.language == "no" else subtags.language
        return Subtags(language, subtags.script, self.region_aliases.get(subtags.region, subtags.region))

    def maximise(self, subtags: Subtags) -> Subtags:
        """Returns the subtags with those added that are likely (UTS #35, Add Likely Subtags)."""
        for key in _keys(subtags):
            if found := self.likely_subtags.get(key):
                likely = _of_key(found)
                return Subtags(subtags.language, subtags.script or likely.script, subtags.region or likely.region)
        return subtags

    def with_script(self, subtags: Subtags) -> Subtags:
        """Returns the subtags with their likely script. The region stays as it is."""
        return subtags._replace(script=self.maximise(subtags).script)

    def is_same_language(self, one: str, other: str) -> bool:
        """Returns whether two tags are of one language in one script, whatever their regions."""
        first, second = self.line(one), self.line(other)
        if not first or not second:
            return one == other
        return first[0][:2] == second[0][:2]

    def line(self, tag: str) -> tuple[Subtags, ...]:
        """Returns the subtags of a tag with their script, and their parents; nothing for a tag without a language."""
        found = self.remembered.get(tag)
        if found is None:
            subtags = self.read(tag)
            found = () if subtags is None else tuple(self.ancestors(subtags))
            if len(self.remembered) < _MOST_REMEMBERED:
                self.remembered[tag] = found
        return found

    def ancestors(self, subtags: Subtags) -> Iterator[Subtags]:
        """Yields the subtags with their script, and their parents in the CLDR, the closest first.

        The walk ends before another script, and before another language; Nynorsk alone leads on to Bokmål.
        """
        current: Subtags | None = self.with_script(subtags)
        while current is not None:
            yield current
            parent = self._parent(current)
            current = parent if parent is not None and _leads_to(current, parent) else None

    def _parent(self, subtags: Subtags) -> Subtags | None:
        language, script, region = subtags
        is_likely = self.maximise(Subtags(language, "", region)).script == script
        keys = [_key(subtags), *([_key(Subtags(language, "", region))] if is_likely else [])]
        for key in keys:
            if found := self.parents.get(key):
                parent = self.read(found)
                return None if parent is None else self.with_script(parent)
        return Subtags(language, script) if region else None


def read_locale(text: str) -> str | None:
    """Returns the well-formed tag that a caller means, empty for one that names no language, and None for no tag.

    `pt_BR`, `de_AT.UTF-8` and `sr_RS@latin` are read as `pt-BR`, `de-AT` and `sr-Latn-RS`, and `C` names no language.
    """
    if len(text) <= MAX_LOCALE and _NO_LANGUAGE.fullmatch(text):
        return ""
    if is_locale(text):
        return text
    posix = _POSIX.fullmatch(text)
    if posix is None:
        return None
    tag, script = posix[1].replace("_", "-"), _POSIX_SCRIPTS.get((posix[2] or "").lower())
    if script is not None and (subtags := _split(tag)) is not None and not subtags.script:
        tag = "-".join(filter(None, subtags._replace(script=script)))
    return tag if is_locale(tag) else None


def _leads_to(current: Subtags, parent: Subtags) -> bool:
    """Returns whether texts of the parent may stand in for those of the locale."""
    is_alike = parent.language == current.language or (current.language, parent.language) == ("nn", "nb")
    return is_alike and parent.script == current.script and parent != current


def _split(tag: str) -> Subtags | None:
    language, *rest = tag.replace("_", "-").split("-")
    script = region = ""
    for subtag in rest:
        if len(subtag) == 1:
            break
        if len(subtag) == _SCRIPT and subtag.isalpha() and not (script or region):
            script = subtag.title()
        elif len(subtag) <= _LONGEST_REGION and not region and _is_region(subtag):
            region = subtag.upper()
    return Subtags(language.lower(), script, region) if len(language) > 1 else None


def _is_region(subtag: str) -> bool:
    return subtag.isdigit() if len(subtag) == _LONGEST_REGION else subtag.isalpha()


def _keys(subtags: Subtags) -> Iterator[str]:
    """Yields the keys of the four look-ups of Add Likely Subtags, the most specific first."""
    language, script, region = subtags
    for some in (subtags, Subtags(language, "", region), Subtags(language, script), Subtags(language)):
        yield _key(some)


def _key(subtags: Subtags) -> str:
    return "_".join(filter(None, subtags))


def _of_key(key: str) -> Subtags:
    subtags = _split(key)
    assert subtags is not None, "the CLDR names languages"
    return subtags
