"""Handles each row of an import once, however often a caller sends it after lost connections.

How many rows of an import were handled is stored in the transaction that handles them, together with their results.
"""

from __future__ import annotations

from collections.abc import Callable

from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.instant import DAY, Instant, Span
from clarion_server.domain.people.import_place import ImportPlace
from clarion_server.domain.people.import_result import ImportOutcome, ImportResult

#: The results of this many rows of an import are kept. A caller may have as many unanswered.
KEPT_RESULTS = 10_000
#: The progress of an import is kept for this long after its last row.
KEPT_FOR: Span = 7 * DAY

_IMPORTED_BEFORE = ImportResult(ImportOutcome.IMPORTED_BEFORE)


def handle_once(
    unit: UnitOfWork,
    place: ImportPlace | None,
    count: int,
    handle: Callable[[int], list[ImportResult]],
    now: Instant,
) -> list[ImportResult]:
    """Returns the results of `count` rows that begin at the place; without a place they are no part of an import.

    `handle` handles the rows from a position within them on, and returns their results. It is called for those that
    were not handled before. Locks the import, so `handle` should lock all else. Raises InvalidFields when the import
    lacks rows before the place.
    """
    if place is None:
        return handle(0)
    progress = unit.imports.lock(place, now)
    if place.position > progress.row_count:
        raise InvalidFields((progress.gap_violation(),))
    known = min(progress.row_count - place.position, count)
    kept = unit.imports.results(progress, place.position, place.position + known) if known else {}
    results = [kept.get(position, _IMPORTED_BEFORE) for position in range(place.position, place.position + known)]
    if known < count:
        handled = handle(known)
        unit.imports.advance(progress, handled, KEPT_RESULTS, now)
        results += handled
    return results


def purge_imports(unit: UnitOfWork, now: Instant, limit: int) -> int:
    """Forgets up to `limit` imports that had no row for long. Returns how many."""
    return unit.imports.purge(now - KEPT_FOR, limit)
