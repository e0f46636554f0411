"""What follows from the end of an attempt: the message's next state, and the event that tells of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from clarion_server.domain.campaign import InDoubtPolicy
from clarion_server.domain.instant import Instant
from clarion_server.domain.message import Attempt, AttemptResult, Event, EventType, Message, MessageState
from clarion_server.domain.retry import RetryPolicy
from clarion_server.domain.value import value


@value
class AttemptOutcome:
    """The move of a message out of SENDING."""

    message: Message
    """As it was in SENDING."""
    state: MessageState
    time: Instant
    event: Event
    due_time: Instant | None = None
    """When to try again, where the state is QUEUED."""


def decide_next(
    message: Message,
    attempt: Attempt,
    retry_policy: RetryPolicy,
    in_doubt_policy: InDoubtPolicy,
    random: Callable[[], float],
) -> AttemptOutcome:
    match attempt.result:
        case AttemptResult.SENT:
            return _end(message, attempt, MessageState.SENT)
        case AttemptResult.FAILED:
            return _end(message, attempt, MessageState.FAILED)
        case AttemptResult.IN_DOUBT if in_doubt_policy is InDoubtPolicy.PARK:
            return _end(message, attempt, MessageState.IN_DOUBT)
        case _:
            return _retry_or_give_up(message, attempt, retry_policy, random)


def expire(message: Message, now: Instant) -> AttemptOutcome:
    """For a claimed message whose time ran out before its attempt was begun."""
    event = Event(EventType.EXPIRED, now, message.id, message.campaign_key)
    return AttemptOutcome(message, MessageState.EXPIRED, now, event)


def _end(message: Message, attempt: Attempt, state: MessageState) -> AttemptOutcome:
    event = Event(
        EventType[state.name], attempt.end_time, message.id, message.campaign_key, attempt, failure=attempt.failure
    )
    return AttemptOutcome(message, state, attempt.end_time, event)


def _retry_or_give_up(
    message: Message, attempt: Attempt, policy: RetryPolicy, random: Callable[[], float]
) -> AttemptOutcome:
    due = policy.next_attempt(attempt.number, message.release_time, attempt.end_time, random)
    if due is None:
        return _end(message, _exhausted(attempt), MessageState.FAILED)
    event = Event(
        EventType.DEFERRED, attempt.end_time, message.id, message.campaign_key, attempt, failure=attempt.failure
    )
    # A message that expires before its next attempt is looked at when it expires, not later.
    due = due if message.expire_time is None else min(due, message.expire_time)
    return AttemptOutcome(message, MessageState.QUEUED, attempt.end_time, event, due)


def _exhausted(attempt: Attempt) -> Attempt:
    assert attempt.failure is not None
    return replace(attempt, failure=replace(attempt.failure, retries_exhausted=True))
