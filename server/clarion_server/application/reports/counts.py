"""Reads what the store counts of a campaign. The counters are added up where outcomes are recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.events.counter import METRIC_OF_OUTCOME, Metric
from clarion_server.domain.events.latency import percentile
from clarion_server.domain.instant import Span
from clarion_server.domain.messages.attempt import FailureReason
from clarion_server.domain.messages.exclusion import ExclusionReason
from clarion_server.domain.messages.message import MessageState

R = TypeVar("R", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class CampaignCounts:
    """Holds the counters of a campaign, or of one of its versions, as of one commit."""

    targeted_count: int
    retry_count: int
    unsubscribed_count: int
    outcome_counts: Mapping[MessageState, int]
    """Counts every outcome."""
    excluded_counts: Mapping[ExclusionReason, int]
    """Only reasons that occurred, as in the next two."""
    hand_off_excluded_counts: Mapping[ExclusionReason, int]
    """Is the part of the one before that was accepted, and excluded before an attempt."""
    failed_counts: Mapping[FailureReason, int]
    latency_counts: Mapping[int, int]
    """Counts sent messages from release to hand-off, by the buckets of `domain.events.latency`."""

    @property
    def queued_count(self) -> int:
        """Returns the number of messages without an outcome: those that are queued or being handed off."""
        return self.targeted_count - sum(self.outcome_counts.values())

    @property
    def timed_count(self) -> int:
        """Returns how many messages the latencies are of."""
        return sum(self.latency_counts.values())

    def latency(self, share: float) -> Span | None:
        """Returns what `share` (0 to 1) of the sent messages did not exceed; None without any."""
        return percentile(self.latency_counts, share)


def read_counts(unit: UnitOfWork, campaign_key: int, version: int | None) -> CampaignCounts:
    """Reads the counts of a campaign, or of one of its versions."""
    return counts_of(unit.counters.of_campaign(campaign_key, version), unit.counters.latencies(campaign_key, version))


def counts_of(counters: Mapping[tuple[Metric, str], int], latencies: Mapping[int, int]) -> CampaignCounts:
    """Returns what the store's counters, by metric and reason, and its latencies, by bucket, say."""
    return CampaignCounts(
        targeted_count=counters.get((Metric.TARGETED, ""), 0),
        retry_count=counters.get((Metric.RETRIES, ""), 0),
        unsubscribed_count=counters.get((Metric.UNSUBSCRIBED, ""), 0),
        outcome_counts={state: _sum(counters, metric) for state, metric in METRIC_OF_OUTCOME.items()},
        excluded_counts=_by_reason(counters, Metric.EXCLUDED, ExclusionReason),
        hand_off_excluded_counts=_by_reason(counters, Metric.EXCLUDED_AT_HAND_OFF, ExclusionReason),
        failed_counts=_by_reason(counters, Metric.FAILED, FailureReason),
        latency_counts=latencies,
    )


def _sum(counters: Mapping[tuple[Metric, str], int], metric: Metric) -> int:
    return sum(count for (each, _), count in counters.items() if each is metric)


def _by_reason(counters: Mapping[tuple[Metric, str], int], metric: Metric, reasons: type[R]) -> dict[R, int]:
    """Returns the counts of the reasons that occurred."""
    found = {reason: counters.get((metric, reason.value), 0) for reason in reasons}
    return {reason: count for reason, count in found.items() if count}
