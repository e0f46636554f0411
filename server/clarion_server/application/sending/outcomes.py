"""Records what became of messages: their state, the event and the counters, always together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.attempt import Attempt
from clarion_server.domain.counter import METRIC_OF_OUTCOME, CounterKey, LatencyKey, Metric, count_targeted, counter_key
from clarion_server.domain.delivery import AttemptOutcome
from clarion_server.domain.event import Exclusion, message_event
from clarion_server.domain.instant import Instant
from clarion_server.domain.latency import bucket_of
from clarion_server.domain.message import Message, MessageState


def record_outcomes(unit: UnitOfWork, outcomes: Sequence[AttemptOutcome], owner: str) -> None:
    """Records the ends of attempts that `owner` made, and writes the messages that follow them.

    Only of messages that are still in the owner's hands: what another process has taken over is left alone.
    """
    latest = _latest(outcomes)
    expired = [outcome for outcome in latest if outcome.state is MessageState.EXPIRED]
    if expired:
        _expire(unit, expired, owner)
        latest = [outcome for outcome in latest if outcome.state is not MessageState.EXPIRED]
    moved = unit.messages.record_outcomes(latest, owner)
    valid = [outcome for outcome in latest if outcome.message.id in moved]
    unit.events.add_all([outcome.event for outcome in valid])
    _count(unit, valid)
    followed = [outcome for outcome in valid if outcome.follow_ups]
    if followed:
        _add_follow_ups(unit, followed)


def _add_follow_ups(unit: UnitOfWork, outcomes: Sequence[AttemptOutcome]) -> None:
    """Writes the messages of the next actions, unless the failed message was cancelled while it was being sent."""
    uncancelled = unit.messages.with_fallbacks([outcome.message.id for outcome in outcomes])
    follow_ups = [
        message for outcome in outcomes if outcome.message.id in uncancelled for message in outcome.follow_ups
    ]
    if follow_ups:
        unit.messages.add_all(follow_ups)
        record_accepted(unit, follow_ups)


def _latest(outcomes: Sequence[AttemptOutcome]) -> list[AttemptOutcome]:
    """Returns one outcome for each message: what is recorded late, as the store did not answer, may be overtaken."""
    latest: dict[str, AttemptOutcome] = {}
    for outcome in outcomes:
        other = latest.get(outcome.message.id)
        if other is None or other.message.attempt_count < outcome.message.attempt_count:
            latest[outcome.message.id] = outcome
    return list(latest.values())


def _expire(unit: UnitOfWork, outcomes: Sequence[AttemptOutcome], owner: str) -> None:
    """Ends messages whose attempt was claimed but never begun: it counts no more."""
    unit.messages.requeue([outcome.message.id for outcome in outcomes], owner)
    end_queued(unit, [outcome.message for outcome in outcomes], MessageState.EXPIRED, outcomes[0].time)


def end_queued(unit: UnitOfWork, messages: Sequence[Message], state: MessageState, now: Instant) -> int:
    """Cancels or expires queued messages. Returns how many still were queued."""
    moved = unit.messages.end_queued([message.id for message in messages], state, now)
    ended = [message for message in messages if message.id in moved]
    unit.events.add_all([message_event(message, state, now) for message in ended])
    unit.counters.add(Counter(counter_key(message, METRIC_OF_OUTCOME[state]) for message in ended))
    return len(ended)


def record_accepted(unit: UnitOfWork, messages: Sequence[Message]) -> None:
    """Counts new messages, and writes the events of those that were excluded."""
    counts = count_targeted(messages)
    events = []
    for message in messages:
        reason = message.exclusion_reason
        if reason is not None:
            counts[counter_key(message, Metric.EXCLUDED, reason)] += 1
            time = message.outcome_time or message.accept_time
            events.append(message_event(message, MessageState.EXCLUDED, time, Exclusion(reason)))
    unit.events.add_all(events)
    unit.counters.add(counts)


def _count(unit: UnitOfWork, outcomes: Iterable[AttemptOutcome]) -> None:
    counts: Counter[CounterKey] = Counter()
    latencies: Counter[LatencyKey] = Counter()
    for outcome in outcomes:
        message, state, attempt = outcome.message, outcome.state, outcome.attempt
        if attempt is not None and attempt.number > 1:
            counts[counter_key(message, Metric.RETRIES)] += 1
        if state is not MessageState.QUEUED:
            counts[counter_key(message, METRIC_OF_OUTCOME[state], _reason(state, attempt))] += 1
        if state is MessageState.SENT:
            bucket = bucket_of(outcome.time - message.release_time)
            latencies[LatencyKey(message.campaign_key, message.version, message.action, bucket)] += 1
    unit.counters.add(counts)
    unit.counters.add_latencies(latencies)


def _reason(state: MessageState, attempt: Attempt | None) -> str:
    failure = attempt.failure if attempt is not None and state is MessageState.FAILED else None
    return "" if failure is None else failure.reason
