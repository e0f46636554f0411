"""The form of locales: language tags of BCP 47 (RFC 5646 section 2.1) that begin with a language.

Whether a subtag is registered is not checked: the registry grows, and an unknown subtag only means that formats fall
back to those of the language.
"""

from __future__ import annotations

import re

#: A locale has at most this many characters. RFC 5646 section 4.4.1 asks every implementation to support this length.
MAX_LOCALE = 35

_LOCALE = re.compile(
    r"""
    (?: [a-z]{2,3} (?: -[a-z]{3} ){0,3} | [a-z]{4,8} )   # language and extended language
    (?: -[a-z]{4} )?                                     # script
    (?: -(?: [a-z]{2} | [0-9]{3} ) )?                    # region
    (?: -(?: [a-z0-9]{5,8} | [0-9][a-z0-9]{3} ) )*       # variants
    (?: -[0-9a-wy-z] (?: -[a-z0-9]{2,8} )+ )*            # extensions
    (?: -x (?: -[a-z0-9]{1,8} )+ )?                      # private use
    """,
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)


def is_locale(text: str) -> bool:
    return len(text) <= MAX_LOCALE and _LOCALE.fullmatch(text) is not None
