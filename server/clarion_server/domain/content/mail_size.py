"""Sizes of mails as they are encoded, which servers limit."""

from __future__ import annotations

from collections.abc import Iterable

from clarion_server.domain.content.email import EmailContent

_BASE64_LINE = 76
#: Holds the header fields of a part: a name of 255 octets takes three characters an octet, twice.
_PART_HEADER = 2_048
#: Holds the header fields of a mail, and what separates its parts.
_MAIL_HEADER = 16 * 1024


def encoded_size(octets: int) -> int:
    """Returns the size of a file of so many octets as a part of a mail, in Base64 (RFC 2045 section 6.8)."""
    return _base64_size(octets) + _PART_HEADER


def mail_size(content: EmailContent, data_bytes: int, files: Iterable[int]) -> int:
    """Estimates the largest size of a mail whose files have this many octets.

    `data_bytes` is the size of the recipient's data. What loops make of it is not known before the mail is rendered.
    """
    html, text = _octets(content.html), _octets(content.text)
    bodies = html + (text or html) + 2 * data_bytes
    return _MAIL_HEADER + _base64_size(bodies) + sum(map(encoded_size, files))


def _octets(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


def _base64_size(octets: int) -> int:
    digits = -(-octets // 3) * 4
    return digits + 2 * -(-digits // _BASE64_LINE)
