"""Events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, select

from clarion_server.adapters.storage import codec
from clarion_server.adapters.storage.bulk import insertion
from clarion_server.adapters.storage.conditions import in_sandbox, of_execution
from clarion_server.adapters.storage.schema import events
from clarion_server.application.ports.queries import EventQuery
from clarion_server.domain.message import Event, EventType, ExclusionReason

_INSERT = insertion(events, [column for column in events.columns if column is not events.c.sequence])


class SqlEventRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_all(self, events: Sequence[Event]) -> None:
        _INSERT.change(self._connection, [_to_row(event) for event in events])

    def page(self, query: EventQuery) -> list[Event]:
        own = in_sandbox(events.c.campaign_key, query.sandbox)
        statement = select(events).where(events.c.sequence > query.after, own)
        if query.campaign_key is not None:
            statement = statement.where(events.c.campaign_key == query.campaign_key)
        if query.execution_id is not None:
            statement = statement.where(of_execution(events.c.message_id, query.execution_id))
        if query.message_id is not None:
            statement = statement.where(events.c.message_id == query.message_id)
        if query.types:
            statement = statement.where(events.c.type.in_(query.types))
        statement = statement.order_by(events.c.sequence).limit(query.limit)
        return [_from_row(row) for row in self._connection.execute(statement)]

    def of_message(self, message_id: str) -> list[Event]:
        statement = select(events).where(events.c.message_id == message_id).order_by(events.c.sequence)
        return [_from_row(row) for row in self._connection.execute(statement)]

    def last_sequence(self) -> int:
        return self._connection.execute(select(func.max(events.c.sequence))).scalar_one() or 0


def _to_row(event: Event) -> tuple[Any, ...]:
    return (
        event.type,
        event.time,
        event.message_id,
        event.campaign_key,
        codec.attempt_to_json(event.attempt),
        codec.failure_to_json(event.failure),
        event.exclusion_reason,
    )


def _from_row(row: Row[Any]) -> Event:
    return Event(
        type=EventType(row.type),
        time=row.time,
        message_id=row.message_id,
        campaign_key=row.campaign_key,
        attempt=codec.attempt_from_json(row.attempt),
        failure=codec.failure_from_json(row.failure),
        exclusion_reason=None if row.exclusion_reason is None else ExclusionReason(row.exclusion_reason),
        sequence=row.sequence,
    )
