"""The erasure of a person: it begins with the deletion of the profile, and ends when nothing of the person is left."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from clarion_server.domain.addresses.address import is_address
from clarion_server.domain.consent.choice import EMAIL
from clarion_server.domain.instant import Instant
from clarion_server.domain.people.identity import Identity, IdentityKey


@dataclass(frozen=True, slots=True)
class Erasure:
    sandbox: str
    profile_id: str
    profile_keys: frozenset[int]
    """Holds the keys of the profile and of all that it has absorbed."""
    identities: frozenset[IdentityKey]
    """Holds the identities and addresses that the person had, and that no other profile has. Empty when it is swept."""
    keeps_addresses: bool
    """Says whether the person's addresses stay suppressed for marketing."""
    actor: str
    """Is the name of the key that deleted the profile."""
    begin_time: Instant
    last_message: int
    """Is the key of the last message that was accepted before. Later ones to the same identities are somebody else's.
    """
    position: int = 0
    """Is the key of the last message that was looked at."""
    revisited: int | None = None
    """Is the key of the first message that was being sent, and must be looked at again; None without any."""
    last_execution: str | None = None
    """Is the id of the last execution that was looked at. None while messages are."""
    is_swept: bool = False
    """Says whether everything was erased but the rest of it in the database's log."""
    cancelled_count: int = 0
    message_count: int = 0
    address_count: int = 0
    """Says how many addresses stay suppressed."""
    key: int = 0

    @property
    def profile(self) -> str:
        """Returns the name of the deleted profile."""
        return f"profiles/{self.profile_id}"

    def counted(self, *, cancelled: int = 0, messages: int = 0, addresses: int = 0) -> Erasure:
        """Returns the erasure with these counts added to what was done."""
        return replace(
            self,
            cancelled_count=self.cancelled_count + cancelled,
            message_count=self.message_count + messages,
            address_count=self.address_count + addresses,
        )

    def covers(self, message_key: int, profile_key: int | None, identities: Collection[IdentityKey]) -> bool:
        """Returns whether a message is one of the person's. `identities` are those of its recipient and addresses."""
        if profile_key is not None:
            return profile_key in self.profile_keys
        return message_key <= self.last_message and not self.identities.isdisjoint(identities)


def addresses_of(identities: Collection[Identity], attributes: Mapping[str, Any]) -> list[str]:
    """Returns the e-mail addresses by which a profile is written to."""
    found = [identity.value for identity in identities if identity.key.namespace == EMAIL]
    attribute = attributes.get(EMAIL)
    if isinstance(attribute, str) and is_address(attribute):
        found.append(attribute)
    return found
