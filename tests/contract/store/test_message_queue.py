"""Tests the queue: which messages are due, in which order, and who claims them."""

from __future__ import annotations

from typing import Any

import pytest
from clarion_server.application.ports.store import Store, UnitOfWork
from clarion_server.domain.messages.message import OUTCOMES, Lane, Message, MessageState

from tests.contract.store import samples
from tests.contract.store.given import Sender, a_campaign, a_channel, a_sender, committing
from tests.contract.store.samples import NOW

LATER = NOW + 1


def due_ids(work: UnitOfWork, sender: Sender, now: int = NOW, limit: int = 100) -> list[str]:
    return [message.id for message in work.messages.due(sender.channel.key, now, limit)]


def ids(messages: list[Message]) -> list[str]:
    return [message.id for message in messages]


def stored(work: UnitOfWork, message: Message) -> Message:
    kept = work.messages.get(samples.VISIBILITY, message.id)
    assert kept is not None
    return kept


def test_a_due_message_is_returned_whole(store: Store) -> None:
    with committing(store) as work:
        sender = a_sender(work)
        queued = sender.message(work)
    with store.snapshot() as work:
        assert work.messages.due(sender.channel.key, NOW, 10) == [queued]


def test_a_message_is_not_due_before_its_time(work: UnitOfWork) -> None:
    sender = a_sender(work)
    queued = sender.message(work, due_time=LATER)
    assert due_ids(work, sender, NOW) == []
    assert due_ids(work, sender, LATER) == [queued.id]


def test_the_longest_due_message_goes_first(work: UnitOfWork) -> None:
    sender = a_sender(work)
    last, first, middle = (sender.message(work, due_time=time) for time in (NOW, NOW - 20, NOW - 3))
    assert due_ids(work, sender) == ids([first, middle, last])


def test_a_lower_lane_goes_before_whatever_is_longer_due(work: UnitOfWork) -> None:
    sender = a_sender(work)
    promotion = sender.message(work, lane=Lane.MARKETING, due_time=NOW - 100)
    receipt = sender.message(work, lane=Lane.TRANSACTIONAL, due_time=NOW)
    reset = sender.message(work, lane=Lane.TRANSACTIONAL, due_time=NOW - 1)
    assert due_ids(work, sender) == ids([reset, receipt, promotion])


def test_no_more_than_the_limit_are_returned_and_they_are_the_first_ones(work: UnitOfWork) -> None:
    sender = a_sender(work)
    queued = [sender.message(work, due_time=NOW - 10 + index) for index in range(5)]
    assert due_ids(work, sender, limit=2) == ids(queued[:2])


def test_messages_of_another_channel_are_not_returned(work: UnitOfWork) -> None:
    one, two = a_sender(work, "one"), a_sender(work, "two")
    first, second = one.message(work), two.message(work)
    assert due_ids(work, one) == [first.id]
    assert due_ids(work, two) == [second.id]


def test_messages_of_every_campaign_of_a_channel_are_returned(work: UnitOfWork) -> None:
    one = a_sender(work, "one")
    two = a_sender(work, "two", channel=one.channel)
    queued = [one.message(work, due_time=NOW - 2), two.message(work, due_time=NOW - 1)]
    assert due_ids(work, one) == ids(queued)


@pytest.mark.parametrize("state", [state for state in MessageState if state is not MessageState.QUEUED])
def test_only_queued_messages_are_due(work: UnitOfWork, state: MessageState) -> None:
    sender = a_sender(work)
    sender.message(work, state=state)
    assert due_ids(work, sender) == []
    assert work.messages.next_due_time(sender.channel.key) is None


def test_the_next_due_time_is_the_earliest_of_the_channel_whatever_the_lane(work: UnitOfWork) -> None:
    one, two = a_sender(work, "one"), a_sender(work, "two")
    assert work.messages.next_due_time(one.channel.key) is None
    one.message(work, due_time=300)
    one.message(work, due_time=200, lane=Lane.MARKETING)
    two.message(work, due_time=100)
    assert work.messages.next_due_time(one.channel.key) == 200
    assert work.messages.next_due_time(two.channel.key) == 100


