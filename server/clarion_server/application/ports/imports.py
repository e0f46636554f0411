"""The repository of imports, which remembers how far each has come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from clarion_server.domain.instant import Instant
from clarion_server.domain.people.import_place import ImportPlace, ImportProgress
from clarion_server.domain.people.import_result import ImportResult


class ImportRepository(Protocol):
    def lock(self, place: ImportPlace, now: Instant) -> ImportProgress:
        """Returns how far the import has come, which no other transaction changes before this one ends. Adds an import
        that is new.
        """
        ...

    def results(self, progress: ImportProgress, start: int, end: int) -> dict[int, ImportResult]:
        """Returns the results that are kept of the rows from the position `start` until before `end`, by position."""
        ...

    def advance(self, progress: ImportProgress, results: Sequence[ImportResult], kept: int, now: Instant) -> None:
        """Notes that the next rows of the import came to these results. Keeps those of the last `kept` rows at least,
        and deletes older ones.
        """
        ...

    def begin_anew(self, progress: ImportProgress) -> None:
        """Forgets the rows of an import that was locked, so that its first row comes next."""
        ...

    def purge(self, before: Instant, limit: int) -> int:
        """Deletes up to `limit` imports that had no row since `before`. Returns how many it has deleted."""
        ...
