"""Checks locales, and the fallbacks of a campaign from one to the next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from clarion_server.domain.languages.locales import is_locale
from clarion_server.domain.violation import Violation, malformed, required, too_many

#: An action has content in at most this many locales, the default one included.
MAX_LOCALES = 50
#: A locale has at most this many fallbacks.
MAX_FALLBACKS = 10

_TAG = "Must be a BCP 47 tag, such as 'pt-BR'."


def locale_violations(locale: str, field: str) -> Iterator[Violation]:
    if not is_locale(locale):
        yield malformed(field, _TAG)


def fallback_violations(fallbacks: Mapping[str, tuple[str, ...]]) -> Iterator[Violation]:
    if len(fallbacks) > MAX_LOCALES:
        yield too_many("locale_fallbacks", MAX_LOCALES)
        return
    for index, (locale, tags) in enumerate(fallbacks.items()):
        field = f"locale_fallbacks[{index}]"
        yield from locale_violations(locale, f"{field}.locale")
        if not tags:
            yield required(f"{field}.fallbacks")
        if len(tags) > MAX_FALLBACKS:
            yield too_many(f"{field}.fallbacks", MAX_FALLBACKS)
        for place, tag in enumerate(tags[:MAX_FALLBACKS]):
            yield from locale_violations(tag, f"{field}.fallbacks[{place}]")
