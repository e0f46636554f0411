"""Tests what follows from the end of an attempt."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from clarion_server.domain.campaigns.campaign_definition import InDoubtPolicy
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.channels.retry import JITTER, RetryPolicy
from clarion_server.domain.events.delivery import AttemptOutcome, decide_next, expire
from clarion_server.domain.events.event import EventType
from clarion_server.domain.instant import HOUR, MINUTE, SECOND, Instant
from clarion_server.domain.messages.attempt import Attempt, AttemptResult, BegunAttempts, Failure, FailureReason
from clarion_server.domain.messages.message import Lane, Message, MessageState, VersionAction, may_follow
from hypothesis import given
from hypothesis import strategies as st

RELEASED = 1_790_000_000 * SECOND
POLICY = RetryPolicy(window=HOUR, initial_delay=10 * SECOND, max_delay=5 * MINUTE)
FAILURE = Failure(FailureReason.THROTTLED, "451", "Come back later")

RESEND, PARK = InDoubtPolicy
SENT, DEFERRED, FAILED, IN_DOUBT = AttemptResult
_STATE = MessageState


def in_the_middle() -> float:
    """Chance that varies no delay."""
    return 0.5


def a_message(attempt: int = 1, expire_time: Instant | None = None) -> Message:
    return Message(
        id="0" * 32 + "-0000-0",
        action=VersionAction("default", 7, 2, "email", Channel.EMAIL, 1, Lane.TRANSACTIONAL),
        identity="email:jane@example.com",
        address="jane@example.com",
        locale="en",
        context=b"{}",
        profile=b"{}",
        state=MessageState.SENDING,
        accept_time=RELEASED,
        release_time=RELEASED,
        due_time=RELEASED,
        expire_time=expire_time,
        attempts=BegunAttempts(attempt, RELEASED, "process", RELEASED),
    )


def an_attempt(result: AttemptResult, end_time: Instant, number: int = 1) -> Attempt:
    failure = None if result is AttemptResult.SENT else FAILURE
    return Attempt(number, end_time - SECOND, end_time, result, failure)


@dataclass(frozen=True)
class Case:
    """Is what is known when an attempt ends so many microseconds after the release, and what follows."""

    result: AttemptResult
    policy: InDoubtPolicy
    after: int
    number: int
    expires_after: int | None
    state: MessageState
    event: EventType
    due_after: int | None = None
    exhausted: bool = False


#: Is the last moment at which the window still has room for the first delay.
_LAST = HOUR - 10 * SECOND

CASES = {
    "taken": Case(SENT, RESEND, SECOND, 1, None, _STATE.SENT, EventType.SENT),
    "taken after the window": Case(SENT, RESEND, 2 * HOUR, 9, None, _STATE.SENT, EventType.SENT),
    "taken after its expiry": Case(SENT, PARK, MINUTE, 1, SECOND, _STATE.SENT, EventType.SENT),
    "refused for good": Case(FAILED, RESEND, SECOND, 1, None, _STATE.FAILED, EventType.FAILED),
    "in doubt, to be parked": Case(IN_DOUBT, PARK, SECOND, 1, None, _STATE.IN_DOUBT, EventType.IN_DOUBT),
    "in doubt and parked after the window": Case(
        IN_DOUBT, PARK, 2 * HOUR, 3, None, _STATE.IN_DOUBT, EventType.IN_DOUBT
    ),
    "in doubt, to be resent": Case(IN_DOUBT, RESEND, SECOND, 1, None, _STATE.QUEUED, EventType.DEFERRED, 11 * SECOND),
    "in doubt without a way to resend": Case(
        IN_DOUBT, RESEND, HOUR, 1, None, _STATE.IN_DOUBT, EventType.IN_DOUBT, exhausted=True
    ),
    "put off": Case(DEFERRED, RESEND, SECOND, 1, None, _STATE.QUEUED, EventType.DEFERRED, 11 * SECOND),
    "put off, whatever happens in doubt": Case(
        DEFERRED, PARK, SECOND, 1, None, _STATE.QUEUED, EventType.DEFERRED, 11 * SECOND
    ),
    "put off for the third time": Case(
        DEFERRED, RESEND, MINUTE, 3, None, _STATE.QUEUED, EventType.DEFERRED, MINUTE + 40 * SECOND
    ),
    "put off for the hundredth time": Case(
        DEFERRED, RESEND, MINUTE, 100, None, _STATE.QUEUED, EventType.DEFERRED, 6 * MINUTE
    ),
    "put off, just within the window": Case(DEFERRED, RESEND, _LAST, 1, None, _STATE.QUEUED, EventType.DEFERRED, HOUR),
    "put off, just beyond the window": Case(
        DEFERRED, RESEND, _LAST + 1, 1, None, _STATE.FAILED, EventType.FAILED, exhausted=True
    ),
    "put off, and expiring before the next try": Case(
        DEFERRED, RESEND, SECOND, 1, 5 * SECOND, _STATE.QUEUED, EventType.DEFERRED, 5 * SECOND
    ),
    "put off, and expiring after the next try": Case(
        DEFERRED, RESEND, SECOND, 1, MINUTE, _STATE.QUEUED, EventType.DEFERRED, 11 * SECOND
    ),
}


def outcome_of(case: Case) -> AttemptOutcome:
    expire_time = None if case.expires_after is None else RELEASED + case.expires_after
    message = a_message(case.number, expire_time)
    return decide_next(
        message, an_attempt(case.result, RELEASED + case.after, case.number), POLICY, case.policy, in_the_middle
    )


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_an_attempt_ends_as_the_table_says(case: Case) -> None:
    outcome = outcome_of(case)
    assert outcome.state is case.state
    assert outcome.time == RELEASED + case.after
    assert outcome.due_time == (None if case.due_after is None else RELEASED + case.due_after)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_its_event_tells_of_the_attempt(case: Case) -> None:
    outcome = outcome_of(case)
    event, message = outcome.event, outcome.message
    assert event.type is case.event
    assert (event.message_id, event.campaign_key, event.time) == (message.id, 7, outcome.time)
    attempt = event.detail
    assert isinstance(attempt, Attempt)
    assert (attempt.number, attempt.result) == (case.number, case.result)
    assert (attempt.failure is None) == (case.result is SENT)
    assert case.exhausted == bool(attempt.failure and attempt.failure.retries_exhausted)


def test_a_message_is_not_tried_again_before_the_provider_wants_it() -> None:
    ended = RELEASED + SECOND
    attempt, later = an_attempt(DEFERRED, ended), ended + 10 * MINUTE
    outcome = decide_next(a_message(), attempt, POLICY, RESEND, in_the_middle, not_before=later)
    assert (outcome.state, outcome.due_time) == (_STATE.QUEUED, later)
    beyond = decide_next(a_message(), attempt, POLICY, RESEND, in_the_middle, not_before=RELEASED + 2 * HOUR)
    assert (beyond.state, beyond.due_time) == (_STATE.QUEUED, RELEASED + HOUR)


def test_an_expired_message_ends_without_an_attempt() -> None:
    outcome = expire(a_message(), RELEASED)
    assert (outcome.state, outcome.due_time) == (MessageState.EXPIRED, None)
    assert (outcome.event.type, outcome.attempt) == (EventType.EXPIRED, None)


@given(
    st.sampled_from(AttemptResult),
    st.sampled_from(InDoubtPolicy),
    st.integers(1, 10_000),
    st.integers(0, 3 * HOUR),
    st.none() | st.integers(0, 3 * HOUR),
    st.floats(0, 1, exclude_max=True),
)
def test_whatever_happens_the_next_state_may_follow_and_the_next_try_lies_ahead_within_the_window(
    result: AttemptResult,
    policy: InDoubtPolicy,
    number: int,
    after: int,
    expires_after: int | None,
    chance: float,
) -> None:
    expire_time = None if expires_after is None else RELEASED + expires_after
    attempt = an_attempt(result, RELEASED + after, number)
    outcome = decide_next(a_message(number, expire_time), attempt, POLICY, policy, lambda: chance)
    assert may_follow(MessageState.SENDING, outcome.state)
    assert (outcome.state is MessageState.QUEUED) == (outcome.due_time is not None)
    if outcome.due_time is not None:
        assert outcome.due_time <= RELEASED + POLICY.window
        earliest = attempt.end_time + int(POLICY.initial_delay * (1 - JITTER)) - 1
        assert outcome.due_time >= (earliest if expire_time is None else min(earliest, expire_time))
