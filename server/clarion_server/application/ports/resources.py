"""Defines the repository of resources that callers write under names of their choice."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol, TypeVar

from clarion_server.domain.access.access import Visibility
from clarion_server.domain.resource import ArchivableResource, Resource

R = TypeVar("R", bound=Resource)
A = TypeVar("A", bound=ArchivableResource)


class ResourceRepository(Protocol[R]):
    def add(self, resource: R) -> R:
        """Returns it with its key. Raises NameTaken."""
        ...

    def get(self, visibility: Visibility, resource_id: str) -> R | None: ...

    def unknown(self, visibility: Visibility, resource_ids: Collection[str]) -> set[str]:
        """Returns those of the ids that no resource has, in one statement."""
        ...

    def save(self, resource: R) -> None:
        """Replaces the stored one, whose revision must be one less. Raises WriteConflict."""
        ...

    def delete(self, resource: R) -> None:
        """Raises WriteConflict when the stored revision is another one."""
        ...

    def page(self, visibility: Visibility, after: str | None, limit: int) -> list[R]:
        """Returns resources by id, only larger ids than `after`."""
        ...

    def all(self, visibility: Visibility) -> list[R]:
        """Returns all resources, by id. Only for kinds of which a sandbox has few."""
        ...

    def lock_additions(self, visibility: Visibility) -> None:
        """Keeps other transactions that call this from adding any in the sandbox before this one ends, so that what
        `count` returns stays true.
        """
        ...

    def count(self, visibility: Visibility) -> int: ...


class ArchivableRepository(ResourceRepository[A], Protocol[A]):
    def page(self, visibility: Visibility, after: str | None, limit: int, *, archived: bool = False) -> list[A]:
        """Returns resources by id, only larger ids than `after`; those that are archived only when asked for."""
        ...

    def count_in_use(self, visibility: Visibility) -> int:
        """Returns the number of resources that are not archived."""
        ...
