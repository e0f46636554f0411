"""The repository of runs and of their members."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol

from clarion_server.domain.access import Visibility
from clarion_server.domain.audience import AudienceMember
from clarion_server.domain.audience_run import AudienceRun
from clarion_server.domain.identity import Identity
from clarion_server.domain.instant import Instant


class RunMember(NamedTuple):
    """A member of a run whose turn it is."""

    ordinal: int
    identity: Identity | None
    """Its identity in the campaign's namespace. None: it has none."""
    is_listed: bool = False
    """Whether that is the identity of the list, and so may have no profile."""
    is_deleted: bool = False
    """Whether it was selected as a profile, which is deleted."""
    is_unknown: bool = False
    """Whether no profile has the listed identity, which is of another namespace."""


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

    def take_addresses(self, run: AudienceRun, addresses: Sequence[str]) -> set[str]:
        """Takes addresses for the run, and returns those of them that were taken before.

        All of them differ. Their hashes are stored alone.
        """
        ...

    def delete_members(self, run: AudienceRun, limit: int) -> int:
        """Deletes up to `limit` members and taken addresses of a run, and returns how many."""
        ...

    def purge_members(self, ended_before: Instant, limit: int) -> int:
        """Deletes up to `limit` members and taken addresses of runs that ended before then.

        Returns how many rows it has deleted or changed.
        """
        ...
