"""Tasks that move messages through the queue."""

from __future__ import annotations

from typing import Any

from clarion_server.domain.message import Lane, Message, MessageState, message_id
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from tests.contract.store import samples
from tests.contract.store.side_by_side import values
from tests.contract.store.side_by_side.machine import SideBySide
from tests.contract.store.side_by_side.side import Name, Side


class MessageTasks(SideBySide):
    @rule(
        place=values.places,
        number=st.integers(1, 4),
        lane=st.sampled_from(Lane),
        due_time=values.times,
        identity=values.identities,
        state=st.sampled_from([MessageState.QUEUED, MessageState.QUEUED, MessageState.EXCLUDED]),
    )
    def add_messages(self, place: int, number: int, **fields: Any) -> None:
        name, execution_id = self.sender(place), samples.new_id()
        ids = [message_id(execution_id, each) for each in range(number)]
        self.execution_ids.append(execution_id)
        self.message_ids += ids

        def add(side: Side) -> None:
            keys = side.campaign_keys[name], side.channel_keys[name[0]]
            side.work.messages.add_all([samples.message(*keys, id=each, **fields) for each in ids])

        self.both(add)

    @rule(sandbox=values.sandboxes, now=values.times, limit=values.limits, owner=values.processes)
    def claim(self, sandbox: str, now: int, limit: int, owner: str) -> None:
        def due(side: Side) -> list[Message]:
            return side.work.messages.due(side.channel_keys[sandbox], now, limit)

        self.both(lambda side: [(message.lane, message.due_time) for message in due(side)])
        # Of messages that are equally due a store may tell any: both claim those that the first one told.
        claimed = [message.id for message in due(self.sides[0])]
        self.both(lambda side: side.work.messages.begin(claimed, owner, now))

    @rule(places=values.some_places, owner=values.processes)
    def give_back(self, places: list[int], owner: str) -> None:
        self.both(lambda side: side.work.messages.give_back(self.some_message_ids(places), owner))

    @rule(
        places=values.some_places,
        owner=values.processes,
        attempts_late=st.sampled_from([0, 0, 0, 1]),
        state=values.settled_states,
        time=values.times,
        due_time=st.none() | values.times,
    )
    def settle(self, places: list[int], owner: str, attempts_late: int, state: MessageState, **when: Any) -> None:
        def settle(side: Side) -> set[str]:
            batch = [
                samples.settlement(message, state, message.attempt_count - attempts_late, **when)
                for message in side.messages(self.some_message_ids(places))
            ]
            return side.work.messages.settle(batch, owner)

        self.both(settle)

    @rule(
        places=values.some_places,
        state=st.sampled_from([MessageState.CANCELLED, MessageState.EXPIRED]),
        now=values.times,
    )
    def end_queued(self, places: list[int], state: MessageState, now: int) -> None:
        self.both(lambda side: side.work.messages.end_queued(self.some_message_ids(places), state, now))

    @rule(places=values.some_places)
    def hold(self, places: list[int]) -> None:
        self.both(lambda side: side.work.messages.hold(self.some_message_ids(places)))

    @rule(place=values.places, limit=values.limits)
    def release(self, place: int, limit: int) -> None:
        name = self.sender(place)

        def release(side: Side) -> list[int]:
            # Down to none, for a store may choose which it releases first.
            counts = [limit]
            while counts[-1]:
                counts.append(side.work.messages.release(side.campaign_keys[name], limit))
            return counts

        self.both(release)

    @invariant()
    def the_queues_are_the_same(self) -> None:
        for sandbox in self.sides[0].channel_keys:
            self.both(_queue, sandbox)
        self.both(_held_campaigns)

    @invariant()
    def the_latest_messages_are_the_same(self) -> None:
        self.both(Side.messages, self.message_ids[-12:])


def _queue(side: Side, sandbox: str) -> tuple[int | None, bool]:
    key = side.channel_keys[sandbox]
    return side.work.messages.next_due_time(key), side.work.messages.is_waiting(key)


def _held_campaigns(side: Side) -> set[Name]:
    held = side.work.messages.held_campaigns()
    return {name for name, key in side.campaign_keys.items() if key in held}
