"""Tasks that move messages through the queue."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from clarion_server.application.ports.queries import MessageQuery, QueuedEnd
from clarion_server.domain.messages.message import Lane, Message, MessageState, message_id
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from tests.contract.store import samples
from tests.contract.store.side_by_side import values
from tests.contract.store.side_by_side.machine import SideBySide
from tests.contract.store.side_by_side.side import Side

#: Holds the fields of a new message by which the queue and the lists choose.
fields_of_messages = st.fixed_dictionaries(
    {
        "lane": st.sampled_from(Lane),
        "due_time": values.times,
        "identity": values.identities,
        "state": st.sampled_from([MessageState.QUEUED, MessageState.QUEUED, MessageState.EXCLUDED]),
    }
)


class MessageTasks(SideBySide):
    @initialize(kinds=st.lists(fields_of_messages, min_size=4, max_size=8))
    def begin_with_some_messages(self, kinds: list[dict[str, Any]]) -> None:
        for index, fields in enumerate(kinds):
            self._add(index, 2, fields)
        begun = self.message_ids[::3]
        self.both(lambda side: side.work.messages.begin(begun, values.PROCESSES[0], 0))
        self.both(lambda side: side.commit())

    @rule(index=values.indexes, number=st.integers(1, 4), fields=fields_of_messages)
    def add_messages(self, index: int, number: int, fields: dict[str, Any]) -> None:
        self._add(index, number, fields)

    def _add(self, index: int, number: int, fields: dict[str, Any]) -> None:
        name, execution_id = self.sender(index), samples.new_id()
        ids = [message_id(execution_id, each, 0) for each in range(number)]
        self.execution_ids.append(execution_id)
        self.message_ids += ids

        def add(side: Side) -> None:
            keys = side.campaign_keys[name], side.channel_keys[name[0]]
            side.work.messages.add_all([samples.message(*keys, id=each, sandbox=name[0], **fields) for each in ids])

        self.both(add)

    @rule(sandbox=values.sandboxes, now=st.just(12) | values.times, limit=values.limits, owner=values.processes)
    def claim(self, sandbox: str, now: int, limit: int, owner: str) -> None:
        def due(side: Side) -> list[Message]:
            return side.work.messages.due(side.channel_keys[sandbox], now, limit)

        self.both(lambda side: [(message.action.lane, message.due_time) for message in due(side)])
        # Stores may differ in the order of messages that are equally due. Both claim those that the first one returned.
        claimed = [message.id for message in due(self.sides[0])]
        self.both(lambda side: side.work.messages.begin(claimed, owner, now))

    @rule(indexes=values.some_indexes, owner=values.processes, attempts_late=st.sampled_from([0, 0, 0, 1]))
    def requeue(self, indexes: list[int], owner: str, attempts_late: int) -> None:
        sending = self.sides[0].work.messages.claimed_by(values.PROCESSES, 100)
        candidates = sending or self.sides[0].messages(self.some_message_ids(indexes))
        chosen = (candidates[index % len(candidates)] for index in indexes if candidates)
        attempts = {each.id: each.attempts.count - attempts_late for each in chosen}
        self.both(lambda side: side.work.messages.requeue(attempts, owner))

    @rule(
        indexes=values.some_indexes,
        owner=values.processes,
        attempts_late=st.sampled_from([0, 0, 0, 1]),
        state=values.settled_states,
        time=values.times,
        due_time=st.none() | values.times,
    )
    def record_outcomes(
        self, indexes: list[int], owner: str, attempts_late: int, state: MessageState, **when: Any
    ) -> None:
        sending = self.sides[0].work.messages.claimed_by(values.PROCESSES, 100)
        candidates = sending or self.sides[0].messages(self.some_message_ids(indexes))
        chosen = {each.id: each for each in (candidates[index % len(candidates)] for index in indexes if candidates)}
        batch = [
            samples.outcome(message, state, message.attempts.count - attempts_late, **when)
            for message in chosen.values()
        ]
        self.both(lambda side: side.work.messages.record_outcomes(batch, owner))

    @rule(
        indexes=values.some_indexes,
        state=st.sampled_from([MessageState.CANCELLED, MessageState.EXPIRED]),
        now=values.times,
    )
    def end_queued(self, indexes: list[int], state: MessageState, now: int) -> None:
        ends = [QueuedEnd(samples.message(1, 1, id=each), state) for each in self.some_message_ids(indexes)]
        self.both(lambda side: side.work.messages.end_queued(ends, now))

    @rule(indexes=values.some_indexes)
    def read_queued(self, indexes: list[int]) -> None:
        self.both(lambda side: side.work.messages.queued_among(self.some_message_ids(indexes)))

    @rule(indexes=values.some_indexes)
    def hold(self, indexes: list[int]) -> None:
        self.both(lambda side: side.work.messages.hold(self.some_message_ids(indexes)))

    @rule(index=values.indexes, limit=values.limits)
    def release(self, index: int, limit: int) -> None:
        name = self.sender(index)

        def release(side: Side) -> list[int]:
            # Releases all of them, because stores may differ in which they release first.
            counts = [limit]
            while counts[-1]:
                counts.append(side.work.messages.release(side.campaign_keys[name], limit))
            return counts

        self.both(release)

    @rule(
        visibility=values.visibilities,
        of_campaign=st.none() | values.indexes,
        of_execution=st.none() | values.indexes,
        identity=st.none() | values.identities,
        states=values.subsets(MessageState),
        limit=values.limits,
    )
    def list_messages(self, of_campaign: int | None, of_execution: int | None, **filters: Any) -> None:
        execution_id = None if of_execution is None else self.execution_id(of_execution)

        def walk(side: Side) -> list[Message]:
            key = None if of_campaign is None else side.campaign_keys[self.sender(of_campaign)]
            query, walked = MessageQuery(campaign_key=key, execution_id=execution_id, **filters), list[Message]()
            while page := side.work.messages.page(query):
                assert len(page) <= query.limit
                walked += page
                query = replace(query, before=page[-1].id)
            return walked

        self.both(walk)
