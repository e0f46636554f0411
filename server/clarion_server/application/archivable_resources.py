"""Archives and unarchives resources that callers write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.resources import ArchivableRepository
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.resources import ManageResources, ResourceKind
from clarion_server.application.transactions import Transactions
from clarion_server.domain.access.access import Caller, Visibility, whole_sandbox
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.instant import Instant
from clarion_server.domain.resource import ArchivableResource
from clarion_server.domain.violation import Violation

A = TypeVar("A", bound=ArchivableResource)


@dataclass(frozen=True, slots=True)
class ArchivableKind(ResourceKind[A]):
    """Is a kind of resources whose limit `most` counts only those that are not archived."""

    repository: Callable[[UnitOfWork], ArchivableRepository[A]]


class ManageArchivableResources(ManageResources[A]):
    def __init__(self, kind: ArchivableKind[A], transactions: Transactions, clock: Clock) -> None:
        super().__init__(kind, transactions, clock)
        self._repository = kind.repository

    async def page(self, after: str | None, limit: int, caller: Caller, *, archived: bool = False) -> list[A]:
        """Returns the resources by id, beginning behind the id `after`; those that are archived only when asked for."""
        visibility = caller.visibility
        return await self._transactions.read(
            lambda unit: self._repository(unit).page(visibility, after, limit, archived=archived)
        )

    async def archive(self, resource_id: str, etag: str, caller: Caller) -> A:
        """Archives a resource, unless it is archived. Raises ResourceNotFound or EtagMismatch, and what the kind raises
        of one in use.
        """

        def move(unit: UnitOfWork, resource: A, now: Instant) -> A:
            self._check_may_be_archived(unit, resource, caller.visibility)
            return resource.archived(now)

        return await self._move(resource_id, etag, caller, move)

    async def unarchive(self, resource_id: str, etag: str, caller: Caller) -> A:
        """Unarchives a resource, unless it is in use. Raises InvalidFields, ResourceNotFound or EtagMismatch."""

        def move(unit: UnitOfWork, resource: A, now: Instant) -> A:
            if resource.archive_time is not None:
                self._repository(unit).lock_additions(caller.visibility)
                self._check_room(unit, caller.visibility, "name")
            return resource.unarchived(now)

        return await self._move(resource_id, etag, caller, move)

    async def _move(
        self, resource_id: str, etag: str, caller: Caller, move: Callable[[UnitOfWork, A, Instant], A]
    ) -> A:
        def change(unit: UnitOfWork) -> A:
            stored = self._find(unit, caller.visibility, resource_id)
            stored.check_etag(etag)
            moved = move(unit, stored, self._clock.now())
            if moved is not stored:
                self._repository(unit).save(moved)
                self._record_move(unit, moved, caller)
            return moved

        return await self._transactions.write(change)

    def _check_may_be_archived(self, unit: UnitOfWork, resource: A, visibility: Visibility) -> None:
        """Raises an error when something needs the resource. It names only what the caller sees."""

    def _record_move(self, unit: UnitOfWork, resource: A, caller: Caller) -> None:
        """Stores what else follows from archiving or unarchiving the resource, in the same transaction."""

    def _check_room(self, unit: UnitOfWork, visibility: Visibility, field: str) -> None:
        """Raises InvalidFields when the sandbox can have no further resource of the kind in use."""
        if self._repository(unit).count_in_use(whole_sandbox(visibility.sandbox)) >= self.kind.most:
            description = f"The sandbox has {self.kind.most:,} {self.kind.collection.name} already. Archive one."
            raise InvalidFields((Violation(field, "TOO_MANY", description),))
