"""Identities: what callers name people by, and when two of them are the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from clarion_server.domain.address import is_address
from clarion_server.domain.address_key import email_key
from clarion_server.domain.names import identity_form_violation
from clarion_server.domain.violation import Violation, malformed

#: Takes a phone number and the region (ISO 3166) of numbers without a country code, which is empty where there is none.
#: Returns the number in the form of E.164, or None when it is no phone number.
ReadPhoneNumber = Callable[[str, str], str | None]


class Normalisation(StrEnum):
    """What makes two values of a namespace the same."""

    EXACT = "EXACT"
    EMAIL = "EMAIL"
    PHONE = "PHONE"


@dataclass(frozen=True, slots=True)
class IdentityNamespace:
    """A kind of identities, such as e-mail addresses or a shop's customer numbers."""

    id: str
    normalisation: Normalisation

    def violation(self, field: str) -> Violation:
        """Returns the violation of a value that is none of this namespace."""
        return malformed(field, _RULES[self.normalisation])


_BUILT_IN = {
    namespace.id: namespace
    for namespace in (
        IdentityNamespace("email", Normalisation.EMAIL),
        IdentityNamespace("phone", Normalisation.PHONE),
        IdentityNamespace("push", Normalisation.EXACT),
    )
}


class IdentityKey(NamedTuple):
    """What an identity is compared by within its sandbox."""

    namespace: str
    value: str
    """The normal value."""


def namespace_of(name: str) -> IdentityNamespace:
    """Returns the namespace of that name. One that is not built in compares exactly."""
    return _BUILT_IN.get(name) or IdentityNamespace(name, Normalisation.EXACT)


@dataclass(frozen=True, slots=True)
class Identity:
    key: IdentityKey
    value: str
    """As the caller wrote it. Messages are sent to this form of an address."""

    def __str__(self) -> str:
        return f"{self.key.namespace}:{self.value}"


def read_identity(text: str, field: str, read_phone_number: ReadPhoneNumber) -> Identity | Violation:
    """Returns the identity that `namespace:value` writes, or what is wrong with it."""
    if violation := identity_form_violation(text, field):
        return violation
    name, _, value = text.partition(":")
    namespace = namespace_of(name)
    normal = normal_value(namespace, value, read_phone_number)
    return Identity(IdentityKey(name, normal), value) if normal else namespace.violation(field)


def normal_value(namespace: IdentityNamespace, value: str, read_phone_number: ReadPhoneNumber) -> str | None:
    """Returns the form of a value by which it is compared; None when it is none of the namespace."""
    match namespace.normalisation:
        case Normalisation.EXACT:
            return value
        case Normalisation.EMAIL:
            return email_key(value) if is_address(value) else None
        case Normalisation.PHONE:
            return read_phone_number(value, "")


_RULES = {
    Normalisation.EMAIL: "Must hold a valid e-mail address.",
    Normalisation.PHONE: "Must hold a phone number that begins with '+' and a country code, such as '+447911123456'.",
}
