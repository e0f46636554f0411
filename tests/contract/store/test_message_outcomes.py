"""A message gets one outcome, from its owner, for the current attempt."""

from __future__ import annotations

import pytest
from clarion_server.application.ports.store import Store, UnitOfWork
from clarion_server.domain.messages.message import OUTCOMES, SUCCESSORS, Message, MessageState

from tests.contract.store import samples
from tests.contract.store.given import a_sender, committing, ends
from tests.contract.store.samples import NOW, outcome

SETTLED = sorted(SUCCESSORS[MessageState.SENDING] & OUTCOMES)
ENDED = sorted(SUCCESSORS[MessageState.QUEUED] & OUTCOMES)


def stored(work: UnitOfWork, message: Message) -> Message:
    kept = work.messages.get(samples.VISIBILITY, message.id)
    assert kept is not None
    return kept


def sending(work: UnitOfWork, owner: str = "process-1") -> Message:
    """Adds a message and begins its first attempt."""
    queued = a_sender(work).message(work)
    work.messages.begin([queued.id], owner, NOW)
    return stored(work, queued)


@pytest.mark.parametrize("state", SETTLED)
def test_a_settled_message_has_its_outcome(store: Store, state: MessageState) -> None:
    with committing(store) as work:
        message = sending(work)
    end = outcome(message, state, failure=samples.failure())
    with committing(store) as work:
        assert work.messages.record_outcomes([end], "process-1") == {message.id}
    with store.snapshot() as work:
        failure = None if end.attempt is None else samples.failure()
        ended = samples.changed(message, state=state, owner=None, outcome_time=end.time, failure=failure)
        assert stored(work, message) == ended


def test_a_message_that_is_tried_again_waits_for_its_new_time(store: Store) -> None:
    with committing(store) as work:
        message = sending(work)
    with committing(store) as work:
        again = outcome(message, MessageState.QUEUED, due_time=NOW + 77)
        assert work.messages.record_outcomes([again], "process-1") == {message.id}
    with store.snapshot() as work:
        waiting = samples.changed(message, state=MessageState.QUEUED, owner=None, due_time=NOW + 77)
        assert stored(work, message) == waiting
        assert work.messages.due(message.action.channel_key, NOW + 76, 10) == []
        assert work.messages.due(message.action.channel_key, NOW + 77, 10) == [waiting]


def test_a_settlement_without_a_due_time_leaves_it(work: UnitOfWork) -> None:
    message = sending(work)
    work.messages.record_outcomes([outcome(message, MessageState.QUEUED)], "process-1")
    assert stored(work, message).due_time == message.due_time


def test_a_sent_message_shows_no_failure_of_an_earlier_attempt(work: UnitOfWork) -> None:
    message = sending(work)
    work.messages.record_outcomes([outcome(message, MessageState.QUEUED, failure=samples.failure())], "process-1")
    work.messages.begin([message.id], "process-1", NOW)
    work.messages.record_outcomes([outcome(message, MessageState.SENT, 2)], "process-1")
    assert stored(work, message).end.failure is None


def test_another_process_settles_nothing(work: UnitOfWork) -> None:
    message = sending(work, owner="process-1")
    assert work.messages.record_outcomes([outcome(message, MessageState.SENT)], "process-2") == set()
    assert stored(work, message) == message


@pytest.mark.parametrize("attempt_number", [0, 1, 3])
def test_a_settlement_of_another_attempt_changes_nothing(work: UnitOfWork, attempt_number: int) -> None:
    message = sending(work)
    work.messages.record_outcomes([outcome(message, MessageState.QUEUED)], "process-1")
    work.messages.begin([message.id], "process-1", NOW + 1)
    second = stored(work, message)
    assert work.messages.record_outcomes([outcome(message, MessageState.SENT, attempt_number)], "process-1") == set()
    assert stored(work, message) == second


def test_a_lapsed_owner_changes_nothing_once_another_has_taken_over(store: Store) -> None:
    with committing(store) as work:
        message = sending(work, owner="lapsed")
    with committing(store) as work:
        work.messages.record_outcomes([outcome(message, MessageState.QUEUED)], "lapsed")
        work.messages.begin([message.id], "successor", NOW)
    with committing(store) as work:
        assert work.messages.record_outcomes([outcome(message, MessageState.FAILED, 1)], "lapsed") == set()
        assert work.messages.record_outcomes([outcome(message, MessageState.FAILED, 2)], "lapsed") == set()
    with committing(store) as work:
        assert work.messages.record_outcomes([outcome(message, MessageState.SENT, 2)], "successor") == {message.id}
    with store.snapshot() as work:
        assert stored(work, message).state is MessageState.SENT


