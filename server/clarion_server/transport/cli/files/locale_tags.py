"""The form of locales, which the service checks in the same way: language tags of BCP 47 (RFC 5646 section 2.1)."""

from __future__ import annotations

import re

_LONGEST = 35
_TAG = re.compile(
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


def is_tag(text: str) -> bool:
    return len(text) <= _LONGEST and _TAG.fullmatch(text) is not None
