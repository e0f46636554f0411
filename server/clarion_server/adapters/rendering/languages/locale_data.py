"""The data of the Unicode CLDR about languages, as Babel has it."""

from __future__ import annotations

from functools import cache, lru_cache

from babel.core import get_global

from clarion_server.domain.languages.language_tags import LocaleData


@cache
def locale_data() -> LocaleData:
    regions = {old: new[0] for old, new in get_global("territory_aliases").items() if len(new) == 1}
    return LocaleData(
        get_global("likely_subtags"), get_global("language_aliases"), regions, get_global("parent_exceptions")
    )


#: Holds the scripts that are read from right to left.
_RIGHT_TO_LEFT = frozenset({"Adlm", "Arab", "Hebr", "Mand", "Mend", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa", "Yezi"})


@lru_cache(maxsize=1024)
def is_right_to_left(tag: str) -> bool:
    """Returns whether the script of a locale is read from right to left."""
    data = locale_data()
    subtags = data.read(tag)
    return subtags is not None and data.with_script(subtags).script in _RIGHT_TO_LEFT
