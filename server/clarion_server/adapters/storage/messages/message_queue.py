"""Reads the messages that wait in the queue, for claims and for the loop that plans them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, literal, select, text, tuple_

from clarion_server.adapters.storage.messages import message_changes as changes
from clarion_server.adapters.storage.messages.message_rows import (
    CHANGING_COLUMNS,
    changing_values,
    read_messages,
    select_messages,
)
from clarion_server.adapters.storage.rows.json_rows import RowsReader
from clarion_server.adapters.storage.schema import IN_QUEUE, messages
from clarion_server.application.ports.messages import KnownMessages
from clarion_server.application.ports.queries import DueQuery, QueuedMessage
from clarion_server.domain.instant import Instant
from clarion_server.domain.messages.message import Lane, Message


def _of_due(selected: Select[Any]) -> Select[Any]:
    return (
        selected.where(
            messages.c.channel_key == bindparam("channel_key"),
            messages.c.lane == bindparam("lane"),
            messages.c.due_time <= bindparam("now"),
            IN_QUEUE,
        )
        .order_by(messages.c.due_time, messages.c.id)
        .limit(bindparam("limit"))
    )


_IS_DUE, _STATE_OF_DUE = _of_due(select_messages()), _of_due(select(messages.c.id, *CHANGING_COLUMNS))
_DUE = RowsReader(_IS_DUE)
_DUE_STATES = RowsReader(_STATE_OF_DUE)
# Skips rows that another process has just locked in order to claim them. SQLite has one writer at a time.
_DUE_LOCKED = RowsReader(_IS_DUE.with_for_update(of=messages, skip_locked=True))
_DUE_STATES_LOCKED = RowsReader(_STATE_OF_DUE.with_for_update(of=messages, skip_locked=True))
_IS_CLAIMABLE = (
    select_messages()
    .where(messages.c.id.in_(bindparam("ids", expanding=True)), text(changes.guard("state = 'QUEUED' AND held = 0")))
    .order_by(messages.c.id)
)
_CLAIMABLE = RowsReader(_IS_CLAIMABLE)
_CLAIMABLE_LOCKED = RowsReader(_IS_CLAIMABLE.with_for_update(of=messages, skip_locked=True))
_QUEUED = RowsReader(
    select(messages.c.id, messages.c.due_time, messages.c.accept_time)
    .where(
        messages.c.channel_key == bindparam("channel_key"),
        messages.c.lane == bindparam("lane"),
        messages.c.due_time.between(bindparam("due_time"), bindparam("until")),
        tuple_(messages.c.due_time, messages.c.id) > tuple_(bindparam("due_time"), bindparam("id")),
        IN_QUEUE,
    )
    .order_by(messages.c.due_time, messages.c.id)
    .limit(bindparam("limit"))
)
# Jumps from one channel configuration to the next in the index, so its cost depends on the number of configurations
# with queued messages, not on the number of messages.
_WAITING = f"""
    WITH RECURSIVE queued(channel_key) AS (
        SELECT min(channel_key) FROM messages WHERE {IN_QUEUE}
        UNION ALL
        SELECT (
            SELECT min(messages.channel_key) FROM messages
            WHERE messages.channel_key > queued.channel_key AND {IN_QUEUE}
        )
        FROM queued WHERE queued.channel_key IS NOT NULL
    )
    SELECT channel_key, lane, due_time FROM (
        SELECT queued.channel_key, lanes.lane, (
            SELECT min(messages.due_time) FROM messages
            WHERE messages.channel_key = queued.channel_key AND messages.lane = lanes.lane AND {IN_QUEUE}
        ) AS due_time
        FROM queued CROSS JOIN ({" UNION ALL ".join(f"SELECT {lane:d} AS lane" for lane in Lane)}) AS lanes
        WHERE queued.channel_key IS NOT NULL
    ) AS waiting
    WHERE due_time IS NOT NULL
"""  # noqa: S608 - constants alone
_EARLIEST = select(func.min(messages.c.due_time)).where(
    messages.c.channel_key == bindparam("channel_key"),
    messages.c.lane == bindparam("lane"),
    messages.c.due_time > bindparam("after"),
    IN_QUEUE,
)


class SqlMessageQueue:
    """Is the part of the repository of messages that is about those in the queue."""

    def __init__(self, connection: Connection, *, locks: bool) -> None:
        self._connection = connection
        self._due = _DUE_LOCKED if locks else _DUE
        self._due_states = _DUE_STATES_LOCKED if locks else _DUE_STATES
        self._claimable = _CLAIMABLE_LOCKED if locks else _CLAIMABLE

    def due(
        self,
        channel_key: int,
        now: Instant,
        limit: int,
        lanes: Collection[Lane] = tuple(Lane),
        known: KnownMessages | None = None,
    ) -> list[Message]:
        due: list[Message] = []
        # Each lane is read by itself, so that no query reads past the later messages of another lane.
        for lane in sorted(lanes):
            if len(due) < limit:
                queue = {"channel_key": channel_key, "lane": lane, "now": now, "limit": limit - len(due)}
                due += self._read_due(queue) if known is None else self._read_changed(queue, known)
        return due

    def _read_due(self, queue: Mapping[str, Any]) -> list[Message]:
        return read_messages(self._connection, self._due, queue)

    def _read_changed(self, queue: Mapping[str, Any], known: KnownMessages) -> list[Message]:
        """Returns the messages that are due, and reads those that are not as they are known."""
        states = self._due_states.read(self._connection, queue)
        found: dict[str, Message] = {}
        for message_id, *state in states:
            message = known(message_id)
            if message is not None and state == changing_values(message):
                found[message_id] = message
        missing = [each[0] for each in states if each[0] not in found]
        if len(missing) > len(found):
            return self._read_due(queue)
        if missing:
            found.update((each.id, each) for each in self.claimable(missing))
        return [found[each[0]] for each in states if each[0] in found]

    def claimable(self, message_ids: Collection[str]) -> list[Message]:
        return read_messages(self._connection, self._claimable, {"ids": list(message_ids)})

    def queued(self, query: DueQuery) -> list[QueuedMessage]:
        queue = {"channel_key": query.channel_key, "lane": query.lane, "until": query.until, "limit": query.limit}
        due_time, message_id = query.after
        rows = _QUEUED.read(self._connection, {**queue, "due_time": due_time, "id": message_id})
        return [QueuedMessage(*row) for row in rows]

    def next_due_time(
        self, channel_key: int, lanes: Collection[Lane] = tuple(Lane), after: Instant = -1
    ) -> Instant | None:
        queues = [{"channel_key": channel_key, "lane": lane, "after": after} for lane in lanes]
        times = [self._connection.execute(_EARLIEST, queue).scalar_one() for queue in queues]
        return min((time for time in times if time is not None), default=None)

    def waiting(self) -> dict[tuple[int, Lane], Instant]:
        rows = self._connection.exec_driver_sql(_WAITING)
        return {(channel_key, Lane(lane)): due_time for channel_key, lane, due_time in rows}

    def has_waiting(self, channel_key: int, lane: Lane, now: Instant, count: int) -> bool:
        of_lane = (messages.c.channel_key == channel_key, messages.c.lane == lane, messages.c.due_time <= now)
        last = select(literal(1)).where(*of_lane, IN_QUEUE).limit(1).offset(count - 1)
        return self._connection.execute(last).first() is not None
