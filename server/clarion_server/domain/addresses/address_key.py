"""Comparison keys of e-mail addresses and domains: two that reach the same mailbox or host have the same key.

RFC 5321 section 2.4 lets a server tell `Jane@` from `jane@`. Hardly any does, and people write their own address in
either way, so that letters of ASCII compare without case on both sides of the `@`. Dots and `+tag` stay, because they
distinguish mailboxes at many providers. The key is for comparison alone: mail is sent to the address as it was written.
"""

from __future__ import annotations

import string
import unicodedata

from clarion_server.domain.addresses.domain_label import a_label

_LOWER_ASCII = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def email_key(address: str) -> str:
    """Returns the text by which an e-mail address is compared. The key of a key is the key itself."""
    # Nearly every address is ASCII, and this runs once per message.
    if address.isascii():
        return address.lower().removesuffix(".")
    local_part, at, domain = address.rpartition("@")
    return f"{_local_part_key(local_part)}{at}{domain_key(domain)}"


def domain_key(domain: str) -> str:
    """Returns the text by which a domain is compared: its A-labels in lower case, without a final dot."""
    if domain.isascii():
        return domain.lower().removesuffix(".")
    return ".".join(map(a_label, unicodedata.normalize("NFC", domain).split("."))).removesuffix(".")


def _local_part_key(local_part: str) -> str:
    # Lower-casing comes between: the Kelvin sign is normalised to a capital letter, and some letters have a composed
    # form in lower case alone.
    lower = unicodedata.normalize("NFC", local_part).translate(_LOWER_ASCII)
    return unicodedata.normalize("NFC", lower)
