"""Finds the locale of a message by its BCP 47 tag."""

from __future__ import annotations

from functools import lru_cache

from babel import Locale, UnknownLocaleError

from clarion_server.adapters.rendering.languages.locale_data import locale_data

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


@lru_cache(maxsize=4096)
def format_locale(content_tag: str, wanted_tag: str) -> Locale:
    """Returns the locale in which a content writes numbers, money and days.

    It has the language of the content, and the region that the recipient wants where that one speaks the language.
    """
    same = locale_data().is_same_language(content_tag, wanted_tag)
    return locale_of(wanted_tag if same else content_tag, content_tag)


def _closest(tag: str) -> Locale | None:
    subtags = tag[:_LONGEST_TAG].replace("_", "-").split("-")
    for length in range(len(subtags), 0, -1):
        try:
            return Locale.parse("-".join(subtags[:length]), sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return None
