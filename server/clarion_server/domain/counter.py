"""Counters of the outcomes of messages, which reports add up."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from clarion_server.domain.instant import DAY
from clarion_server.domain.message import Message, MessageState


class Metric(StrEnum):
    """A counted fact. Each message counts once in TARGETED, and once in the metric of its outcome when it has one."""

    TARGETED = "TARGETED"
    RETRIES = "RETRIES"
    SENT = "SENT"
    EXCLUDED = "EXCLUDED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    FAILED = "FAILED"
    IN_DOUBT = "IN_DOUBT"


METRIC_OF_OUTCOME = {
    MessageState.SENT: Metric.SENT,
    MessageState.EXCLUDED: Metric.EXCLUDED,
    MessageState.CANCELLED: Metric.CANCELLED,
    MessageState.EXPIRED: Metric.EXPIRED,
    MessageState.FAILED: Metric.FAILED,
    MessageState.IN_DOUBT: Metric.IN_DOUBT,
}


class CounterGroup(NamedTuple):
    """Identifies messages that are counted together."""

    campaign_key: int
    version: int
    action: str
    treatment: str
    """Empty when there is no experiment."""
    locale: str
    day: int
    """The day of acceptance (UTC), counted from 1970-01-01: a message counts on one day in all its metrics."""


class CounterKey(NamedTuple):
    """One counter."""

    group: CounterGroup
    metric: Metric
    reason: str = ""
    """An `ExclusionReason` for EXCLUDED, a `FailureReason` for FAILED, else empty."""


class LatencyKey(NamedTuple):
    """One counter of the time from release to hand-off. It has fewer dimensions because it has many buckets."""

    campaign_key: int
    version: int
    action: str
    bucket: int
    """A bucket number of `domain.latency`."""


def group_of(message: Message) -> CounterGroup:
    """Returns the group in which a message is counted."""
    return CounterGroup(
        message.campaign_key, message.version, message.action, "", message.locale, message.accept_time // DAY
    )
