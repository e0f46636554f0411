"""E-mail addresses in the form that SMTP and header fields need."""

from __future__ import annotations

import re

import idna

from clarion_server.domain.addresses.address import is_address
from clarion_server.domain.messages.attempt import FailureReason
from clarion_server.domain.value import value

#: The characters of nearly every address, which are safe wherever a mail names one.
_USUAL = re.compile(r"[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+")


class EmailInvalid(ValueError):
    """The e-mail cannot be sent. The detail says why, without the recipient's data."""

    def __init__(self, reason: FailureReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


@value
class Address:
    text: str
    """Is the address, with its domain in ASCII."""
    needs_smtputf8: bool = False
    """Says whether the local part is not ASCII, so that only a server with SMTPUTF8 accepts it (RFC 6531)."""

    @property
    def domain(self) -> str:
        return self.text.rpartition("@")[2]


def parse_address(text: str) -> Address:
    """Returns the address, which is safe between angle brackets. Raises EmailInvalid."""
    if not is_address(text):
        raise EmailInvalid(FailureReason.UNSUPPORTED, "An address is malformed")
    if text.isascii():
        return Address(text)
    local_part, _, domain = text.rpartition("@")
    return Address(f"{local_part}@{_ascii_domain(domain)}", needs_smtputf8=not local_part.isascii())


def accepted_address(text: str) -> Address:
    """Does the same for an address whose syntax was checked when its message was accepted."""
    return Address(text) if _USUAL.fullmatch(text) is not None else parse_address(text)


def _ascii_domain(domain: str) -> str:
    """Returns the domain in A-labels (RFC 5891), after the mapping of Unicode TS 46."""
    try:
        # Label by label, because ASCII labels need no mapping and may have hyphens that U-labels must not have.
        return ".".join(map(_ascii_label, domain.split(".")))
    except idna.IDNAError as error:
        raise EmailInvalid(FailureReason.UNSUPPORTED, "An address has a domain that is no domain name") from error


def _ascii_label(label: str) -> str:
    return label if label.isascii() else idna.encode(label, uts46=True).decode("ascii")
