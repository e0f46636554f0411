"""Defines the repository of what frequency caps count."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from clarion_server.application.ports.profiles import SandboxIdentity
from clarion_server.application.ports.retention import Swept
from clarion_server.domain.instant import Instant
from clarion_server.domain.people.cap_person import CapPerson
from clarion_server.domain.sending_policies.cap_entries import CapEntries
from clarion_server.domain.sending_policies.cap_ledger import AddedByScope, EntriesByScope
from clarion_server.domain.sending_policies.cap_rules import CapScope

#: Persons by scope, and whether each is locked even if nothing is counted for them yet.
WantedPersons = Mapping[CapScope, Mapping[CapPerson, bool]]


class CapRepository(Protocol):
    def lock(self, wanted: WantedPersons, unread_below: int = 0) -> dict[CapScope, dict[CapPerson, CapEntries]]:
        """Returns what is stored for these persons, in one statement, and keeps others from changing it until the
        transaction ends.

        Persons that are true are also kept from being added. A transaction that only reads locks nothing. Whoever has
        less than `unread_below` entries is left out.
        """
        ...

    def hold_strangers(self, identities: Collection[SandboxIdentity]) -> set[SandboxIdentity]:
        """Keeps these identities, which had no profile a moment ago, from getting one until the transaction ends.

        Returns those that have one already. A transaction that only reads holds nothing, nor does one that no other
        writes beside.
        """
        ...

    def count_strangers(self) -> bool:
        """Returns whether anything is stored for somebody without a profile, in any sandbox."""
        ...

    def person_of(self, message_id: str) -> CapPerson | None:
        """Returns for whom a stored message counts now, and keeps it so until the transaction ends; None if for nobody.

        Messages that wait in the hands of a process may be of somebody who was absorbed meanwhile.
        """
        ...

    def save(self, changed: EntriesByScope) -> None:
        """Stores these entries instead of those of the same persons, in one statement a scope."""
        ...

    def add(self, added: AddedByScope, now: Instant) -> None:
        """Adds these entries to those that are stored, in one statement a scope. They replace those of whoever has none
        that can count at that time.
        """
        ...

    def give_back(self, message_ids: Collection[str]) -> None:
        """Removes the entries of these messages, which have ended, in a constant number of statements."""
        ...

    def unite(self, survivor: CapPerson, absorbed: CapPerson, waiting: Collection[str] = ()) -> None:
        """Counts for the survivor what is counted for the other person, and for that one nothing any more.

        `waiting` are the ids of messages that are not sent yet: those of the other person count for the survivor when
        they leave, also where nothing is stored about them since they have waited for long.
        """
        ...

    def delete(self, persons: Collection[CapPerson]) -> None:
        """Deletes everything that is counted for these persons."""
        ...

    def purge(self, before: Instant, after: str, limit: int) -> Swept[str]:
        """Reads at most `limit` rows behind the position `after`, and deletes those that can count no more since that
        time.
        """
        ...
