"""Purges rows after their retention, the oldest first.

A sweep reads rows in the order in which they were added, which is nearly the order of their times. It ends at the first
row that is too young, so no index by time is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import Any

from sqlalchemy import Connection, Select, bindparam, exists, or_, select

from clarion_server.adapters.storage.rows.json_rows import RowsReader
from clarion_server.adapters.storage.schema import (
    audience_runs,
    events,
    executions,
    message_contexts,
    message_labels,
    messages,
    purges,
)
from clarion_server.adapters.storage.statements.bulk import BulkStatement, Values, insertion
from clarion_server.application.ports.retention import Swept
from clarion_server.domain.instant import Instant

EVENTS = "events"

_Row = Sequence[Any]


def _sweep(statement: Select[Any], key: Any) -> RowsReader:
    limited = statement.where(key > bindparam("after")).order_by(key).limit(bindparam("limit"))
    return RowsReader(limited)


# Each row holds its key, its time, and the values that decide whether it may be purged.
_CONTEXTS = _sweep(
    select(message_contexts.c.message_key, messages.c.accept_time, messages.c.outcome_time).join_from(
        message_contexts, messages, messages.c.key == message_contexts.c.message_key
    ),
    message_contexts.c.message_key,
)
_EVENTS = _sweep(
    select(events.c.sequence, events.c.time, messages.c.key, messages.c.outcome_time).join_from(
        events, messages, messages.c.id == events.c.message_id, isouter=True
    ),
    events.c.sequence,
)
_MESSAGES = _sweep(
    select(
        messages.c.key,
        messages.c.accept_time,
        messages.c.outcome_time,
        exists().where(events.c.message_id == messages.c.id).label("has_events"),
        messages.c.id,
        messages.c.labels,
    ),
    messages.c.key,
)
_EXECUTIONS = _sweep(
    select(
        executions.c.id,
        executions.c.accept_time,
        # This is the condition of `conditions.of_execution`.
        exists().where(messages.c.id > executions.c.id + "-", messages.c.id < executions.c.id + ".").label("has_any"),
        exists()
        .where(
            audience_runs.c.execution_id == executions.c.id,
            or_(audience_runs.c.end_time.is_(None), audience_runs.c.purge_time.is_(None)),
        )
        .label("has_run"),
    ),
    executions.c.id,
)
_DELETE_CONTEXTS = BulkStatement(
    "DELETE FROM message_contexts WHERE message_key IN ({rows})", Values(message_contexts.c.message_key)
)
_DELETE_EVENTS = BulkStatement("DELETE FROM events WHERE sequence IN ({rows})", Values(events.c.sequence))
_DELETE_MESSAGES = BulkStatement("DELETE FROM messages WHERE key IN ({rows})", Values(messages.c.key))
_DELETE_LABELS = BulkStatement(
    "DELETE FROM message_labels WHERE message_id IN ({rows})", Values(message_labels.c.message_id)
)
_DELETE_RUNS = BulkStatement(
    "DELETE FROM audience_runs WHERE execution_id IN ({rows})", Values(audience_runs.c.execution_id)
)
_DELETE_EXECUTIONS = BulkStatement("DELETE FROM executions WHERE id IN ({rows})", Values(executions.c.id))
_SET_PURGED_THROUGH = insertion(
    purges,
    tuple(purges.columns),
    "ON CONFLICT (kind) DO UPDATE SET through = excluded.through WHERE excluded.through > purges.through",
)


class SqlRetentionRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def purge_contexts(self, before: Instant, after: int, limit: int) -> Swept[int]:
        rows = self._old(_CONTEXTS, before, after, limit)
        self._delete(rows, lambda row: _ended(row[2], before), _DELETE_CONTEXTS)
        return _swept(rows, after)

    def purge_events(self, before: Instant, after: int, limit: int) -> Swept[int]:
        rows = self._old(_EVENTS, before, after, limit)
        # An event may go once its message has ended or was purged.
        gone = self._delete(rows, lambda row: row[2] is None or row[3] is not None, _DELETE_EVENTS)
        if gone:
            _SET_PURGED_THROUGH.change(self._connection, [(EVENTS, gone[-1])])
        return _swept(rows, after)

    def purge_messages(self, before: Instant, after: int, limit: int) -> Swept[int]:
        rows = self._old(_MESSAGES, before, after, limit)
        gone = self._delete(rows, lambda row: _ended(row[2], before) and not row[3], _DELETE_MESSAGES)
        _DELETE_CONTEXTS.change(self._connection, [(key,) for key in gone])
        labelled = {row[0]: row[4] for row in rows if row[5] is not None}
        _DELETE_LABELS.change(self._connection, [(labelled[key],) for key in gone if key in labelled])
        return _swept(rows, after)

    def purge_executions(self, before: Instant, after: str, limit: int) -> Swept[str]:
        rows = self._old(_EXECUTIONS, before, after, limit)
        # A run that goes on, or that still has members, keeps its execution.
        gone = self._delete(rows, lambda row: not row[2] and not row[3], _DELETE_EXECUTIONS)
        _DELETE_RUNS.change(self._connection, [(each,) for each in gone])
        return _swept(rows, after)

    def _old(self, reader: RowsReader, before: Instant, after: Any, limit: int) -> list[_Row]:
        rows = reader.read(self._connection, {"after": after, "limit": limit})
        return list(takewhile(lambda row: row[1] < before, rows))

    def _delete(self, rows: Sequence[_Row], may_go: Callable[[_Row], bool], deletion: BulkStatement) -> list[Any]:
        """Deletes the rows that may go, and returns their keys."""
        keys = [row[0] for row in rows if may_go(row)]
        deletion.change(self._connection, [(key,) for key in keys])
        return keys


def _ended(outcome_time: Instant | None, before: Instant) -> bool:
    return outcome_time is not None and outcome_time < before


def _swept(rows: Sequence[_Row], after: Any) -> Swept[Any]:
    return Swept(len(rows), rows[-1][0] if rows else after)