def test_a_queued_message_cannot_be_settled(work: UnitOfWork) -> None:
    queued = a_sender(work).message(work)
    for attempt_number in (0, 1):
        assert work.messages.record_outcomes([outcome(queued, MessageState.SENT, attempt_number)], "process-1") == set()
    assert stored(work, queued) == queued


def test_an_unknown_message_is_settled_and_ended_by_nobody(work: UnitOfWork) -> None:
    unknown = samples.message(1, 1)
    assert work.messages.record_outcomes([outcome(unknown, MessageState.SENT)], "process-1") == set()
    assert work.messages.end_queued(ends([unknown], MessageState.CANCELLED), NOW) == set()


def test_a_batch_of_settlements_moves_those_that_still_may(work: UnitOfWork) -> None:
    sender = a_sender(work)
    ours, theirs, again, failed = sender.messages(work, 4)
    work.messages.begin([ours.id, again.id, failed.id], "process-1", NOW)
    work.messages.begin([theirs.id], "process-2", NOW)
    batch = [
        outcome(ours, MessageState.SENT),
        outcome(theirs, MessageState.SENT),
        outcome(again, MessageState.QUEUED, due_time=NOW + 5),
        outcome(failed, MessageState.FAILED, failure=samples.failure()),
    ]
    assert work.messages.record_outcomes(batch, "process-1") == {ours.id, again.id, failed.id}
    states = [stored(work, message).state for message in (ours, theirs, again, failed)]
    assert states == [MessageState.SENT, MessageState.SENDING, MessageState.QUEUED, MessageState.FAILED]
    assert [stored(work, message).end.failure for message in (ours, again, failed)] == [None, None, samples.failure()]


@pytest.mark.parametrize("state", ENDED)
def test_queued_messages_can_be_ended(store: Store, state: MessageState) -> None:
    with committing(store) as work:
        sender = a_sender(work)
        one, two = sender.messages(work, 2)
    with committing(store) as work:
        assert work.messages.end_queued(ends([one], state), NOW + 5) == {one.id}
    with store.snapshot() as work:
        assert stored(work, one) == samples.changed(one, state=state, outcome_time=NOW + 5)
        assert stored(work, two) == two
        assert work.messages.due(sender.channel.key, NOW, 10) == [two]


@pytest.mark.parametrize("state", ENDED)
def test_only_queued_messages_can_be_ended(work: UnitOfWork, state: MessageState) -> None:
    message = sending(work)
    assert work.messages.end_queued(ends([message], state), NOW) == set()
    assert stored(work, message) == message


@pytest.mark.parametrize("ended", sorted(OUTCOMES))
def test_a_message_with_an_outcome_never_moves(work: UnitOfWork, ended: MessageState) -> None:
    decided = a_sender(work).message(work, state=ended, outcome_time=NOW, attempt_count=1)
    work.messages.begin([decided.id], "process-1", NOW)
    work.messages.hold([decided.id])
    work.messages.requeue({decided.id: 1}, "process-1")
    work.messages.release(decided.action.campaign_key, 10)
    for state in (MessageState.QUEUED, *SETTLED):
        assert work.messages.record_outcomes([outcome(decided, state)], "process-1") == set()
    for state in ENDED:
        assert work.messages.end_queued(ends([decided], state), NOW + 9) == set()
    assert stored(work, decided) == decided


def test_of_a_cancellation_and_a_claim_only_the_first_happens(store: Store) -> None:
    with committing(store) as work:
        sender = a_sender(work)
        claimed, cancelled = sender.messages(work, 2)
    with committing(store) as work:
        work.messages.begin([claimed.id], "process-1", NOW)
        assert work.messages.end_queued(ends([claimed, cancelled], MessageState.CANCELLED), NOW) == {cancelled.id}
    with store.snapshot() as work:
        assert stored(work, claimed).state is MessageState.SENDING
        assert stored(work, cancelled).state is MessageState.CANCELLED
        assert work.messages.due(sender.channel.key, NOW, 10) == []
