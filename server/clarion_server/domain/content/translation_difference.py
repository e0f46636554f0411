"""Compares the catalogues of two versions of a campaign, text by text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

#: An answer lists at most this many differences.
MAX_DIFFERENCES = 1_000

Catalogues = Mapping[str, Mapping[str, Any]]


class TranslationChange(StrEnum):
    ADDED = "ADDED"
    REMOVED = "REMOVED"
    CHANGED = "CHANGED"


@dataclass(frozen=True, slots=True)
class TranslationDifference:
    locale: str
    key: str
    before: Any
    """Holds the text or its forms; None where there was none."""
    after: Any
    """Holds the text or its forms; None where there is none any more."""

    @property
    def change(self) -> TranslationChange:
        if self.before is None:
            return TranslationChange.ADDED
        return TranslationChange.REMOVED if self.after is None else TranslationChange.CHANGED


def translation_differences(before: Catalogues, after: Catalogues) -> list[TranslationDifference]:
    """Returns the texts that differ, by locale and key."""
    found = []
    for locale in sorted({*before, *after}):
        earlier, later = before.get(locale, {}), after.get(locale, {})
        found += [
            TranslationDifference(locale, key, earlier.get(key), later.get(key))
            for key in sorted({*earlier, *later})
            if earlier.get(key) != later.get(key)
        ]
    return found
