"""Header fields with a structure, whose values must not become encoded words (RFC 2047 section 5)."""

from __future__ import annotations

import string
from urllib.parse import quote

#: Fields of URLs in angle brackets (RFC 2369, RFC 5064).
_URL_FIELDS = frozenset(
    {
        "archived-at",
        "list-archive",
        "list-help",
        "list-owner",
        "list-post",
        "list-subscribe",
        "list-unsubscribe",
    }
)
#: Fields of identifiers, addresses and keywords.
_OTHER_FIELDS = frozenset(
    {
        "auto-submitted",
        "disposition-notification-options",
        "disposition-notification-to",
        "errors-to",
        "feedback-id",
        "importance",
        "in-reply-to",
        "list-id",
        "list-unsubscribe-post",
        "precedence",
        "priority",
        "references",
        "return-receipt-to",
        "sensitivity",
        "x-priority",
    }
)
_ENCODED_WORD = "=?"
_SAFE = string.printable


def is_structured(name: str) -> bool:
    return name.lower() in _URL_FIELDS or name.lower() in _OTHER_FIELDS


def structured_value(name: str, value: str) -> str:
    """Returns the value of a structured field in ASCII, with its URLs percent-encoded. Raises ValueError."""
    if name.lower() in _URL_FIELDS:
        # `quote` takes as long as the rest of a mail's header, and changes nothing in a URL that is encoded already.
        encoded = value if value.isascii() and value.isprintable() else quote(value, safe=_SAFE)
        value = encoded.replace(_ENCODED_WORD, "=%3F")
    if not value.isascii() or _ENCODED_WORD in value:
        raise ValueError(f"{name} must be ASCII without '{_ENCODED_WORD}'")
    return value
