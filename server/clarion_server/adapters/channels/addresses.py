"""E-mail addresses on their way out: taken apart, checked, and written as SMTP and headers want them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import idna

#: The form of nearly every address: a dot-atom at a domain, all of it ASCII (RFC 5321, 4.1.2).
_PLAIN = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?"
)

#: A dot-atom or a quoted string, either of them with characters outside ASCII (RFC 6531, 3.3).
_LOCAL_PART = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+)*"
    r'|"(?:[ !#-\[\]-~\u0080-\U0010ffff]|\\[ -~])*"'
)
_ASCII_DOMAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
_ADDRESS_LITERAL = re.compile(r"\[[A-Za-z0-9.:-]+\]")

_MAX_LENGTH = 254
"""Of a path without its angle brackets, in octets (RFC 5321, 4.5.3.1.3)."""


class AddressInvalid(ValueError):
    """The text is no e-mail address that could be put on a wire."""


@dataclass(frozen=True, slots=True)
class Address:
    text: str
    """With the domain in its ASCII form."""
    needs_smtputf8: bool = False
    """The local part is not ASCII, so only a server that offers SMTPUTF8 can take it (RFC 6531)."""

    @property
    def domain(self) -> str:
        return self.text.rpartition("@")[2]


@lru_cache(maxsize=1024)
def parse_address(text: str) -> Address:
    """Raises AddressInvalid, without the address in it."""
    if len(text) > _MAX_LENGTH:
        raise AddressInvalid("is too long")
    return Address(text) if _PLAIN.fullmatch(text) else _parse_unusual(text)


def _parse_unusual(text: str) -> Address:
    local_part, _, domain = text.rpartition("@")
    if not _LOCAL_PART.fullmatch(local_part) or not _encodable(local_part):
        raise AddressInvalid("has a malformed local part")
    written = f"{local_part}@{_ascii_domain(domain)}"
    if len(written.encode()) > _MAX_LENGTH:
        raise AddressInvalid("is too long")
    return Address(written, needs_smtputf8=not local_part.isascii())


def _encodable(text: str) -> bool:
    """Lone surrogates have no place in UTF-8."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _ascii_domain(domain: str) -> str:
    """The domain in A-labels (RFC 5891, mapped as Unicode TS 46 says), or an address literal as it is."""
    if _ASCII_DOMAIN.fullmatch(domain) or _ADDRESS_LITERAL.fullmatch(domain):
        return domain
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError) as error:
        raise AddressInvalid("has a malformed domain") from error
