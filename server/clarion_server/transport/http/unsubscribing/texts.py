"""Reads the texts of the pages in their languages, from the files in `texts/`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from clarion_server.domain.channel_kind import Channel

#: A page for whose locale there is no file is in this language.
DEFAULT: Final = "en"
#: A file is named after its language (BCP 47). To add one is all that a further language takes.
_SUFFIX: Final = ".toml"
#: Is one entry of the header `Accept-Language` (RFC 9110 section 12.5.4), such as `de-AT;q=0.8`.
_LIKED: Final = re.compile(r"(?P<locale>[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*)\s*(;\s*q=(?P<weight>[01](\.[0-9]{0,3})?))?")


class Texts:
    """Holds the texts of one language."""

    def __init__(self, language: str, entries: Mapping[str, Any]) -> None:
        self.language = language
        self._entries = entries

    def __getitem__(self, name: str) -> str:
        text: str = self._entries[name]
        return text

    def fill(self, name: str, **values: str) -> str:
        """Returns the text with the values in place of its `{…}`."""
        return self[name].format(**values)

    def marketing(self, channel: Channel) -> str:
        """Returns the words for marketing on the channel."""
        words: Mapping[str, str] = self._entries["marketing"]
        return words.get(channel, words["OTHER"])


def texts_of(locale: str) -> Texts:
    """Returns the texts in the language of the locale, or in English."""
    return _of_language(locale) or _all()[DEFAULT]


def texts_for_browser(accept_language: str) -> Texts:
    """Returns the texts in the language that the browser likes best of those that there are, or in English."""
    liked = [found for entry in accept_language.split(",") if (found := _LIKED.fullmatch(entry.strip()))]
    weights = {found["locale"]: float(found["weight"] or 1) for found in liked}
    # Sorting keeps the order of those that are liked equally. 0 says that a language is not wanted.
    wanted = sorted((locale for locale in weights if weights[locale]), key=lambda locale: -weights[locale])
    return next((texts for locale in wanted if (texts := _of_language(locale))), _all()[DEFAULT])


def _of_language(locale: str) -> Texts | None:
    return _all().get(locale.partition("-")[0].lower())


@cache
def _all() -> Mapping[str, Texts]:
    folder = files("clarion_server.transport.http.unsubscribing").joinpath("texts")
    languages = [file.name.removesuffix(_SUFFIX) for file in folder.iterdir() if file.name.endswith(_SUFFIX)]
    return {
        language: Texts(language, tomllib.loads(folder.joinpath(language + _SUFFIX).read_text(encoding="utf-8")))
        for language in languages
    }
