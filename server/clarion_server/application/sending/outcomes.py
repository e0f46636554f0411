"""Writes what became of messages: their state, the event, and the figures, always together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from clarion_server.application.ports.queries import CounterKey, Settlement
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.delivery import AttemptOutcome
from clarion_server.domain.instant import Instant
from clarion_server.domain.latency import bucket_of
from clarion_server.domain.message import Event, EventType, FailureReason, Message, MessageState


def record_outcomes(unit: UnitOfWork, conclusions: Sequence[AttemptOutcome], owner: str) -> None:
    """Records conclusions of attempts that `owner` made.

    Only of messages that are still in the owner's hands: what another process has taken over is left alone.
    """
    latest = _latest(conclusions)
    expired = [conclusion for conclusion in latest if conclusion.state is MessageState.EXPIRED]
    if expired:
        _expire(unit, expired, owner)
        latest = [conclusion for conclusion in latest if conclusion.state is not MessageState.EXPIRED]
    moved = unit.messages.record_outcomes([_settlement(conclusion) for conclusion in latest], owner)
    valid = [conclusion for conclusion in latest if conclusion.message.id in moved]
    unit.events.add_all([conclusion.event for conclusion in valid])
    unit.figures.add(_figures_of(valid))


def _latest(conclusions: Sequence[AttemptOutcome]) -> list[AttemptOutcome]:
    """One for each message: what is recorded late, because the store did not answer, may have been overtaken."""
    latest: dict[str, AttemptOutcome] = {}
    for conclusion in conclusions:
        other = latest.get(conclusion.message.id)
        if other is None or other.message.attempt_count < conclusion.message.attempt_count:
            latest[conclusion.message.id] = conclusion
    return list(latest.values())


def _expire(unit: UnitOfWork, conclusions: Sequence[AttemptOutcome], owner: str) -> None:
    """Of messages whose attempt was claimed but never begun: it counts no more."""
    unit.messages.requeue([conclusion.message.id for conclusion in conclusions], owner)
    end_queued(unit, [conclusion.message for conclusion in conclusions], MessageState.EXPIRED, conclusions[0].time)


def end_queued(unit: UnitOfWork, messages: Sequence[Message], state: MessageState, now: Instant) -> int:
    """Cancels or expires queued messages; how many still were."""
    moved = unit.messages.end_queued([message.id for message in messages], state, now)
    ended = [message for message in messages if message.id in moved]
    unit.events.add_all([Event(EventType[state.name], now, message.id, message.campaign_key) for message in ended])
    unit.figures.add(_figures(Counter((message.campaign_key, message.version, f"state:{state}") for message in ended)))
    return len(ended)


def record_accepted(unit: UnitOfWork, messages: Sequence[Message]) -> None:
    """Counts new messages, and tells of those that were excluded."""
    excluded = [message for message in messages if message.exclusion_reason is not None]
    counts = Counter((message.campaign_key, message.version, "targeted") for message in messages)
    for message in excluded:
        counts[message.campaign_key, message.version, f"state:{MessageState.EXCLUDED}"] += 1
        counts[message.campaign_key, message.version, f"excluded:{message.exclusion_reason}"] += 1
    unit.events.add_all([_exclusion(message) for message in excluded])
    unit.figures.add(_figures(counts))


def _exclusion(message: Message) -> Event:
    return Event(
        EventType.EXCLUDED,
        message.accept_time,
        message.id,
        message.campaign_key,
        exclusion_reason=message.exclusion_reason,
    )


def _settlement(conclusion: AttemptOutcome) -> Settlement:
    message = conclusion.message
    ended = conclusion.state is not MessageState.QUEUED
    return Settlement(
        message.id,
        message.attempt_count,
        conclusion.state,
        conclusion.time,
        conclusion.due_time,
        conclusion.event.failure if ended else None,
    )


def _figures_of(conclusions: Iterable[AttemptOutcome]) -> dict[CounterKey, int]:
    # Counted by what the metrics follow from: many messages end alike, and the metrics are named once for all of them.
    alike = Counter(map(_ending_of, conclusions))
    counts: Counter[tuple[int, int, str]] = Counter()
    for ending, count in alike.items():
        for metric in _metrics_of(ending):
            counts[ending.campaign_key, ending.version, metric] += count
    return _figures(counts)


def _figures(counts: Mapping[tuple[int, int, str], int]) -> dict[CounterKey, int]:
    # Counted by tuples, which hash several times as fast as the keys that the store takes.
    return {CounterKey(*key): count for key, count in counts.items()}


class _Ending(NamedTuple):
    campaign_key: int
    version: int
    state: MessageState
    is_retry: bool
    latency_bucket: int | None
    failure_reason: FailureReason | None


def _ending_of(conclusion: AttemptOutcome) -> _Ending:
    message, state, event = conclusion.message, conclusion.state, conclusion.event
    is_retry = event.attempt is not None and event.attempt.number > 1
    bucket = bucket_of(conclusion.time - message.release_time) if state is MessageState.SENT else None
    reason = event.failure.reason if state is MessageState.FAILED and event.failure is not None else None
    return _Ending(message.campaign_key, message.version, state, is_retry, bucket, reason)


def _metrics_of(ending: _Ending) -> Iterable[str]:
    if ending.is_retry:
        yield "retries"
    if ending.state is not MessageState.QUEUED:
        yield f"state:{ending.state}"
    if ending.latency_bucket is not None:
        yield f"latency:{ending.latency_bucket}"
    if ending.failure_reason is not None:
        yield f"failed:{ending.failure_reason}"
