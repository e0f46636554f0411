"""Defines the shape of the resources that callers write under names of their choice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

from clarion_server.domain.access_labels import NO_ACCESS_LABELS, AccessLabels
from clarion_server.domain.errors import EtagMismatch
from clarion_server.domain.instant import Instant
from clarion_server.domain.names import Collection


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """Is a resource of a sandbox, of which every change is a revision."""

    COLLECTION: ClassVar[Collection]

    sandbox: str
    id: str
    create_time: Instant
    update_time: Instant
    key: int = 0
    """Is assigned by the store, and never again to another resource of the kind."""
    revision: int = 1
    access_labels: AccessLabels = NO_ACCESS_LABELS
    """Says which callers see it. Only kinds whose contract has the field ever have any."""

    @property
    def name(self) -> str:
        return self.COLLECTION.format(self.id)

    @property
    def etag(self) -> str:
        return f'"{self.key}-{self.revision}"'

    def check_etag(self, etag: str) -> None:
        """Raises EtagMismatch when `etag` is not empty and not the current one."""
        if etag and etag != self.etag:
            raise EtagMismatch(self.name)

    def changed(self, now: Instant) -> Self:
        """Returns the resource as the next revision."""
        return replace(self, update_time=now, revision=self.revision + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivableResource(Resource):
    """Is a resource that can be taken out of use and back into it, and keeps its name meanwhile."""

    archive_time: Instant | None = None
    """Is None while it is in use."""

    def archived(self, now: Instant) -> Self:
        """Returns the archived resource; itself when it is archived already."""
        return self if self.archive_time is not None else replace(self.changed(now), archive_time=now)

    def unarchived(self, now: Instant) -> Self:
        """Returns the resource in use; itself when it is in use already."""
        return self if self.archive_time is None else replace(self.changed(now), archive_time=None)
