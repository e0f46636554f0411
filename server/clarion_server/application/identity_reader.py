"""Reads the identities that callers give."""

from __future__ import annotations

from collections.abc import Iterable

from clarion_server.domain.identity import (
    Identity,
    IdentityKey,
    IdentityNamespace,
    ReadPhoneNumber,
    normal_value,
    read_identity,
)
from clarion_server.domain.violation import Violation


class IdentityReader:
    """Reads identities by the rules of their namespaces."""

    def __init__(self, read_phone_number: ReadPhoneNumber) -> None:
        self._read_phone_number = read_phone_number

    def read(self, text: str, field: str) -> Identity | Violation:
        """Returns the identity, or what is wrong with the text."""
        return read_identity(text, field, self._read_phone_number)

    def normal_value(self, namespace: IdentityNamespace, value: str) -> str | None:
        """Returns the form of a value by which it is compared; None when it is none of the namespace."""
        return normal_value(namespace, value, self._read_phone_number)

    def read_all(self, texts: Iterable[str], field: str) -> tuple[tuple[Identity, ...], list[Violation]]:
        """Returns the identities in their order, and the violations of those that cannot be read.

        A stand-in that equals no other identity has the place of such a one.
        """
        read = [self.read(text, f"{field}[{index}]") for index, text in enumerate(texts)]
        identities = (
            each if isinstance(each, Identity) else Identity(IdentityKey("", str(index)), "")
            for index, each in enumerate(read)
        )
        return tuple(identities), [each for each in read if isinstance(each, Violation)]
