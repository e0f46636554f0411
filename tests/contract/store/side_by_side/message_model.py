"""Provides a model of a store's messages: dictionaries and the rules of the port, without indexes, locks or SQL.

The campaigns that messages refer to are those of a real store beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from clarion_server.application.ports.queries import MessageQuery, QueuedEnd
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.events.delivery import AttemptOutcome
from clarion_server.domain.instant import Instant
from clarion_server.domain.messages.message import OUTCOMES, Message, MessageState

from tests.contract.store import samples

QUEUED, SENDING = MessageState.QUEUED, MessageState.SENDING


class MessageModel:
    """Implements the part of `MessageRepository` that the tasks use."""

    def __init__(self, campaigns_of: Callable[[Visibility], Collection[int]]) -> None:
        """`campaigns_of` returns the keys of the campaigns that it includes."""
        self._campaigns_of = campaigns_of
        self._messages: dict[str, Message] = {}
        self._held: set[str] = set()
        self._committed: tuple[dict[str, Message], set[str]] = ({}, set())

    def commit(self) -> None:
        self._committed = dict(self._messages), set(self._held)

    def roll_back(self) -> None:
        messages, held = self._committed
        self._messages, self._held = dict(messages), set(held)

    def add_all(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self._put(message)

    def get(self, visibility: Visibility, message_id: str) -> Message | None:
        message = self._messages.get(message_id)
        return (
            message if message is not None and message.action.campaign_key in self._campaigns_of(visibility) else None
        )

    def page(self, query: MessageQuery) -> list[Message]:
        keys = self._campaigns_of(query.visibility)
        found = self._where(lambda m: m.action.campaign_key in keys and _matches(m, query))
        return sorted(found, key=attrgetter("id"), reverse=True)[: query.limit]

    def state_counts(self, execution_id: str) -> dict[MessageState, int]:
        return dict(Counter(m.state for m in self._messages.values() if m.execution_id == execution_id))

    def due(self, channel_key: int, now: Instant, limit: int) -> list[Message]:
        due = self._where(lambda m: self._is_ready(m, channel_key) and m.due_time <= now)
        return sorted(due, key=attrgetter("action.lane", "due_time", "id"))[:limit]

    def next_due_time(self, channel_key: int) -> Instant | None:
        return min((m.due_time for m in self._where(lambda m: self._is_ready(m, channel_key))), default=None)

    def is_waiting(self, channel_key: int) -> bool:
        return bool(self._where(lambda m: m.action.channel_key == channel_key and m.state not in OUTCOMES))

    def begin(self, message_ids: Collection[str], owner: str, now: Instant) -> None:
        for message in self._queued(message_ids):
            begun = message.attempts.count + 1
            first = now if message.attempts.first_time is None else message.attempts.first_time
            changes: dict[str, Any] = {
                "owner": owner,
                "attempt_count": begun,
                "attempt_time": now,
                "first_attempt_time": first,
            }
            self._put(samples.changed(message, state=SENDING, **changes))

    def hold(self, message_ids: Collection[str]) -> None:
        self._held |= {message.id for message in self._queued(message_ids)}

    def release(self, campaign_key: int, limit: int) -> int:
        held = sorted(id_ for id_ in self._held if self._messages[id_].action.campaign_key == campaign_key)
        self._held -= set(held[:limit])
        return len(held[:limit])

    def held_campaigns(self) -> set[int]:
        return {self._messages[message_id].action.campaign_key for message_id in self._held}

    def requeue(self, attempts: Mapping[str, int], owner: str) -> None:
        for message in self._owned(attempts, owner):
            if message.attempts.count != attempts[message.id]:
                continue
            left = message.attempts.count - 1
            begun, first = (message.attempts.last_time, message.attempts.first_time) if left else (None, None)
            times: dict[str, Any] = {"attempt_time": begun, "first_attempt_time": first}
            self._put(samples.changed(message, state=QUEUED, owner=None, attempt_count=left, **times))

    def record_outcomes(self, outcomes: Sequence[AttemptOutcome], owner: str) -> set[str]:
        moved = set()
        for outcome in outcomes:
            for message in self._owned([outcome.message.id], owner):
                if message.attempts.count == outcome.message.attempts.count:
                    self._put(_moved(message, outcome))
                    moved.add(message.id)
        return moved

    def end_queued(self, ends: Collection[QueuedEnd], now: Instant) -> set[str]:
        states = {end.message.id: end.state for end in ends}
        queued = self.queued_among(states)
        for message in queued:
            self._put(samples.changed(message, state=states[message.id], outcome_time=now))
        return {message.id for message in queued}

    def queued_among(self, message_ids: Collection[str]) -> list[Message]:
        return sorted(self._queued(message_ids), key=attrgetter("id"))

    def queued_of_execution(self, execution_id: str) -> list[Message]:
        return self._where(lambda m: m.execution_id == execution_id and m.state is QUEUED)

    def queued_of_campaign(self, campaign_key: int, limit: int) -> list[Message]:
        return self._where(lambda m: m.action.campaign_key == campaign_key and m.state is QUEUED)[:limit]

    def claimed_by(self, owners: Collection[str], limit: int) -> list[Message]:
        return self._where(lambda m: m.state is SENDING and m.attempts.owner in owners)[:limit]

    def owners(self) -> set[str]:
        return {
            m.attempts.owner for m in self._messages.values() if m.state is SENDING and m.attempts.owner is not None
        }

    def _put(self, message: Message) -> None:
        self._messages[message.id] = message
        if message.state is not QUEUED:
            self._held.discard(message.id)

    def _where(self, holds: Callable[[Message], bool]) -> list[Message]:
        return [message for message in self._messages.values() if holds(message)]

    def _is_ready(self, message: Message, channel_key: int) -> bool:
        return message.action.channel_key == channel_key and message.state is QUEUED and message.id not in self._held

    def _known(self, message_ids: Iterable[str]) -> Iterable[Message]:
        return [self._messages[message_id] for message_id in message_ids if message_id in self._messages]

    def _queued(self, message_ids: Iterable[str]) -> Iterable[Message]:
        return [message for message in self._known(message_ids) if message.state is QUEUED]

    def _owned(self, message_ids: Iterable[str], owner: str) -> Iterable[Message]:
        return [m for m in self._known(message_ids) if m.state is SENDING and m.attempts.owner == owner]


def _moved(message: Message, outcome: AttemptOutcome) -> Message:
    ended = outcome.state in OUTCOMES
    return samples.changed(
        message,
        state=outcome.state,
        owner=None,
        due_time=message.due_time if outcome.due_time is None else outcome.due_time,
        outcome_time=outcome.time if ended else None,
        failure=outcome.attempt.failure if ended and outcome.attempt else None,
    )


def _matches(message: Message, query: MessageQuery) -> bool:
    return (
        (query.campaign_key is None or message.action.campaign_key == query.campaign_key)
        and (query.execution_id is None or message.execution_id == query.execution_id)
        and (query.identity is None or message.identity == query.identity)
        and (not query.states or message.state in query.states)
        and (query.before is None or message.id < query.before)
    )
