"""Events: recorded once, in an order that a watcher can resume from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from clarion_server.application.ports.queries import EventQuery
from clarion_server.application.ports.store import Store, UnitOfWork
from clarion_server.domain.events.event import Event, EventType
from clarion_server.domain.messages.attempt import Attempt, AttemptResult
from clarion_server.domain.messages.exclusion import Exclusion, ExclusionReason
from clarion_server.domain.messages.message import Message, MessageState, message_id

from tests.contract.store import samples
from tests.contract.store.given import a_sender, committing

QUERY = EventQuery(samples.VISIBILITY, after=0)


def without_sequence(events: list[Event]) -> list[Event]:
    return [replace(event, sequence=0) for event in events]


def recorded(work: UnitOfWork, *events: Event) -> list[Event]:
    """Returns the events with the sequence that the store assigned."""
    before = work.events.last_sequence()
    work.events.add_all(events)
    return work.events.page(replace(QUERY, after=before))


def test_every_field_of_an_event_is_kept(store: Store) -> None:
    with committing(store) as work:
        message = a_sender(work).message(work)
        attempt = Attempt(
            3, samples.NOW - 2, samples.NOW - 1, AttemptResult.DEFERRED, samples.failure(), "queued as 42"
        )
        whole = [
            samples.event(message, MessageState.QUEUED, detail=attempt),
            samples.event(message, MessageState.SENT, detail=Attempt(4, 1, 2, AttemptResult.SENT)),
            samples.event(message, MessageState.EXCLUDED, detail=Exclusion(ExclusionReason.SUPPRESSED)),
            samples.event(message, MessageState.CANCELLED, labels={"order": "4711"}),
            Event(EventType.CANCELLED, samples.NOW, samples.SANDBOX, "profiles/jane"),
        ]
        work.events.add_all(whole)
    with store.snapshot() as work:
        assert without_sequence(work.events.page(QUERY)) == whole
        assert without_sequence(work.events.of_message(message.id)) == whole[:4]


def test_the_sequence_grows_in_the_order_of_commits(store: Store) -> None:
    with committing(store) as work:
        message = a_sender(work).message(work)
    for state in (MessageState.QUEUED, MessageState.QUEUED, MessageState.SENT):
        with committing(store) as work:
            # Later events have earlier times, because the order is that of the commits.
            work.events.add_all([samples.event(message, state, time=samples.NOW - work.events.last_sequence())])
    with store.snapshot() as work:
        page = work.events.page(QUERY)
        assert [event.type for event in page] == [EventType.DEFERRED, EventType.DEFERRED, EventType.SENT]
        sequences = [event.sequence for event in page]
        assert sequences == sorted(set(sequences))
        assert work.events.last_sequence() == sequences[-1]


def test_there_is_no_last_sequence_without_events(work: UnitOfWork) -> None:
    assert work.events.last_sequence() == 0
    assert work.events.page(QUERY) == []


def test_nothing_can_be_recorded(work: UnitOfWork) -> None:
    work.events.add_all([])
    assert work.events.last_sequence() == 0


def test_the_sequence_grows_on_after_a_rollback(store: Store) -> None:
    with committing(store) as work:
        message = a_sender(work).message(work)
        work.events.add_all([samples.event(message, MessageState.QUEUED)])
    with store.begin() as work:
        work.events.add_all([samples.event(message, MessageState.FAILED)] * 3)
    with committing(store) as work:
        before = work.events.last_sequence()
        work.events.add_all([samples.event(message)])
        assert work.events.last_sequence() > before
    with store.snapshot() as work:
        assert [event.type for event in work.events.page(QUERY)] == [EventType.DEFERRED, EventType.SENT]


def test_a_watcher_that_resumes_misses_nothing_and_sees_nothing_twice(store: Store) -> None:
    with committing(store) as work:
        messages = a_sender(work).messages(work, 10)
    seen: list[str | None] = []
    query = replace(QUERY, limit=3)
    for message in messages:
        with committing(store) as work:
            work.events.add_all([samples.event(message)] * 2)
        with store.snapshot() as work:
            if page := work.events.page(query):
                seen += [event.message_id for event in page]
                query = replace(query, after=page[-1].sequence)
    assert seen == [message.id for message in messages for _ in range(2)]


@pytest.mark.parametrize("limit", [1, 4, 100])
def test_pages_of_events_neither_repeat_nor_miss(work: UnitOfWork, limit: int) -> None:
    message = a_sender(work).message(work)
    kept = recorded(work, *[samples.event(message, time=time) for time in range(9)])
    walked: list[Event] = []
    query = replace(QUERY, limit=limit)
    while page := work.events.page(query):
        walked += page
        query = replace(query, after=page[-1].sequence)
    assert walked == kept
    assert len(kept) == 9


def test_events_are_filtered(work: UnitOfWork) -> None:
    one, two = a_sender(work, "one"), a_sender(work, "two")
    first, sibling = one.messages(work, 2)
    cousin, stranger = one.message(work), two.message(work)
    events = recorded(
        work,
        samples.event(first, MessageState.QUEUED),
        samples.event(sibling),
        samples.event(cousin),
        samples.event(stranger, MessageState.QUEUED),
        samples.event(first),
    )

    def found(**filters: Any) -> list[int]:
        query = replace(QUERY, **filters)
        page = work.events.page(query)
        # What the tail gives its watchers is filtered in memory.
        assert [event for event in work.events.tail(0, 100) if query.matches(event)][: query.limit] == page
        return [events.index(event) for event in page]

    assert found(campaign_key=one.campaign.key) == [0, 1, 2, 4]
    assert found(execution_id=first.execution_id) == [0, 1, 4]
    assert found(message_id=first.id) == [0, 4]
    assert found(types=frozenset({EventType.DEFERRED})) == [0, 3]
    assert found(types=frozenset({EventType.DEFERRED, EventType.SENT})) == [0, 1, 2, 3, 4]
    assert found(types=frozenset({EventType.FAILED})) == []
    assert found(message_id=first.id, types=frozenset({EventType.SENT})) == [4]
    assert found(campaign_key=two.campaign.key, message_id=first.id) == []
    assert found(campaign_key=one.campaign.key, limit=2) == [0, 1]
    assert found(execution_id=first.execution_id, after=events[1].sequence) == [4]


def test_events_are_seen_in_the_sandbox_of_their_campaign_alone(work: UnitOfWork) -> None:
    here, there = a_sender(work), a_sender(work, sandbox="staging")
    ours, theirs = here.message(work), there.message(work)
    work.events.add_all([samples.event(theirs), samples.event(ours), samples.event(theirs)])
    assert [event.message_id for event in work.events.page(QUERY)] == [ours.id]
    assert work.events.page(replace(QUERY, campaign_key=there.campaign.key)) == []
    assert work.events.page(replace(QUERY, execution_id=theirs.execution_id)) == []
    assert work.events.page(replace(QUERY, message_id=theirs.id)) == []
    assert len(work.events.page(EventQuery(samples.STAGING, after=0))) == 2
    query = EventQuery(samples.STAGING, after=0)
    assert [query.matches(event) for event in work.events.tail(0, 10)] == [True, False, True]


def test_the_tail_has_the_events_of_every_sandbox_in_order(work: UnitOfWork) -> None:
    here, there = a_sender(work), a_sender(work, sandbox="staging")
    events = [samples.event(each.message(work)) for each in (here, there, here, there)]
    work.events.add_all(events)
    tail = work.events.tail(0, 3)
    assert [event.message_id for event in tail] == [event.message_id for event in events[:3]]
    assert [event.message_id for event in work.events.tail(tail[-1].sequence, 3)] == [events[3].message_id]


def test_the_events_of_a_message_are_returned_in_order(work: UnitOfWork) -> None:
    first, second = a_sender(work).messages(work, 2)
    kept = recorded(work, samples.event(first, MessageState.QUEUED), samples.event(second), samples.event(first))
    assert work.events.of_message(first.id) == [kept[0], kept[2]]
    assert work.events.of_message(message_id(samples.new_id(), 0, 0)) == []


def test_equal_events_are_kept_each(work: UnitOfWork) -> None:
    message: Message = a_sender(work).message(work)
    assert len(recorded(work, samples.event(message), samples.event(message))) == 2


def test_messages_are_in_doubt_after_an_attempt_that_nobody_knows_the_end_of(store: Store) -> None:
    with committing(store) as work:
        doubtful, later, deferred, parked, untold, other = a_sender(work).messages(work, 6)
        in_doubt, put_off = (
            Attempt(1, 1, 2, result, samples.failure()) for result in (AttemptResult.IN_DOUBT, AttemptResult.DEFERRED)
        )
        deferrals = [(doubtful, in_doubt), (later, put_off), (later, in_doubt), (later, put_off), (deferred, put_off)]
        deferrals += [(other, in_doubt)]
        work.events.add_all(
            [
                *(samples.event(message, MessageState.QUEUED, detail=end) for message, end in deferrals),
                samples.event(parked, MessageState.IN_DOUBT, detail=in_doubt),
                samples.event(untold, MessageState.QUEUED),
            ]
        )
    asked = [message.id for message in (doubtful, later, deferred, parked, untold)]
    with store.snapshot() as work:
        assert work.events.in_doubt(asked) == {doubtful.id, later.id}
        assert work.events.in_doubt([message_id(samples.new_id(), 0, 0)]) == set()
        assert work.events.in_doubt([]) == set()