def test_what_waits_is_the_earliest_of_each_channel_and_lane(work: UnitOfWork) -> None:
    assert work.messages.waiting() == {}
    one, two, three = (a_sender(work, name) for name in ("one", "two", "three"))
    three.message(work, due_time=600)
    one.message(work, due_time=300)
    one.message(work, due_time=200)
    one.message(work, due_time=400, lane=Lane.MARKETING)
    two.message(work, due_time=100, lane=Lane.RAPID)
    held = two.message(work, due_time=50)
    two.message(work, state=MessageState.SENT)
    work.messages.hold([held.id])
    assert work.messages.waiting() == {
        (one.channel.key, Lane.TRANSACTIONAL): 200,
        (one.channel.key, Lane.MARKETING): 400,
        (two.channel.key, Lane.RAPID): 100,
        (three.channel.key, Lane.TRANSACTIONAL): 600,
    }


def test_begun_messages_are_in_the_hands_of_their_owner(store: Store) -> None:
    with committing(store) as work:
        sender = a_sender(work)
        first, second, third = sender.messages(work, 3)
    with committing(store) as work:
        work.messages.begin([first.id, third.id], "process-1", LATER)
    with store.snapshot() as work:
        begun: dict[str, Any] = {
            "owner": "process-1",
            "attempt_count": 1,
            "attempt_time": LATER,
            "first_attempt_time": LATER,
        }
        sending = samples.changed(first, state=MessageState.SENDING, **begun)
        assert stored(work, first) == sending
        assert stored(work, second) == second
        assert due_ids(work, sender) == [second.id]
        assert work.messages.next_due_time(sender.channel.key) == second.due_time


def test_a_message_in_the_hands_of_one_process_is_not_taken_by_another(work: UnitOfWork) -> None:
    queued = a_sender(work).message(work)
    work.messages.begin([queued.id], "process-1", NOW)
    work.messages.begin([queued.id], "process-2", LATER)
    assert stored(work, queued).attempts.owner == "process-1"
    assert (stored(work, queued).attempts.count, stored(work, queued).attempts.last_time) == (1, NOW)


def test_each_claim_counts_one_more_attempt(work: UnitOfWork) -> None:
    queued = a_sender(work).message(work, attempt_count=4, attempt_time=NOW - 9)
    work.messages.begin([queued.id], "process-1", NOW)
    assert stored(work, queued).attempts.count == 5
    assert stored(work, queued).attempts.last_time == NOW


def test_the_retry_window_counts_from_the_first_attempt(work: UnitOfWork) -> None:
    queued = a_sender(work).message(work)
    for number in range(3):
        work.messages.begin([queued.id], "process-1", NOW + number)
        work.messages.record_outcomes([samples.outcome(queued, MessageState.QUEUED, number + 1)], "process-1")
        attempts = stored(work, queued).attempts
        assert (attempts.first_time, attempts.last_time) == (NOW, NOW + number)


def test_a_claim_of_nothing_changes_nothing(work: UnitOfWork) -> None:
    queued = a_sender(work).message(work)
    work.messages.begin([], "process-1", NOW)
    work.messages.hold([])
    work.messages.requeue({}, "process-1")
    assert work.messages.record_outcomes([], "process-1") == set()
    assert work.messages.end_queued([], NOW) == set()
    assert stored(work, queued) == queued


def test_thousands_of_messages_are_claimed_and_settled_at_once(work: UnitOfWork) -> None:
    sender = a_sender(work)
    queued = sender.messages(work, 3_000)
    work.messages.begin(ids(queued), "process-1", NOW)
    moved = work.messages.record_outcomes([samples.outcome(each, MessageState.SENT) for each in queued], "process-1")
    assert moved == set(ids(queued))


def test_a_message_that_was_given_back_is_due_as_if_it_had_never_been_claimed(work: UnitOfWork) -> None:
    sender = a_sender(work)
    queued = sender.message(work, attempt_count=2, attempt_time=NOW - 9)
    work.messages.begin([queued.id], "process-1", NOW)
    work.messages.requeue({queued.id: 3}, "process-1")
    given_back = stored(work, queued)
    assert (given_back.state, given_back.attempts.owner, given_back.attempts.count) == (MessageState.QUEUED, None, 2)
    assert given_back.end.time is None
    assert work.messages.due(sender.channel.key, NOW, 10) == [given_back]


