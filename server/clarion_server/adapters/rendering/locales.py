"""Finds the locale of a message by its BCP 47 tag."""

from __future__ import annotations

from functools import lru_cache

from babel import Locale, UnknownLocaleError

_LAST_RESORT = "en"
_LONGEST_TAG = 100


@lru_cache(maxsize=1024)
def locale_of(tag: str, default_tag: str = _LAST_RESORT) -> Locale:
    """Returns the closest known locale of the tag (`pt-BR`, then `pt`), else of the default, else English."""
    for candidate in (tag, default_tag, _LAST_RESORT):
        locale = _closest(candidate)
        if locale is not None:
            return locale
    raise AssertionError("Babel knows English")


def _closest(tag: str) -> Locale | None:
    subtags = tag[:_LONGEST_TAG].replace("_", "-").split("-")
    for length in range(len(subtags), 0, -1):
        try:
            return Locale.parse("-".join(subtags[:length]), sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return None
