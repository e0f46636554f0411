"""Shortens the texts of providers for failures and verifications."""

from __future__ import annotations

import re

from clarion_server.domain.messages.attempt import MAX_DETAIL

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\s]+")


def one_line(text: str) -> str:
    """Returns the text on one line of printable characters, at most `MAX_DETAIL` of them."""
    if text.isascii() and text.isprintable() and "  " not in text:
        # Most replies are a line already.
        return text.strip()[:MAX_DETAIL]
    # HTTP libraries decode octets that are no UTF-8 as lone surrogates, which nobody can encode again.
    text = text[: 2 * MAX_DETAIL].encode("utf-8", "replace").decode()
    return _UNPRINTABLE.sub(" ", text).strip()[:MAX_DETAIL]
