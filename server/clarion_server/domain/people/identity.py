"""Identities: what callers name people by, and when two of them are the same."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from clarion_server.domain.addresses.address import is_address
from clarion_server.domain.addresses.address_key import email_key
from clarion_server.domain.names import identity_form_violation
from clarion_server.domain.violation import Violation, malformed

#: Takes a phone number and the region (ISO 3166) of numbers without a country code, which is empty where there is none.
#: Returns the number in the form of E.164, or None when it is no phone number.
ReadPhoneNumber = Callable[[str, str], str | None]


class Normalisation(StrEnum):
    """Says which values of a namespace are the same identity."""

    EXACT = "EXACT"
    LOWER = "LOWER"
    """Letters are the same in either case."""
    EMAIL = "EMAIL"
    PHONE = "PHONE"


@dataclass(frozen=True, slots=True)
class IdentityNamespace:
    """Says how identities of one kind are compared, such as e-mail addresses or a shop's customer numbers."""

    id: str
    normalisation: Normalisation
    default_region: str = ""
    """Is the region of phone numbers without a country code, which are refused where it is empty."""

    def violation(self, field: str) -> Violation:
        """Returns the violation of a value that is no identity of this namespace."""
        if self.default_region:
            return malformed(field, f"Must hold a phone number of {self.default_region}, or one with a country code.")
        return malformed(field, _RULES[self.normalisation])


#: Holds the namespaces that every sandbox has, by their ids.
BUILT_IN: Mapping[str, IdentityNamespace] = {
    namespace.id: namespace
    for namespace in (
        IdentityNamespace("email", Normalisation.EMAIL),
        IdentityNamespace("phone", Normalisation.PHONE),
        IdentityNamespace("push", Normalisation.EXACT),
    )
}

#: Holds the namespaces that are stored in a sandbox, by their ids: as many of them as identities may be in.
Namespaces = Mapping[str, IdentityNamespace]
NO_NAMESPACES: Namespaces = {}


class IdentityKey(NamedTuple):
    """Is what an identity is compared by within its sandbox."""

    namespace: str
    value: str
    """Is the normal value."""


def namespace_of(name: str, stored: Namespaces) -> IdentityNamespace:
    """Returns the namespace of that name. One that is neither built in nor stored compares exactly."""
    return BUILT_IN.get(name) or stored.get(name) or IdentityNamespace(name, Normalisation.EXACT)


@dataclass(frozen=True, slots=True)
class Identity:
    key: IdentityKey
    value: str
    """Is as the caller wrote it. Messages are sent to this form of an address."""

    def __str__(self) -> str:
        return f"{self.key.namespace}:{self.value}"


def read_identity(
    text: str, field: str, stored: Namespaces, read_phone_number: ReadPhoneNumber
) -> Identity | Violation:
    """Returns the identity that `namespace:value` writes, or what is wrong with it."""
    if violation := identity_form_violation(text, field):
        return violation
    name, _, value = text.partition(":")
    namespace = namespace_of(name, stored)
    normal = normal_value(namespace, value, read_phone_number)
    return Identity(IdentityKey(name, normal), value) if normal else namespace.violation(field)


def normal_value(namespace: IdentityNamespace, value: str, read_phone_number: ReadPhoneNumber) -> str | None:
    """Returns the form of a value by which it is compared; None when it is none of the namespace."""
    match namespace.normalisation:
        case Normalisation.EXACT:
            return value
        case Normalisation.LOWER:
            return lower_key(value)
        case Normalisation.EMAIL:
            return email_key(value) if is_address(value) else None
        case Normalisation.PHONE:
            return read_phone_number(value, namespace.default_region)


def lower_key(value: str) -> str:
    """Returns the text in lower case and composed characters (Unicode's NFC). The key of a key is the key itself."""
    # Some letters have a composed form in lower case alone, and some are lowered to several characters.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", value).lower())


_RULES = {
    Normalisation.EMAIL: "Must hold a valid e-mail address.",
    Normalisation.PHONE: "Must hold a phone number that begins with '+' and a country code, such as '+447911123456'.",
}
