"""Stores many suppressions at once, each by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from clarion_server.application.ports.clock import Clock, Ids
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.resumable_imports import handle_once
from clarion_server.application.suppressions.entries import CreateSuppression, in_force_among, new_suppression
from clarion_server.application.transactions import Transactions
from clarion_server.application.validation import count_violations, refuse_invalid, without_repetitions
from clarion_server.domain.access.access import Caller
from clarion_server.domain.events.event import Event, EventType, suppression_event
from clarion_server.domain.instant import Instant
from clarion_server.domain.people.import_place import ImportPlace
from clarion_server.domain.people.import_result import ImportOutcome, ImportResult
from clarion_server.domain.suppressions.suppression import Suppression, SuppressionKey
from clarion_server.domain.suppressions.suppression_rules import suppression_violations
from clarion_server.domain.violation import Violation

MAX_ROWS = 1_000
#: Says how many rows one commit stores, which takes some milliseconds: triggers may have to wait for that long.
_ROWS_PER_STEP = 200


@dataclass(frozen=True, slots=True)
class _Row:
    suppression: Suppression
    violations: tuple[Violation, ...]


class ImportSuppressions:
    def __init__(self, transactions: Transactions, clock: Clock, ids: Ids) -> None:
        self._transactions = transactions
        self._clock = clock
        self._ids = ids

    async def import_rows(
        self, commands: Sequence[CreateSuppression], caller: Caller, place: ImportPlace | None = None
    ) -> list[ImportResult]:
        """Stores the rows that break no rule, in several commits. Raises InvalidFields when there are none, or too
        many. Of those that belong to a place in an import, none is stored twice.
        """
        refuse_invalid(place.violations() if place else (), count_violations("suppressions", len(commands), MAX_ROWS))
        now = self._clock.now()
        results: list[ImportResult] = []
        for start in range(0, len(commands), _ROWS_PER_STEP):
            # Other calls run between two steps.
            rows = [self._row(command, now, caller) for command in commands[start : start + _ROWS_PER_STEP]]
            write = partial(_store_once, rows=rows, place=place and place.behind(start), now=now)
            results += await self._transactions.write(
                write, bulk=True, rest=self._transactions.usual_rest, durable_later=True
            )
        await self._transactions.await_durable()
        return results

    def _row(self, command: CreateSuppression, now: Instant, caller: Caller) -> _Row:
        suppression = new_suppression(command, self._ids.new_id(), now, caller)
        broken = suppression_violations(suppression, command.target_field, now)
        return _Row(suppression, without_repetitions(command.violations, broken))


def _store_once(unit: UnitOfWork, rows: Sequence[_Row], place: ImportPlace | None, now: Instant) -> list[ImportResult]:
    return handle_once(unit, place, len(rows), lambda start: _store(unit, rows[start:], now), now)


def _store(unit: UnitOfWork, rows: Sequence[_Row], now: Instant) -> list[ImportResult]:
    stored = in_force_among(unit, [row.suppression for row in rows if not row.violations], now)
    changes = _Changes(stored, now)
    results = [changes.result_of(row) for row in rows]
    changes.write(unit)
    return results


class _Changes:
    """Collects the changes of several rows, of which some may be about the same target."""

    def __init__(self, stored: dict[SuppressionKey, Suppression], now: Instant) -> None:
        self._known = stored
        self._now = now
        self._created: dict[SuppressionKey, Suppression] = {}
        self._updated: dict[SuppressionKey, Suppression] = {}
        self._events: list[Event] = []

    def result_of(self, row: _Row) -> ImportResult:
        if row.violations:
            return ImportResult(ImportOutcome.REJECTED, violations=row.violations)
        wanted = row.suppression
        known = self._known.get(wanted.key)
        if known is None:
            self._change(self._created, EventType.SUPPRESSION_CREATED, wanted, wanted.creator)
            return ImportResult(ImportOutcome.CREATED, wanted.name)
        widened = known.widened(wanted)
        if widened == known:
            return ImportResult(ImportOutcome.UNCHANGED, known.name)
        changed = self._created if wanted.key in self._created else self._updated
        self._change(changed, EventType.SUPPRESSION_UPDATED, widened, wanted.creator)
        return ImportResult(ImportOutcome.UPDATED, known.name)

    def write(self, unit: UnitOfWork) -> None:
        unit.suppressions.add_all(list(self._created.values()))
        for suppression in self._updated.values():
            unit.suppressions.save(suppression)
        unit.events.add_all(self._events)

    def _change(
        self, changed: dict[SuppressionKey, Suppression], type_: EventType, suppression: Suppression, actor: str
    ) -> None:
        changed[suppression.key] = self._known[suppression.key] = suppression
        self._events.append(suppression_event(type_, suppression, self._now, actor))
