"""Stores executions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, select

from clarion_server.adapters.storage.rows.json_columns import EXCLUSIONS, REJECTIONS
from clarion_server.adapters.storage.schema import executions
from clarion_server.adapters.storage.statements.bulk import BulkStatement, Insertion, Run, Values
from clarion_server.adapters.storage.statements.conditions import of_shown_campaign, seen_by
from clarion_server.adapters.storage.statements.newest_page import BEYOND_ALL, NewestIds, campaign_keys
from clarion_server.application.ports.queries import ExecutionQuery
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.campaigns.campaign_definition import ActionMode
from clarion_server.domain.triggering.execution import Execution

_OWN = (executions.c.id, executions.c.accept_time)
#: These have values of their own where a request id was given, and are the same in all others.
_REQUEST = (executions.c.request_id, executions.c.fingerprint)
#: They stand in the order of `_shared_row`.
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
_COLUMNS = tuple(executions.columns)
_NAMES = ", ".join(f"executions.{column.name}" for column in _COLUMNS)

_INSERT = Insertion(executions, (*_OWN, *_REQUEST), _SHARED, executions.c.send_time)
_INSERT_WITHOUT_IDS = Insertion(
    executions, _OWN, (executions.c.fingerprint, *_SHARED, executions.c.request_id), executions.c.send_time
)
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
        if any(each.request_id is not None for each in executions):
            _INSERT.add(self._connection, _runs_of(executions))
        else:
            _INSERT_WITHOUT_IDS.add(self._connection, _runs_without_ids(executions))

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
    """Returns the rows of new executions, as `_INSERT` takes them."""
    runs = ([*alike] for _, alike in groupby(new, _shared_fields))
    return [
        (
            _shared_row(alike[0]),
            [(each.id, each.accept_time, each.request_id, bytearray(each.fingerprint)) for each in alike],
        )
        for alike in runs
    ]


def _runs_without_ids(new: Sequence[Execution]) -> list[Run]:
    """Returns the rows of new executions without request ids, as `_INSERT_WITHOUT_IDS` takes them."""
    runs = ([*alike] for _, alike in groupby(new, lambda each: (each.fingerprint, _shared_fields(each))))
    return [
        (
            (alike[0].fingerprint, *_shared_row(alike[0]), None),
            [(each.id, each.accept_time) for each in alike],
        )
        for alike in runs
    ]


def _shared_fields(execution: Execution) -> tuple[Any, ...]:
    """Returns the fields that are the same for all executions with the same values in the shared columns."""
    return (
        execution.sandbox,
        execution.campaign_key,
        execution.version,
        execution.caller,
        execution.recipient_count,
        execution.actions,
        execution.action_mode,
        execution.send_time,
        execution.expire_time,
        execution.exclusions,
        execution.rejections,
    )


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
