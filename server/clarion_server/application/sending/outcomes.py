"""Records what became of messages: their state, the event and the counters, always together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from clarion_server.application.ports.queries import QueuedEnd
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.events.counter import (
    METRIC_OF_OUTCOME,
    CounterKey,
    LatencyKey,
    Metric,
    count_messages,
    counter_key,
)
from clarion_server.domain.events.delivery import AttemptOutcome, after_doubt
from clarion_server.domain.events.event import message_event
from clarion_server.domain.events.latency import bucket_of
from clarion_server.domain.instant import Instant
from clarion_server.domain.messages.attempt import Failure, FailureReason
from clarion_server.domain.messages.exclusion import Exclusion, ExclusionPhase
from clarion_server.domain.messages.message import Message, MessageState
from clarion_server.domain.triggering.follow_ups import follow_ups

#: Holds the outcomes of messages whose attempt was claimed but never begun.
_BEFORE_AN_ATTEMPT = frozenset({MessageState.EXPIRED, MessageState.EXCLUDED})
#: Python 3.11 looks for a member in its class for as long as it takes to make a small object.
_QUEUED, _SENT, _FAILED = MessageState.QUEUED, MessageState.SENT, MessageState.FAILED
_COUNTED_RETRIES = (Metric.RETRIES, "")
_DOUBT_STAYS = Failure(
    FailureReason.HAND_OFF_UNKNOWN, detail="An earlier attempt may have sent it, and no other attempt may follow."
)


def record_outcomes(unit: UnitOfWork, outcomes: Sequence[AttemptOutcome], owner: str) -> Sequence[AttemptOutcome]:
    """Records the ends of attempts that `owner` made, and writes the messages that follow them.

    Only of messages that are still in the owner's hands: what another process has taken over is left alone. One that
    ends unsent, and that an earlier attempt may have sent, is in doubt. Returns the outcomes with these doubts, in
    their order.
    """
    latest = _latest(outcomes)
    not_begun = [outcome for outcome in latest if outcome.state in _BEFORE_AN_ATTEMPT]
    failed = [outcome for outcome in latest if outcome.state is _FAILED]
    unsent = [*not_begun, *(outcome for outcome in failed if outcome.message.attempts.count > 1)]
    doubtful = unit.events.in_doubt([outcome.message.id for outcome in unsent]) if unsent else frozenset()
    if not_begun:
        _end_not_begun(unit, not_begun, owner)
        latest = [outcome for outcome in latest if outcome.state not in _BEFORE_AN_ATTEMPT]
    if doubtful:
        latest = [_with_doubt(outcome, doubtful) for outcome in latest]
    moved = unit.messages.record_outcomes(latest, owner)
    valid = [outcome for outcome in latest if outcome.message.id in moved]
    if failed:
        _give_back(unit, [outcome.message for outcome in valid if outcome.state is _FAILED])
    unit.events.add_all([outcome.event for outcome in valid])
    _count(unit, valid)
    followed = {outcome.message.id: outcome.follow_ups for outcome in valid if outcome.follow_ups}
    if followed:
        _add_follow_ups(unit, followed)
    return [_with_doubt(outcome, doubtful) for outcome in outcomes] if doubtful else outcomes


def _with_doubt(outcome: AttemptOutcome, doubtful: AbstractSet[str]) -> AttemptOutcome:
    is_unsent = outcome.state is _FAILED or outcome.state in _BEFORE_AN_ATTEMPT
    return after_doubt(outcome) if is_unsent and outcome.message.id in doubtful else outcome


def _add_follow_ups(unit: UnitOfWork, followed: Mapping[str, Sequence[Message]]) -> None:
    """Writes the messages of the next actions, by the id of the message that they follow, unless that one was cancelled
    while it was being sent.
    """
    uncancelled = unit.messages.with_fallbacks(followed)
    messages = [message for message_id, after in followed.items() if message_id in uncancelled for message in after]
    if messages:
        unit.messages.add_all(messages)
        record_accepted(unit, messages)


def _latest(outcomes: Sequence[AttemptOutcome]) -> list[AttemptOutcome]:
    """Returns one outcome for each message: what is recorded late, as the store did not answer, may be overtaken."""
    latest: dict[str, AttemptOutcome] = {}
    for outcome in outcomes:
        other = latest.get(outcome.message.id)
        if other is None or other.message.attempts.count < outcome.message.attempts.count:
            latest[outcome.message.id] = outcome
    return list(latest.values())


def _end_not_begun(unit: UnitOfWork, outcomes: Sequence[AttemptOutcome], owner: str) -> None:
    """Ends messages whose attempt was claimed but never begun: it counts no more."""
    details = {outcome.message.id: outcome.event.detail for outcome in outcomes}
    unit.messages.requeue({outcome.message.id: outcome.message.attempts.count for outcome in outcomes}, owner)
    now = outcomes[0].time
    # Another process may have taken one over, and this one may have claimed it anew since.
    queued = [(message, details[message.id]) for message in unit.messages.queued_among(details)]
    expired = [message for message, detail in queued if detail is None]
    excluded = [(message, detail) for message, detail in queued if isinstance(detail, Exclusion)]
    if expired:
        expire_queued(unit, expired, now)
    if excluded:
        exclude_queued(unit, excluded, now)


def cancel_queued(unit: UnitOfWork, messages: Sequence[Message], now: Instant) -> Counter[MessageState]:
    """Cancels queued messages; one that an earlier attempt may have sent ends in doubt. Returns how many still were
    queued, by the states to which they came.
    """
    ended = _end_queued(unit, [QueuedEnd(message, MessageState.CANCELLED) for message in messages], now)
    return Counter(end.state for end in ended)


def expire_queued(unit: UnitOfWork, messages: Sequence[Message], now: Instant) -> None:
    """Ends queued messages whose time is over, and writes the messages that follow those that took too long.

    One that an earlier attempt may have sent ends in doubt, and is followed by none, as one that has expired.
    """
    ended = _end_queued(unit, [QueuedEnd(message, MessageState.EXPIRED) for message in messages], now)
    _follow(unit, [end for end in ended if not end.message.has_expired(now)], now)


def exclude_queued(unit: UnitOfWork, excluded: Sequence[tuple[Message, Exclusion]], now: Instant) -> None:
    """Ends queued messages before their next attempt, and writes the messages that follow them.

    One that an earlier attempt may have sent ends in doubt, and is followed by none.
    """
    ends = [QueuedEnd(message, MessageState.EXCLUDED, exclusion) for message, exclusion in excluded]
    _follow(unit, _end_queued(unit, ends, now), now)


def _end_queued(unit: UnitOfWork, ends: Sequence[QueuedEnd], now: Instant) -> list[QueuedEnd]:
    """Ends queued messages, those in doubt that an earlier attempt may have sent. Returns the ends of those that still
    were queued.
    """
    doubtful = unit.events.in_doubt([end.message.id for end in ends if end.message.attempts.count])
    ends = [
        QueuedEnd(end.message, MessageState.IN_DOUBT, failure=_DOUBT_STAYS) if end.message.id in doubtful else end
        for end in ends
    ]
    moved = unit.messages.end_queued(ends, now)
    ended = [end for end in ends if end.message.id in moved]
    _give_back(unit, [end.message for end in ended if end.state is not MessageState.IN_DOUBT])
    unit.events.add_all([message_event(end.message, end.state, now, end.exclusion) for end in ended])
    unit.counters.add(Counter(key for end in ended for key in _keys_of_end(end)))
    return ended


def _follow(unit: UnitOfWork, ended: Sequence[QueuedEnd], now: Instant) -> None:
    """Writes the messages that follow these, but for those in doubt."""
    followed = [end.message for end in ended if end.message.fallbacks and end.state is not MessageState.IN_DOUBT]
    if followed:
        _add_follow_ups(unit, {message.id: _follow_ups(unit, message, now) for message in followed})


def _give_back(unit: UnitOfWork, ended: Iterable[Message]) -> None:
    """Lets caps count messages no more that have ended without a hand-off.

    This comes before counters, as whoever accepts messages locks what caps count before counters too.
    """
    if counted := [message.id for message in ended if message.sending_policy is not None]:
        unit.caps.give_back(counted)


def _keys_of_end(end: QueuedEnd) -> list[CounterKey]:
    if end.exclusion is None:
        return [counter_key(end.message, METRIC_OF_OUTCOME[end.state])]
    return _keys_of_exclusion(end.message, end.exclusion)


def _keys_of_exclusion(message: Message, exclusion: Exclusion) -> list[CounterKey]:
    keys = [counter_key(message, Metric.EXCLUDED, exclusion.reason)]
    if exclusion.phase is ExclusionPhase.HAND_OFF:
        keys.append(counter_key(message, Metric.EXCLUDED_AT_HAND_OFF, exclusion.reason))
    return keys


def _follow_ups(unit: UnitOfWork, message: Message, now: Instant) -> list[Message]:
    version = unit.campaigns.version(message.action.campaign_key, message.action.version)
    assert version is not None, "a version outlives the messages that were accepted with it"
    keys = unit.campaigns.channel_keys(message.action.campaign_key, message.action.version)
    actions = [
        replace(
            message.action,
            id=action.id,
            channel=action.content.channel,
            channel_key=key,
            fallback_after=action.fallback_after,
        )
        for action, key in zip(version.definition.actions, keys, strict=True)
    ]
    return follow_ups(message, actions, now)


def record_accepted(unit: UnitOfWork, messages: Sequence[Message]) -> None:
    """Counts new messages, and writes the events of those that were excluded."""
    counts = count_messages(messages, Metric.TARGETED)
    events = []
    for message in messages:
        exclusion = message.end.exclusion
        if exclusion is not None:
            counts.update(_keys_of_exclusion(message, exclusion))
            time = message.end.time or message.accept_time
            events.append(message_event(message, MessageState.EXCLUDED, time, exclusion))
    unit.events.add_all(events)
    unit.counters.add(counts)


def _count(unit: UnitOfWork, outcomes: Iterable[AttemptOutcome]) -> None:
    counted: dict[tuple[Metric, str], list[Message]] = {}
    sent: list[Message] = []
    latencies: list[tuple[int, int, str, int]] = []
    for outcome in outcomes:
        message, state = outcome.message, outcome.state
        if message.attempts.count > 1 and outcome.attempt is not None:
            counted.setdefault(_COUNTED_RETRIES, []).append(message)
        if state is _SENT:
            sent.append(message)
            bucket = bucket_of(outcome.time - message.release_time)
            latencies.append((message.action.campaign_key, message.action.version, message.action.id, bucket))
        elif state is not _QUEUED:
            counted.setdefault((METRIC_OF_OUTCOME[state], _reason(outcome)), []).append(message)
    counts = count_messages(sent, Metric.SENT)
    for (metric, reason), messages in counted.items():
        counts.update(count_messages(messages, metric, reason))
    unit.counters.add(counts)
    unit.counters.add_latencies({LatencyKey(*key): count for key, count in Counter(latencies).items()})


def _reason(outcome: AttemptOutcome) -> str:
    attempt = outcome.attempt
    failure = attempt.failure if attempt is not None and outcome.state is _FAILED else None
    return "" if failure is None else failure.reason
