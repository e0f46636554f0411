"""Tests the states of a message: one way through, and no way out of an outcome."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from clarion_server.domain.campaigns.campaign_definition import InDoubtPolicy
from clarion_server.domain.category import Category
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.channels.retry import RetryPolicy
from clarion_server.domain.events.delivery import decide_next, expire
from clarion_server.domain.events.event import EventType
from clarion_server.domain.instant import DAY, SECOND
from clarion_server.domain.messages.attempt import Attempt, AttemptResult, BegunAttempts, Failure, FailureReason
from clarion_server.domain.messages.message import (
    OUTCOMES,
    SUCCESSORS,
    Lane,
    Message,
    MessageState,
    VersionAction,
    execution_id_of,
    lane_of,
    may_follow,
    message_id,
)
from hypothesis import given
from hypothesis import strategies as st

QUEUED, SENDING = MessageState.QUEUED, MessageState.SENDING
ENDS = {
    MessageState.SENT,
    MessageState.EXCLUDED,
    MessageState.CANCELLED,
    MessageState.EXPIRED,
    MessageState.FAILED,
    MessageState.IN_DOUBT,
}
EXECUTION_ID = "0" * 31 + "7"

states = st.sampled_from(MessageState)
fractions = st.floats(0, 1, exclude_max=True)


def sending(expire_time: int | None = None) -> Message:
    return Message(
        id=message_id(EXECUTION_ID, 0, 0),
        action=VersionAction("default", 1, 1, "email", Channel.EMAIL, 1, Lane.TRANSACTIONAL),
        identity="email:jane@example.com",
        address="jane@example.com",
        locale="en",
        context=b"{}",
        profile=b"{}",
        state=SENDING,
        accept_time=0,
        release_time=0,
        due_time=0,
        expire_time=expire_time,
        attempts=BegunAttempts(1, 0, "process", 0),
    )


def test_the_outcomes_are_these_six() -> None:
    assert OUTCOMES == ENDS


@pytest.mark.parametrize(
    ("state", "successors"),
    [
        # It is claimed, called off, forbidden, or too late; or it may have been sent, and must not be sent again.
        (QUEUED, {SENDING, *ENDS} - {MessageState.SENT, MessageState.FAILED}),
        # Every result of a hand-off, including another attempt, or the end of a wait for one. A message that is being
        # sent cannot be cancelled.
        (SENDING, {QUEUED, *ENDS} - {MessageState.CANCELLED}),
        *[(end, set()) for end in sorted(ENDS)],
    ],
)
def test_a_state_is_followed_by_these_alone(state: MessageState, successors: set[MessageState]) -> None:
    assert {successor for successor in MessageState if may_follow(state, successor)} == successors


@given(st.lists(states, max_size=30))
def test_no_path_leaves_an_outcome(wanted: list[MessageState]) -> None:
    path = [QUEUED]
    for successor in wanted:
        if may_follow(path[-1], successor):
            path.append(successor)
    assert not OUTCOMES.intersection(path[:-1])
    assert all(state is not successor for state, successor in pairwise(path))


@given(st.lists(states, max_size=30))
def test_whatever_happened_an_outcome_can_still_be_reached(wanted: list[MessageState]) -> None:
    state = QUEUED
    for successor in wanted:
        state = successor if may_follow(state, successor) else state
    assert state in OUTCOMES or SUCCESSORS[state] & OUTCOMES


def test_a_message_may_be_excluded_until_it_is_handed_off() -> None:
    assert {state for state in MessageState if may_follow(state, MessageState.EXCLUDED)} == {QUEUED, SENDING}


@given(
    result=st.sampled_from(AttemptResult),
    in_doubt_policy=st.sampled_from(InDoubtPolicy),
    end_time=st.integers(0, 2 * DAY),
    expire_time=st.none() | st.integers(0, 2 * DAY),
    fraction=fractions,
)
def test_every_end_of_an_attempt_is_a_legal_move_with_its_event(
    result: AttemptResult, in_doubt_policy: InDoubtPolicy, end_time: int, expire_time: int | None, fraction: float
) -> None:
    failure = None if result is AttemptResult.SENT else Failure(FailureReason.THROTTLED)
    attempt = Attempt(1, 0, end_time, result, failure)
    end = decide_next(sending(expire_time), attempt, RetryPolicy(), in_doubt_policy, lambda: fraction)
    assert may_follow(SENDING, end.state)
    assert (end.due_time is not None) == (end.state is QUEUED)
    assert end.event.type == (EventType.DEFERRED if end.state is QUEUED else EventType[end.state.name])
    assert end.event.message_id == end.message.id


@pytest.mark.parametrize(
    ("result", "policy", "state"),
    [
        (AttemptResult.SENT, InDoubtPolicy.RESEND, MessageState.SENT),
        (AttemptResult.FAILED, InDoubtPolicy.RESEND, MessageState.FAILED),
        (AttemptResult.DEFERRED, InDoubtPolicy.RESEND, QUEUED),
        # What is in doubt is sent again, or parked for people to look at, as the campaign says.
        (AttemptResult.IN_DOUBT, InDoubtPolicy.RESEND, QUEUED),
        (AttemptResult.IN_DOUBT, InDoubtPolicy.PARK, MessageState.IN_DOUBT),
        # Parking is for doubt alone.
        (AttemptResult.DEFERRED, InDoubtPolicy.PARK, QUEUED),
    ],
)
def test_the_end_of_an_attempt_decides_the_state(
    result: AttemptResult, policy: InDoubtPolicy, state: MessageState
) -> None:
    failure = None if result is AttemptResult.SENT else Failure(FailureReason.OTHER)
    attempt = Attempt(1, 0, SECOND, result, failure)
    assert decide_next(sending(), attempt, RetryPolicy(), policy, lambda: 0.5).state is state


@pytest.mark.parametrize(
    ("result", "state"),
    [(AttemptResult.DEFERRED, MessageState.FAILED), (AttemptResult.IN_DOUBT, MessageState.IN_DOUBT)],
)
def test_an_attempt_after_the_retry_window_is_the_last_and_says_so(result: AttemptResult, state: MessageState) -> None:
    attempt = Attempt(9, 0, DAY + 1, result, Failure(FailureReason.THROTTLED, "451"))
    end = decide_next(sending(), attempt, RetryPolicy(window=DAY), InDoubtPolicy.RESEND, lambda: 0.5)
    assert end.state is state
    assert end.attempt is not None
    assert end.attempt.failure == Failure(FailureReason.THROTTLED, "451", retries_exhausted=True)


def test_a_message_that_expires_before_its_next_attempt_is_looked_at_when_it_expires() -> None:
    attempt = Attempt(1, 0, SECOND, AttemptResult.DEFERRED, Failure(FailureReason.THROTTLED))
    end = decide_next(sending(expire_time=2 * SECOND), attempt, RetryPolicy(), InDoubtPolicy.RESEND, lambda: 0.5)
    assert end.due_time == 2 * SECOND


def test_a_claimed_message_may_expire() -> None:
    end = expire(sending(), SECOND)
    assert may_follow(SENDING, end.state)
    assert (end.time, end.event.type, end.attempt) == (SECOND, EventType.EXPIRED, None)


@given(st.uuids(), st.integers(0, 9_999), st.integers(0, 9))
def test_a_message_is_found_with_its_execution_and_sorts_by_recipient_and_action(
    execution: object, recipient: int, action: int
) -> None:
    execution_id = str(execution).replace("-", "")
    own_id = message_id(execution_id, recipient, action)
    assert execution_id_of(own_id) == execution_id
    message = replace(sending(), id=own_id)
    assert (message.recipient_index, message.action_index) == (recipient, action)
    assert (own_id < message_id(execution_id, 5_000, 5)) == ((recipient, action) < (5_000, 5))


def test_every_category_has_a_lane_and_service_messages_go_first() -> None:
    lanes = [lane_of(category, rapid=False) for category in (Category.TRANSACTIONAL, Category.MARKETING)]
    assert lanes == [Lane.TRANSACTIONAL, Lane.MARKETING] == sorted(lanes)


def test_what_is_rapid_goes_before_everything_else() -> None:
    assert lane_of(Category.TRANSACTIONAL, rapid=True) is Lane.RAPID is min(Lane)
