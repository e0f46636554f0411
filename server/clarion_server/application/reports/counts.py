"""Reads what the store counts of a campaign. The counters are added up where outcomes are recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from clarion_server.domain.instant import Span
from clarion_server.domain.latency import percentile
from clarion_server.domain.message import OUTCOMES, ExclusionReason, FailureReason, MessageState

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class CampaignCounts:
    """The figures of a campaign, or of one of its versions, as of one commit."""

    targeted_count: int
    retry_count: int
    outcome_counts: Mapping[MessageState, int]
    """Of every outcome."""
    excluded_counts: Mapping[ExclusionReason, int]
    """Only reasons that occurred, as in the next one."""
    failed_counts: Mapping[FailureReason, int]
    latency_counts: Mapping[int, int]
    """From release to hand-off, by the buckets of `domain.latency`."""

    @property
    def queued_count(self) -> int:
        """Messages without an outcome: queued, or being handed off."""
        return self.targeted_count - sum(self.outcome_counts.values())

    @property
    def timed_count(self) -> int:
        """How many messages the latencies are of."""
        return sum(self.latency_counts.values())

    def latency(self, share: float) -> Span | None:
        """What `share` (0 to 1) of the sent messages did not exceed; None without any."""
        return percentile(self.latency_counts, share)


def read_figures(counters: Mapping[str, int]) -> CampaignCounts:
    """`counters` by metric, as `CounterKey.metric` names them."""
    return CampaignCounts(
        targeted_count=counters.get("targeted", 0),
        retry_count=counters.get("retries", 0),
        outcome_counts={state: counters.get(f"state:{state}", 0) for state in MessageState if state in OUTCOMES},
        excluded_counts=_occurred({reason: counters.get(f"excluded:{reason}", 0) for reason in ExclusionReason}),
        failed_counts=_occurred({reason: counters.get(f"failed:{reason}", 0) for reason in FailureReason}),
        latency_counts=_latencies(counters),
    )


def _occurred(counts: Mapping[K, int]) -> dict[K, int]:
    return {key: count for key, count in counts.items() if count}


def _latencies(counters: Mapping[str, int]) -> dict[int, int]:
    kinds = ((metric.partition(":"), count) for metric, count in counters.items())
    return {int(bucket): count for (kind, _, bucket), count in kinds if kind == "latency"}
