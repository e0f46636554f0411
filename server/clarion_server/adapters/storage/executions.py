"""Stores executions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, select

from clarion_server.adapters.storage.bulk import BulkStatement, Insertion, Run, Values
from clarion_server.adapters.storage.conditions import of_shown_campaign, seen_by
from clarion_server.adapters.storage.json_columns import EXCLUSIONS, REJECTIONS
from clarion_server.adapters.storage.newest_page import BEYOND_ALL, NewestIds, campaign_keys
from clarion_server.adapters.storage.schema import executions
from clarion_server.application.ports.queries import ExecutionQuery
from clarion_server.domain.access import Visibility
from clarion_server.domain.campaign import ActionMode
from clarion_server.domain.execution import Execution

#: They stand in the order of `_own_row`, and in that of `_shared_row`.
_OWN = (executions.c.id, executions.c.accept_time, executions.c.request_id, executions.c.fingerprint)
_SHARED = (
    executions.c.sandbox,
    executions.c.campaign_key,
    executions.c.version,
    executions.c.caller,
    executions.c.recipient_count,
    executions.c.actions,
    executions.c.action_mode,
    executions.c.send_time,
    executions.c.expire_time,
    executions.c.exclusions,
    executions.c.rejections,
)
#: What executions with the same values in the shared columns have in common.
_ALIKE = attrgetter(
    "sandbox",
    "campaign_key",
    "version",
    "caller",
    "recipient_count",
    "actions",
    "action_mode",
    "send_time",
    "expire_time",
    "exclusions",
    "rejections",
)
_COLUMNS = tuple(executions.columns)
_NAMES = ", ".join(f"executions.{column.name}" for column in _COLUMNS)

_INSERT = Insertion(executions, _OWN, _SHARED, executions.c.send_time)
# CROSS JOIN fixes the order of the join on SQLite: it looks up each wanted pair and scans nothing.
_BY_REQUEST_IDS = BulkStatement(
    f"SELECT {_NAMES} FROM ({{rows}}) AS wanted CROSS JOIN executions"  # noqa: S608 - columns of the schema
    " WHERE executions.campaign_key = wanted.column1 AND executions.request_id = wanted.column2"
    " AND executions.request_id IS NOT NULL",
    Values(executions.c.campaign_key, executions.c.request_id),
)
_RELEASE_REQUEST_IDS = BulkStatement(
    "UPDATE executions SET request_id = NULL WHERE id IN ({rows})", Values(executions.c.id)
)
_BY_ID = select(executions).where(
    executions.c.id == bindparam("id"),
    executions.c.sandbox == bindparam("seen_sandbox"),
    of_shown_campaign(executions.c.campaign_key),
)
_NEWEST = NewestIds("executions", "campaign_key = {one}")


class SqlExecutionRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_all(self, executions: Sequence[Execution]) -> None:
        _INSERT.add(self._connection, _runs_of(executions))

    def by_request_ids(self, requests: Collection[tuple[int, str]]) -> dict[tuple[int, str], Execution]:
        found = map(_from_row, _BY_REQUEST_IDS.select(self._connection, tuple(requests)))
        return {(each.campaign_key, each.request_id): each for each in found if each.request_id is not None}

    def release_request_ids(self, execution_ids: Collection[str]) -> None:
        _RELEASE_REQUEST_IDS.change(self._connection, [(each,) for each in execution_ids])

    def get(self, visibility: Visibility, execution_id: str) -> Execution | None:
        row = self._connection.execute(_BY_ID, {"id": execution_id, **seen_by(visibility)}).one_or_none()
        return None if row is None else _from_row(row)

    def page(self, query: ExecutionQuery) -> list[Execution]:
        keys = campaign_keys(self._connection, query.visibility, query.campaign_key)
        if query.request_id is not None:
            request = (executions.c.campaign_key.in_(keys), executions.c.request_id == query.request_id)
            return self._read(*request, executions.c.id < (query.before or BEYOND_ALL), limit=query.limit)
        ids = _NEWEST.find(self._connection, [(key,) for key in keys], query.before or BEYOND_ALL, query.limit)
        return self._read(executions.c.id.in_(ids))

    def _read(self, *conditions: ColumnElement[bool], limit: int | None = None) -> list[Execution]:
        """Returns the newest execution first."""
        statement = select(executions).where(*conditions).order_by(executions.c.id.desc()).limit(limit)
        return [_from_row(row) for row in self._connection.execute(statement)]


def _runs_of(new: Sequence[Execution]) -> list[Run]:
    """Returns the rows of new executions, as `Insertion` takes them."""
    runs = ([*alike] for _, alike in groupby(new, _ALIKE))
    return [(_shared_row(alike[0]), list(map(_own_row, alike))) for alike in runs]


def _own_row(execution: Execution) -> tuple[Any, ...]:
    return execution.id, execution.accept_time, execution.request_id, bytearray(execution.fingerprint)


def _shared_row(execution: Execution) -> tuple[Any, ...]:
    return (
        execution.sandbox,
        execution.campaign_key,
        execution.version,
        execution.caller,
        execution.recipient_count,
        ",".join(execution.actions),
        str(execution.action_mode),
        execution.send_time,
        execution.expire_time,
        _encode_exclusions(execution),
        REJECTIONS.encode(execution.rejections) if execution.rejections else None,
    )


def _encode_exclusions(execution: Execution) -> str | None:
    if not execution.exclusions:
        return None
    return EXCLUSIONS.encode(tuple((*position, reason) for position, reason in execution.exclusions.items()))


def _from_row(row: Row[Any]) -> Execution:
    return Execution(
        id=row.id,
        sandbox=row.sandbox,
        campaign_key=row.campaign_key,
        version=row.version,
        request_id=row.request_id,
        fingerprint=row.fingerprint,
        caller=row.caller,
        accept_time=row.accept_time,
        send_time=row.send_time,
        expire_time=row.expire_time,
        recipient_count=row.recipient_count,
        actions=tuple(row.actions.split(",")),
        action_mode=ActionMode(row.action_mode),
        exclusions={
            (recipient, action): reason for recipient, action, reason in EXCLUSIONS.decode(row.exclusions) or ()
        },
        rejections=REJECTIONS.decode(row.rejections) or {},
    )
