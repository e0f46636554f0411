"""Hides e-mail addresses in the words of providers, which often quote the recipient, as in
`550 <jane@example.com>: unknown`.
"""

from __future__ import annotations

import re

#: Matches whatever may be an address. It matches too much rather than too little, as other programs write these words.
_ADDRESS = re.compile(r"""[^\s<>()\[\]{},;:"'@]+@[^\s<>()\[\]{},;:"'@]+""")
_HIDDEN = "…@…"


def without_addresses(words: str) -> str:
    """Returns the words with `…@…` in the place of each address."""
    # Most replies quote none.
    return _ADDRESS.sub(_HIDDEN, words) if "@" in words else words
