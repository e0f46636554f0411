"""Old rows are purged. Young rows, messages without an outcome and counters are kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from clarion_server.adapters.storage.schema import message_labels
from clarion_server.adapters.storage.unit_of_work import SqlUnitOfWork
from clarion_server.application.ports.queries import EventQuery, ExecutionQuery, MessageQuery
from clarion_server.application.ports.retention import Swept
from clarion_server.application.ports.store import Store, UnitOfWork
from clarion_server.domain.events.counter import Metric
from clarion_server.domain.events.event import EventType, suppression_event
from clarion_server.domain.instant import DAY, Instant
from clarion_server.domain.messages.message import OUTCOMES, Message, MessageState
from sqlalchemy import select

from tests.contract.store import samples
from tests.contract.store.given import Sender, a_sender, committing
from tests.contract.store.samples import NOW

OLD, YOUNG = NOW - 10 * DAY, NOW - DAY
BEFORE = NOW - 5 * DAY
EMPTY = b"{}"

Step = Callable[[UnitOfWork, int], Swept[int]]


def sweep(store: Store, name: str, limit: int = 2, before: Instant = BEFORE) -> list[int]:
    """Sweeps to the end, one transaction a step, and returns how many rows each step read."""
    counts: list[int] = []
    position: int | str = "" if name == "purge_executions" else 0
    while True:
        with committing(store) as work:
            swept = getattr(work.retention, name)(before, position, limit)
        position = swept.position
        counts.append(swept.count)
        if not swept.count:
            return counts


def ended(work: UnitOfWork, sender: Sender, time: Instant, state: MessageState = MessageState.SENT) -> Message:
    """Adds a message that has ended, with its event."""
    message = sender.message(work, state=state, accept_time=time, due_time=time, outcome_time=time + 1)
    work.events.add_all([replace(samples.event(message), time=time + 1)])
    return message


def waiting(work: UnitOfWork, sender: Sender, time: Instant) -> Message:
    """Adds a message without an outcome that has an event."""
    message = sender.message(work, state=MessageState.QUEUED, accept_time=time, due_time=time)
    work.events.add_all([replace(samples.event(message), time=time + 1)])
    return message


def stored_ids(store: Store) -> set[str]:
    with store.snapshot() as work:
        return {message.id for message in work.messages.page(MessageQuery(samples.VISIBILITY, limit=100))}


def with_events(store: Store) -> list[str | None]:
    with store.snapshot() as work:
        return [event.message_id for event in work.events.page(EventQuery(samples.VISIBILITY, after=0))]


@pytest.mark.parametrize("state", sorted(OUTCOMES))
def test_contexts_of_messages_that_ended_long_ago_are_purged(store: Store, state: MessageState) -> None:
    with committing(store) as work:
        sender = a_sender(work)
        old = [ended(work, sender, OLD, state) for _ in range(5)]
        kept = [waiting(work, sender, OLD), ended(work, sender, YOUNG, state)]
    assert max(sweep(store, "purge_contexts")) <= 2
    with store.snapshot() as work:
        for message in old:
            assert work.messages.get(samples.VISIBILITY, message.id) == replace(message, context=EMPTY, profile=EMPTY)
        assert [work.messages.get(samples.VISIBILITY, message.id) for message in kept] == kept
        listed = work.messages.page(MessageQuery(samples.VISIBILITY, identity=old[0].identity, limit=100))
        assert {message.id for message in listed} >= {old[0].id}


def test_a_message_without_its_context_is_still_settled_and_counted(store: Store) -> None:
    with committing(store) as work:
        sender = a_sender(work)
        message = ended(work, sender, OLD)
    sweep(store, "purge_contexts")
    with store.snapshot() as work:
        assert work.messages.state_counts(message.execution_id) == {MessageState.SENT: 1}
        assert work.events.of_message(message.id)


def test_the_last_position_stays_when_every_event_is_purged(store: Store) -> None:
    with committing(store) as work:
        ended(work, a_sender(work), OLD)
    with store.snapshot() as work:
        last = work.events.last_sequence()
    sweep(store, "purge_events")
    with store.snapshot() as work:
        assert work.events.page(EventQuery(samples.VISIBILITY, after=0)) == []
        assert work.events.last_sequence() == work.events.newest_sequence() == last > 0


def test_events_that_are_old_are_purged_and_it_is_remembered_how_far(store: Store) -> None:
    with committing(store) as work:
        sender = a_sender(work)
        gone = [ended(work, sender, OLD) for _ in range(3)]
        held = waiting(work, sender, OLD)
        young = ended(work, sender, YOUNG)
    with store.snapshot() as work:
        assert work.events.purged_through() == 0
        last_gone = work.events.page(EventQuery(samples.VISIBILITY, after=0))[2].sequence
        last = work.events.last_sequence()
    assert max(sweep(store, "purge_events")) <= 2
    assert with_events(store) == [held.id, young.id]
    with store.snapshot() as work:
        assert work.events.purged_through() == last_gone
        assert work.events.last_sequence() == last
        assert work.events.of_message(gone[0].id) == []


def test_old_events_that_are_of_no_message_are_purged(store: Store) -> None:
    with committing(store) as work:
        for time in (OLD, YOUNG):
            suppression = samples.suppression()
            work.events.add_all([suppression_event(EventType.SUPPRESSION_CREATED, suppression, time)])
    sweep(store, "purge_events")
    with store.snapshot() as work:
        assert [event.time for event in work.events.page(EventQuery(samples.VISIBILITY, after=0))] == [YOUNG]


def test_sequences_go_on_after_all_events_were_purged(store: Store) -> None:
    with committing(store) as work:
        sender = a_sender(work)
        ended(work, sender, OLD)
    with store.snapshot() as work:
        last = work.events.page(EventQuery(samples.VISIBILITY, after=0))[0].sequence
    sweep(store, "purge_events")
    with committing(store) as work:
        message = ended(work, sender, YOUNG)
    with store.snapshot() as work:
        (event,) = work.events.page(EventQuery(samples.VISIBILITY, after=last))
        assert (event.message_id, event.sequence > last) == (message.id, True)


def test_messages_go_after_their_events_and_take_their_contexts_along(store: Store) -> None:
    with committing(store) as work:
        sender = a_sender(work)
        gone = [ended(work, sender, OLD) for _ in range(5)]
        without_events = [
            sender.message(work, accept_time=OLD, due_time=OLD),
            sender.message(work, state=MessageState.SENT, accept_time=OLD, outcome_time=YOUNG),
        ]
        kept = {each.id for each in (*without_events, waiting(work, sender, OLD), ended(work, sender, YOUNG))}
    sweep(store, "purge_messages")
    assert stored_ids(store) == {message.id for message in gone} | kept
    sweep(store, "purge_events")
    assert max(sweep(store, "purge_messages")) <= 2
    assert stored_ids(store) == kept
    assert sweep(store, "purge_contexts", before=NOW)[-1] == 0
    with store.snapshot() as work:
        assert work.messages.get(samples.VISIBILITY, gone[0].id) is None


def test_messages_take_along_the_labels_by_which_they_are_found(store: Store) -> None:
    labels = {"customer": "Jane"}
    with committing(store) as work:
        sender = a_sender(work)
        sender.message(work, state=MessageState.SENT, accept_time=OLD, outcome_time=OLD, labels=labels)
        kept = sender.message(work, state=MessageState.SENT, accept_time=YOUNG, outcome_time=YOUNG, labels=labels)
    sweep(store, "purge_messages")
    assert stored_ids(store) == {kept.id}
    with store.snapshot() as work:
        assert isinstance(work, SqlUnitOfWork)
        assert work.connection.execute(select(message_labels.c.message_id)).scalars().all() == [kept.id]


def test_executions_go_after_their_messages_and_their_request_ids_are_free(store: Store) -> None:
    with committing(store) as work:
        sender = a_sender(work)
        key = sender.campaign.key
        older = sender.execution(work, accept_time=OLD)
        empty = sender.execution(work, accept_time=OLD, request_id="a")
        young = sender.execution(work, accept_time=YOUNG, request_id="b")
        used = sender.execution(work, accept_time=OLD, request_id="c")
        ids = [f"{each.id}-0000" for each in (older, used)]
        work.messages.add_all([samples.message(key, sender.channel.key, id=each) for each in ids])
    sweep(store, "purge_executions", limit=1)
    with store.snapshot() as work:
        left = {each.id for each in work.executions.page(ExecutionQuery(samples.VISIBILITY))}
        assert left == {older.id, young.id, used.id}
        found = work.executions.by_request_ids([(key, "a"), (key, "b"), (key, "c")])
        assert {request for _, request in found} == {"b", "c"}
        assert work.executions.get(samples.VISIBILITY, empty.id) is None


def test_counters_stay(store: Store) -> None:
    with committing(store) as work:
        sender = a_sender(work)
        ended(work, sender, OLD)
        work.counters.add({samples.counter(sender.campaign.key, 1): 1})
    for name in ("purge_contexts", "purge_events", "purge_messages", "purge_executions"):
        sweep(store, name)
    with store.snapshot() as work:
        assert work.counters.of_campaign(sender.campaign.key, None) == {(Metric.TARGETED, ""): 1}


def test_a_step_looks_at_no_more_than_its_limit_and_ends_at_what_is_young(store: Store) -> None:
    with committing(store) as work:
        sender = a_sender(work)
        for _ in range(3):
            waiting(work, sender, OLD)
        ended(work, sender, YOUNG)
    for name in ("purge_contexts", "purge_events", "purge_messages"):
        assert all(count <= 2 for count in sweep(store, name))
    assert len(stored_ids(store)) == 4
