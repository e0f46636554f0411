"""Hides e-mail addresses in the words of providers, which often quote the recipient, as in
`550 <jane@example.com>: unknown`.
"""

from __future__ import annotations

import re

#: Says what may be an address: no list of what is one, as the words are written by foreign programs.
_ADDRESS = re.compile(r"""[^\s<>()\[\]{},;:"'@]+@[^\s<>()\[\]{},;:"'@]+""")
_HIDDEN = "…@…"


def without_addresses(words: str) -> str:
    """Returns the words with `…@…` in the place of each address."""
    # Most replies quote none.
    return _ADDRESS.sub(_HIDDEN, words) if "@" in words else words