def test_nobody_gives_back_what_another_process_sends(work: UnitOfWork) -> None:
    queued = a_sender(work).message(work)
    work.messages.begin([queued.id], "process-1", NOW)
    work.messages.requeue({queued.id: 1}, "process-2")
    assert stored(work, queued).attempts.owner == "process-1"
    assert stored(work, queued).attempts.count == 1


@pytest.mark.parametrize("number", [1, 3])
def test_a_message_is_not_given_back_from_another_attempt_than_it_is_in(work: UnitOfWork, number: int) -> None:
    queued = a_sender(work).message(work, attempt_count=1, attempt_time=NOW - 9)
    work.messages.begin([queued.id], "process-1", NOW)
    work.messages.requeue({queued.id: number}, "process-1")
    kept = stored(work, queued)
    assert (kept.state, kept.attempts.owner, kept.attempts.count) == (MessageState.SENDING, "process-1", 2)


def test_what_nobody_sends_cannot_be_given_back(work: UnitOfWork) -> None:
    sender = a_sender(work)
    queued, sent = sender.message(work, attempt_count=1), sender.message(work, attempt_count=1)
    work.messages.begin([sent.id], "process-1", NOW)
    work.messages.record_outcomes([samples.outcome(sent, MessageState.SENT, 2)], "process-1")
    work.messages.requeue({queued.id: 1, sent.id: 2}, "process-1")
    assert stored(work, queued) == queued
    assert stored(work, sent).state is MessageState.SENT
    assert stored(work, sent).attempts.count == 2


def test_a_channel_is_waiting_while_a_message_is_queued_or_being_sent(work: UnitOfWork) -> None:
    sender, idle = a_sender(work, "busy"), a_sender(work, "idle")
    assert not work.messages.is_waiting(sender.channel.key)
    queued = sender.message(work)
    assert work.messages.is_waiting(sender.channel.key)
    work.messages.begin([queued.id], "process-1", NOW)
    assert work.messages.is_waiting(sender.channel.key)
    work.messages.record_outcomes([samples.outcome(queued, MessageState.SENT)], "process-1")
    assert not work.messages.is_waiting(sender.channel.key)
    assert not work.messages.is_waiting(idle.channel.key)


def test_a_channel_may_be_fallen_back_to_while_a_message_that_has_a_next_action_is_not_at_its_end(
    work: UnitOfWork,
) -> None:
    sender, idle = a_sender(work), a_sender(work, "idle")
    next_channel = a_channel(work, "next")
    work.campaigns.add_version(samples.version(sender.campaign.key, 2), [sender.channel.key, next_channel.key])
    sender.message(work, version=2)
    sender.message(work, version=1, fallbacks=samples.fallbacks("jane@example.com"))
    assert not work.messages.may_fall_back_to(next_channel.key)
    first = sender.message(work, version=2, fallbacks=samples.fallbacks("jane@example.com"))
    assert work.messages.may_fall_back_to(next_channel.key)
    work.messages.begin([first.id], "process-1", NOW)
    assert work.messages.may_fall_back_to(next_channel.key)
    assert not work.messages.may_fall_back_to(idle.channel.key)
    work.messages.record_outcomes([samples.outcome(first, MessageState.SENT)], "process-1")
    assert not work.messages.may_fall_back_to(next_channel.key)


def test_fallbacks_are_dropped_of_one_execution_or_message_alone(work: UnitOfWork) -> None:
    sender = a_sender(work)
    first, second, other = (sender.message(work, fallbacks=samples.fallbacks("jane@example.com")) for _ in range(3))
    ids = [first.id, second.id, other.id]
    work.messages.begin([first.id], "process-1", NOW)
    assert work.messages.with_fallbacks([*ids, sender.message(work).id]) == set(ids)
    work.messages.drop_fallbacks(first.execution_id)
    assert work.messages.with_fallbacks(ids) == {second.id, other.id}
    work.messages.drop_fallback(second.id)
    assert work.messages.with_fallbacks(ids) == {other.id}


