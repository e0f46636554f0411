"""Decides the next state of a message after an attempt, and the event that reports it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from clarion_server.domain.campaigns.campaign_definition import InDoubtPolicy
from clarion_server.domain.channels.retry import RetryPolicy
from clarion_server.domain.events.event import Event, EventType, message_event
from clarion_server.domain.instant import Instant
from clarion_server.domain.messages.attempt import Attempt, AttemptResult
from clarion_server.domain.messages.exclusion import Exclusion
from clarion_server.domain.messages.message import Message, MessageState
from clarion_server.domain.value import value

#: Python 3.11 looks for a member in its class for as long as it takes to make a small object.
_TAKEN, _SENT = AttemptResult.SENT, MessageState.SENT


@value
class AttemptOutcome:
    """Is the transition of a message out of SENDING."""

    message: Message
    """Holds the message as it was in SENDING."""
    state: MessageState
    time: Instant
    event: Event
    due_time: Instant | None = None
    """Says when to try again; set when the state is QUEUED."""
    follow_ups: Sequence[Message] = ()
    """Holds the messages of the next actions, which replace a failed one."""

    @property
    def attempt(self) -> Attempt | None:
        """Returns the finished attempt; None when none was begun."""
        return self.event.detail if isinstance(self.event.detail, Attempt) else None

    @property
    def is_exhausted(self) -> bool:
        """Returns whether the message is given up because its retry window has closed."""
        attempt = self.attempt
        return attempt is not None and attempt.failure is not None and attempt.failure.retries_exhausted


def decide_next(
    message: Message,
    attempt: Attempt,
    retry_policy: RetryPolicy,
    in_doubt_policy: InDoubtPolicy,
    random: Callable[[], float],
    not_before: Instant | None = None,
) -> AttemptOutcome:
    """Returns the outcome of `attempt` for a message. It is not tried again before `not_before`."""
    if attempt.result is _TAKEN:
        return _end(message, attempt, _SENT)
    match attempt.result:
        case AttemptResult.FAILED:
            return _end(message, attempt, MessageState.FAILED)
        case AttemptResult.IN_DOUBT if in_doubt_policy is InDoubtPolicy.PARK:
            return _end(message, attempt, MessageState.IN_DOUBT)
        case _:
            return _retry_or_give_up(message, attempt, retry_policy, random, not_before)


def expire(message: Message, now: Instant) -> AttemptOutcome:
    """Returns the outcome of a claimed message whose time was over before its attempt was begun."""
    return AttemptOutcome(message, MessageState.EXPIRED, now, message_event(message, MessageState.EXPIRED, now))


def after_doubt(outcome: AttemptOutcome) -> AttemptOutcome:
    """Returns the outcome of an unsent message that an earlier attempt may have sent: it is in doubt, and is followed
    by none.
    """
    event = replace(outcome.event, type=EventType.IN_DOUBT)
    return replace(outcome, state=MessageState.IN_DOUBT, event=event, follow_ups=())


def exclude(message: Message, exclusion: Exclusion, now: Instant) -> AttemptOutcome:
    """Returns the outcome of a claimed message that was excluded before its attempt was begun."""
    event = message_event(message, MessageState.EXCLUDED, now, exclusion)
    return AttemptOutcome(message, MessageState.EXCLUDED, now, event)


def _end(message: Message, attempt: Attempt, state: MessageState) -> AttemptOutcome:
    return AttemptOutcome(message, state, attempt.end_time, message_event(message, state, attempt.end_time, attempt))


def _retry_or_give_up(
    message: Message,
    attempt: Attempt,
    policy: RetryPolicy,
    random: Callable[[], float],
    not_before: Instant | None,
) -> AttemptOutcome:
    first = attempt.start_time if message.attempts.first_time is None else message.attempts.first_time
    due = policy.next_attempt(attempt.number, first, attempt.end_time, random, not_before)
    if due is None:
        # When the retry window closes after a doubtful attempt, the message may have been sent: it is not FAILED.
        in_doubt = attempt.result is AttemptResult.IN_DOUBT
        return _end(message, _exhausted(attempt), MessageState.IN_DOUBT if in_doubt else MessageState.FAILED)
    event = message_event(message, MessageState.QUEUED, attempt.end_time, attempt)
    # A message that is over before its next attempt is due at that time, so that it ends then.
    over = message.over_time
    due = due if over is None else min(due, over)
    return AttemptOutcome(message, MessageState.QUEUED, attempt.end_time, event, due)


def _exhausted(attempt: Attempt) -> Attempt:
    assert attempt.failure is not None
    return replace(attempt, failure=replace(attempt.failure, retries_exhausted=True))
