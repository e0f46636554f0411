"""Reads the identities that callers give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.names import is_namespace
from clarion_server.domain.people.identity import (
    BUILT_IN,
    NO_NAMESPACES,
    Identity,
    IdentityKey,
    IdentityNamespace,
    Namespaces,
    ReadPhoneNumber,
    namespace_of,
    normal_value,
    read_identity,
)
from clarion_server.domain.violation import Violation


class IdentityReader:
    """Reads identities by the rules of their namespaces."""

    def __init__(self, read_phone_number: ReadPhoneNumber) -> None:
        self._read_phone_number = read_phone_number

    def read(self, text: str, field: str, stored: Namespaces) -> Identity | Violation:
        """Returns the identity, or what is wrong with the text. `stored` is what `stored_namespaces` returns."""
        return read_identity(text, field, stored, self._read_phone_number)

    def normal_value(self, namespace: IdentityNamespace, value: str) -> str | None:
        """Returns the form of a value by which it is compared; None when it is none of the namespace."""
        return normal_value(namespace, value, self._read_phone_number)

    def renewed(self, key: IdentityKey, stored: Namespaces) -> IdentityKey:
        """Returns what is made of the key now: an earlier version may have read the identity otherwise. It is the key
        itself where it is no identity of its namespace.
        """
        value = self.normal_value(namespace_of(key.namespace, stored), key.value)
        return key if value is None else IdentityKey(key.namespace, value)

    def read_all(
        self, texts: Iterable[str], field: str, stored: Namespaces
    ) -> tuple[tuple[Identity, ...], list[Violation]]:
        """Returns the identities in their order, and the violations of those that cannot be read.

        A stand-in that equals no other identity has the place of such a one.
        """
        read = [self.read(text, f"{field}[{index}]", stored) for index, text in enumerate(texts)]
        identities = (
            each if isinstance(each, Identity) else Identity(IdentityKey("", str(index)), "")
            for index, each in enumerate(read)
        )
        return tuple(identities), [each for each in read if isinstance(each, Violation)]


def stored_namespaces(unit: UnitOfWork, sandbox: str, identities: Iterable[str]) -> Namespaces:
    """Returns the stored namespaces that these identities are in. Reads nothing where all are built in.

    No namespace in use by them is created or deleted until the transaction ends.
    """
    return namespaces_by_sandbox(unit, [(sandbox, identity) for identity in identities]).get(sandbox, NO_NAMESPACES)


def namespaces_by_sandbox(unit: UnitOfWork, identities: Iterable[tuple[str, str]]) -> Mapping[str, Namespaces]:
    """Does the same for pairs of a sandbox and an identity."""
    named = {(sandbox, identity.partition(":")[0]) for sandbox, identity in identities}
    wanted = {(sandbox, name) for sandbox, name in named if name not in BUILT_IN and is_namespace(name)}
    return unit.identity_namespaces.named(wanted) if wanted else {}
