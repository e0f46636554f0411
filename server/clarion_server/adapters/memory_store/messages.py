"""Messages in memory."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from operator import attrgetter

from clarion_server.adapters.memory_store.tables import Tables
from clarion_server.application.ports.queries import DueQuery, MessageQuery, QueuedMessage, Settlement
from clarion_server.domain.instant import Instant
from clarion_server.domain.message import OUTCOMES, Lane, Message, MessageState


class MemoryMessageRepository:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def add_all(self, messages: Sequence[Message]) -> None:
        of_execution = self._tables.execution_messages
        for message in messages:
            self._tables.messages.insert(message.id, message)
            siblings = of_execution.rows.get(message.execution_id, ())
            of_execution.put(message.execution_id, (*siblings, message.id))
            self._put(message)

    def get(self, sandbox: str, message_id: str) -> Message | None:
        message = self._tables.messages.rows.get(message_id)
        return message if message and self._tables.is_in(sandbox, message.campaign_key) else None

    def page(self, query: MessageQuery) -> list[Message]:
        campaign_keys = self._tables.campaign_keys_in(query.sandbox)
        candidates = (
            self._tables.messages.rows.values()
            if query.execution_id is None
            else self._of_execution(query.execution_id)
        )
        found = (m for m in candidates if m.campaign_key in campaign_keys and _matches(m, query))
        return heapq.nlargest(query.limit, found, key=attrgetter("id"))

    def state_counts(self, execution_id: str) -> dict[MessageState, int]:
        return dict(Counter(message.state for message in self._of_execution(execution_id)))

    def due(self, channel_key: int, now: Instant, limit: int, lanes: Collection[Lane] = tuple(Lane)) -> list[Message]:
        due = (message for message in self._ready(channel_key, lanes) if message.due_time <= now)
        return heapq.nsmallest(limit, due, key=attrgetter("lane", "due_time", "id"))

    def claimable(self, message_ids: Collection[str]) -> list[Message]:
        return [each for each in self._queued(sorted(message_ids)) if each.id not in self._tables.held.rows]

    def queued(self, query: DueQuery) -> list[QueuedMessage]:
        part = (
            QueuedMessage(message.id, message.due_time, message.accept_time)
            for message in self._ready(query.channel_key, [query.lane])
            if query.after < (message.due_time, message.id) < (query.until + 1, "")
        )
        return heapq.nsmallest(query.limit, part, key=attrgetter("due_time", "id"))

    def next_due_time(
        self, channel_key: int, lanes: Collection[Lane] = tuple(Lane), after: Instant = -1
    ) -> Instant | None:
        times = (message.due_time for message in self._ready(channel_key, lanes))
        return min((time for time in times if time > after), default=None)

    def is_waiting(self, channel_key: int) -> bool:
        return any(message.channel_key == channel_key for message in self._tables.unfinished.rows.values())

    def begin(self, message_ids: Collection[str], owner: str, now: Instant) -> None:
        for message in self._queued(message_ids):
            begun = message.attempt_count + 1
            self._put(replace(message, state=MessageState.SENDING, owner=owner, attempt_count=begun, attempt_time=now))

    def hold(self, message_ids: Collection[str]) -> None:
        for message in self._queued(message_ids):
            self._tables.held.put(message.id, None)

    def release(self, campaign_key: int, limit: int) -> int:
        messages = self._tables.messages.rows
        held = (id_ for id_ in self._tables.held.rows if messages[id_].campaign_key == campaign_key)
        released = list(islice(held, limit))
        for message_id in released:
            self._tables.held.remove(message_id)
        return len(released)

    def held_campaigns(self) -> set[int]:
        return {self._tables.messages.rows[message_id].campaign_key for message_id in self._tables.held.rows}

    def requeue(self, message_ids: Collection[str], owner: str) -> None:
        for message in self._in_hands(message_ids, owner):
            begun = message.attempt_count - 1
            self._put(replace(message, state=MessageState.QUEUED, owner=None, attempt_count=begun))

    def record_outcomes(self, settlements: Sequence[Settlement], owner: str) -> set[str]:
        settled = set()
        for settlement in settlements:
            for message in self._in_hands([settlement.message_id], owner):
                if message.attempt_count == settlement.attempt_number:
                    self._put(_settled(message, settlement))
                    settled.add(message.id)
        return settled

    def end_queued(self, message_ids: Collection[str], state: MessageState, now: Instant) -> set[str]:
        queued = list(self._queued(message_ids))
        for message in queued:
            self._put(replace(message, state=state, outcome_time=now))
        return {message.id for message in queued}

    def queued_of_execution(self, execution_id: str) -> list[Message]:
        return [m for m in self._of_execution(execution_id) if m.state is MessageState.QUEUED]

    def queued_of_campaign(self, campaign_key: int, limit: int) -> list[Message]:
        return list(islice((m for m in self._all_queued() if m.campaign_key == campaign_key), limit))

    def claimed_by(self, owners: Collection[str], limit: int) -> list[Message]:
        return list(islice((message for message in self._all_sending() if message.owner in owners), limit))

    def owners(self) -> set[str]:
        return {message.owner for message in self._all_sending() if message.owner is not None}

    def tidy(self, limit: int) -> int:  # noqa: ARG002 - the port's
        return 0

    def _put(self, message: Message) -> None:
        self._tables.messages.put(message.id, message)
        if message.state in OUTCOMES:
            self._tables.unfinished.remove(message.id)
        else:
            self._tables.unfinished.put(message.id, message)
        if message.state is not MessageState.QUEUED:
            self._tables.held.remove(message.id)

    def _of_execution(self, execution_id: str) -> Iterable[Message]:
        ids = self._tables.execution_messages.rows.get(execution_id, ())
        return [self._tables.messages.rows[message_id] for message_id in ids]

    def _all_queued(self) -> Iterator[Message]:
        return (m for m in self._tables.unfinished.rows.values() if m.state is MessageState.QUEUED)

    def _all_sending(self) -> Iterator[Message]:
        return (m for m in self._tables.unfinished.rows.values() if m.state is MessageState.SENDING)

    def _ready(self, channel_key: int, lanes: Collection[Lane]) -> Iterator[Message]:
        held, queued = self._tables.held.rows, self._all_queued()
        return (m for m in queued if m.channel_key == channel_key and m.lane in lanes and m.id not in held)

    def _queued(self, message_ids: Collection[str]) -> Iterator[Message]:
        """Those of them that are queued."""
        for message_id in message_ids:
            message = self._tables.unfinished.rows.get(message_id)
            if message is not None and message.state is MessageState.QUEUED:
                yield message

    def _in_hands(self, message_ids: Collection[str], owner: str) -> Iterator[Message]:
        """Those of them that `owner` is handing off."""
        for message_id in message_ids:
            message = self._tables.unfinished.rows.get(message_id)
            if message is not None and message.state is MessageState.SENDING and message.owner == owner:
                yield message


def _settled(message: Message, settlement: Settlement) -> Message:
    return replace(
        message,
        state=settlement.state,
        owner=None,
        due_time=message.due_time if settlement.due_time is None else settlement.due_time,
        outcome_time=settlement.time if settlement.state in OUTCOMES else None,
        failure=settlement.failure,
    )


def _matches(message: Message, query: MessageQuery) -> bool:
    return (
        (query.campaign_key is None or message.campaign_key == query.campaign_key)
        and (query.identity is None or message.identity == query.identity)
        and (not query.states or message.state in query.states)
        and (query.before is None or message.id < query.before)
    )
