"""The repository of audiences, of their lists, and of the profiles that conditions are about."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol

from clarion_server.application.ports.resources import ResourceRepository
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.audiences.audience import Audience, IdentityList
from clarion_server.domain.consent.consent import Consent
from clarion_server.domain.instant import Instant
from clarion_server.domain.people.identity import Identity, IdentityKey


class Subject(NamedTuple):
    """Is a stored profile, as much of it as a condition may read."""

    key: int
    id: str
    attributes: str
    """Holds the attributes as JSON."""
    locale: str
    time_zone: str
    create_time: Instant
    choices: Sequence[Consent]
    """Is empty when they were not asked for."""


class AudienceSource(NamedTuple):
    """Is what decides who belongs to an audience."""

    condition: str | None
    """Is None for an audience that is a list."""
    list_key: int | None
    """Is None for an audience by a condition."""


class AudienceRepository(ResourceRepository[Audience], Protocol):
    """Adds an empty list to each new audience that has no condition. Saving an audience leaves its list as it is."""

    def subjects(
        self, visibility: Visibility, after: str, created_by: Instant, limit: int, *, with_choices: bool
    ) -> list[Subject]:
        """Returns profiles by id, only larger ids than `after`, that were created at `created_by` at the latest."""
        ...

    def subjects_of(
        self, visibility: Visibility, keys: Sequence[int], created_by: Instant, *, with_choices: bool
    ) -> list[Subject]:
        """Returns the profiles with one of these keys that were created at `created_by` at the latest, in any order."""
        ...

    def named(self, visibility: Visibility, ids: Collection[str], *, hold: bool = False) -> dict[str, Audience]:
        """Returns the audiences with one of these ids, by id. `hold` keeps them from being deleted until the
        transaction ends.
        """
        ...

    def lock(self, audience: Audience) -> None:
        """Waits for whoever holds it, and keeps others from holding it, until the transaction ends."""
        ...

    def sources(self, names: Collection[tuple[str, str]]) -> dict[tuple[str, str], AudienceSource]:
        """Returns what decides about audiences, by sandbox and id, of any number of them in one statement."""
        ...

    def subjects_by_key(self, keys: Collection[int], *, with_choices: bool) -> dict[int, Subject]:
        """Returns the profiles with one of these keys, of any sandbox."""
        ...

    def listed(self, lists: Collection[int], keys: Collection[int]) -> set[tuple[int, int]]:
        """Returns the lists in which an identity of a profile is, each with the profile's key."""
        ...

    def largest_profile_key(self) -> int:
        """Returns a key that no profile of any sandbox exceeds; 0 without any."""
        ...

    def member_behind(self, list_key: int, after: IdentityKey, skipped: int) -> Identity | None:
        """Returns the identity of a list, by namespace and normal value, that has `skipped` ones between `after` and
        itself. None when there are not so many.
        """
        ...

    def members(self, list_key: int, after: IdentityKey, limit: int) -> list[Identity]:
        """Returns identities of a list by namespace and normal value, only larger ones than `after`."""
        ...

    def lists_of(self, audience: Audience) -> dict[str, IdentityList]:
        """Returns all lists of the audience by their upload ids: its own, those under way, and those replaced."""
        ...

    def first_in_namespace(self, visibility: Visibility, namespace_id: str) -> Audience | None:
        """Returns an audience that has an identity of the namespace in its list, or in one that is uploaded."""
        ...

    def add_list(self, audience: Audience, upload_id: str, now: Instant) -> IdentityList:
        """Begins an upload. Raises WriteConflict when another transaction does at the same time."""
        ...

    def add_members(self, listed: IdentityList, identities: Sequence[Identity], now: Instant) -> set[IdentityKey]:
        """Adds the identities that the list does not have, and returns the keys of these.

        Raises WriteConflict when the list was replaced.
        """
        ...

    def complete(self, audience: Audience, listed: IdentityList, now: Instant) -> None:
        """Makes the upload the list of its audience, in the place of the one before."""
        ...

    def replace_lists(self, audience: Audience, now: Instant) -> None:
        """Marks all lists of the audience as replaced, which leaves them to `purge_lists`."""
        ...

    def purge_lists(self, abandoned: Instant, replaced: Instant, limit: int) -> int:
        """Deletes up to `limit` members of lists that no audience needs, and lists that have none left.

        Those are the ones replaced before `replaced`, and uploads to which nothing was added since `abandoned`.
        Returns how many rows it has deleted.
        """
        ...
