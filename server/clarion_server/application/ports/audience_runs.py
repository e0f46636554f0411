"""The repository of runs and of their members."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol

from clarion_server.domain.access.access import Visibility
from clarion_server.domain.audiences.audience import AudienceMember
from clarion_server.domain.audiences.audience_run import AudienceRun
from clarion_server.domain.instant import Instant
from clarion_server.domain.people.identity import Identity


class RunMember(NamedTuple):
    """Is a member of a run whose turn it is."""

    ordinal: int
    identity: Identity | None
    """Is its identity in the campaign's namespace. None: it has none."""
    is_listed: bool = False
    """Says whether that is the identity of the list, and so may have no profile."""
    is_deleted: bool = False
    """Says whether it was selected as a profile, which is deleted."""
    is_unknown: bool = False
    """Says whether no profile has the listed identity, which is of another namespace."""


class AudienceRunRepository(Protocol):
    def add(self, run: AudienceRun) -> AudienceRun:
        """Returns it with its key."""
        ...

    def get(self, execution_id: str) -> AudienceRun | None: ...

    def of_executions(self, execution_ids: Collection[str]) -> dict[str, AudienceRun]:
        """Returns those of these executions that are runs, by the ids of the executions."""
        ...

    def lock(self, key: int) -> AudienceRun | None:
        """Returns the run, which no other transaction changes until this one ends."""
        ...

    def save(self, run: AudienceRun) -> None:
        """Replaces what changes of a run. It was locked in this transaction."""
        ...

    def open(self, limit: int) -> list[AudienceRun]:
        """Returns runs that have not ended, the first to start first."""
        ...

    def first_open(self, visibility: Visibility, audience_id: str) -> AudienceRun | None:
        """Returns a run of the audience that still needs it: one that has not selected its members."""
        ...

    def add_members(self, run: AudienceRun, first: int, members: Sequence[AudienceMember]) -> None:
        """Adds members to a run. `first` is the ordinal of the first of them."""
        ...

    def members(self, run: AudienceRun, namespace: str, limit: int) -> list[RunMember]:
        """Returns the next members in their order. A profile that was absorbed since stands for its survivor."""
        ...

    def add_addresses(self, run: AudienceRun, hashes: bytes) -> None:
        """Stores the addresses that the next members take, as hashes one after the other.

        `domain.audiences.taken_addresses` makes them.
        """
        ...

    def addresses(self, run: AudienceRun, ordinals: Collection[int]) -> dict[int, bytes]:
        """Returns what was stored by the ordinals of the members that were next then."""
        ...

    def addresses_from(self, run: AudienceRun, ordinal: int, limit: int) -> dict[int, bytes]:
        """Returns what was stored since the member of that ordinal was next, at most `limit` times, in order."""
        ...

    def delete_members(self, run: AudienceRun, limit: int) -> int:
        """Deletes up to `limit` members of a run; when there are none, addresses of as many. Returns how many rows it
        has deleted: 0 in the end.
        """
        ...

    def purge_members(self, ended_before: Instant, limit: int) -> int:
        """Does the same for the runs that ended before then. Returns how many rows it has deleted or changed."""
        ...