def test_messages_of_an_execution_may_be_followed_while_one_is_queued_or_sent_that_has_fallbacks(
    work: UnitOfWork,
) -> None:
    sender = a_sender(work)
    sender.message(work, fallbacks=samples.fallbacks("jane@example.com"))
    without = sender.message(work)
    message = sender.message(work, fallbacks=samples.fallbacks("jane@example.com"))
    assert not work.messages.may_be_followed(without.execution_id)
    assert work.messages.may_be_followed(message.execution_id)
    work.messages.begin([message.id], "process-1", NOW)
    assert work.messages.may_be_followed(message.execution_id)
    work.messages.record_outcomes([samples.outcome(message, MessageState.SENT)], "process-1")
    assert not work.messages.may_be_followed(message.execution_id)


def test_fallbacks_of_messages_at_their_end_are_kept(work: UnitOfWork) -> None:
    sender = a_sender(work)
    message = sender.message(work, state=MessageState.FAILED, fallbacks=samples.fallbacks("jane@example.com"))
    work.messages.drop_fallbacks(message.execution_id)
    assert work.messages.with_fallbacks([message.id]) == {message.id}


def test_a_channel_is_waiting_for_held_messages_too(work: UnitOfWork) -> None:
    sender = a_sender(work)
    work.messages.hold([sender.message(work).id])
    assert work.messages.is_waiting(sender.channel.key)


@pytest.mark.parametrize("state", sorted(OUTCOMES))
def test_a_channel_is_not_waiting_for_a_message_with_an_outcome(work: UnitOfWork, state: MessageState) -> None:
    sender = a_sender(work)
    sender.message(work, state=state)
    assert not work.messages.is_waiting(sender.channel.key)


def test_claimed_messages_are_found_by_their_owners(work: UnitOfWork) -> None:
    sender = a_sender(work)
    assert work.messages.owners() == set()
    first, second, third, _ = sender.messages(work, 4)
    for owner, message in (("process-1", first), ("process-2", second), ("process-3", third)):
        work.messages.begin([message.id], owner, NOW)
    assert work.messages.owners() == {"process-1", "process-2", "process-3"}
    held = work.messages.claimed_by(["process-1", "process-3", "process-9"], 10)
    assert sorted(ids(held)) == ids([first, third])
    assert held[0] == stored(work, held[0])
    assert len(work.messages.claimed_by(["process-1", "process-3"], 1)) == 1
    assert work.messages.claimed_by([], 10) == []


def test_a_message_whose_outcome_was_recorded_is_claimed_by_nobody(work: UnitOfWork) -> None:
    sender = a_sender(work)
    done, again = sender.messages(work, 2)
    work.messages.begin([done.id, again.id], "process-1", NOW)
    work.messages.record_outcomes([samples.outcome(done, MessageState.SENT)], "process-1")
    work.messages.record_outcomes([samples.outcome(again, MessageState.QUEUED)], "process-1")
    assert work.messages.owners() == set()
    assert work.messages.claimed_by(["process-1"], 10) == []


def test_queued_messages_of_an_execution_are_returned_held_or_not(work: UnitOfWork) -> None:
    sender = a_sender(work)
    queued, held, sending, sent = sender.messages(work, 4)
    sender.message(work)
    work.messages.hold([held.id])
    work.messages.begin([sending.id, sent.id], "process-1", NOW)
    work.messages.record_outcomes([samples.outcome(sent, MessageState.SENT)], "process-1")
    found = work.messages.queued_of_execution(queued.execution_id)
    assert sorted(found, key=lambda message: message.id) == [queued, held]


def test_queued_messages_of_a_campaign_are_returned_held_or_not(work: UnitOfWork) -> None:
    one = a_sender(work, "one")
    two = a_sender(work, "two", channel=one.channel)
    queued, held, sending = one.message(work), one.message(work), one.message(work)
    two.message(work)
    work.messages.hold([held.id])
    work.messages.begin([sending.id], "process-1", NOW)
    found = work.messages.queued_of_campaign(one.campaign.key, 10)
    assert sorted(found, key=lambda message: message.id) == [queued, held]
    assert len(work.messages.queued_of_campaign(one.campaign.key, 1)) == 1
    silent = a_campaign(work, "silent")
    assert work.messages.queued_of_campaign(silent.key, 10) == []
