"""The figures of a campaign."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from clarion_client._values.enums import ExclusionReason, FailureReason
from clarion_client._values.value import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOffLatency(Value):
    """How long messages took from acceptance (or their send time, where that is later) until a provider had them,
    within 10 %. `count` messages; None without any.
    """

    count: int
    p50: dt.timedelta | None
    p95: dt.timedelta | None
    p99: dt.timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignReport(Value):
    """The figures of a campaign. `targeted_count` equals `queued_count` plus the six outcomes. `version` 0 is all
    of them.
    """

    campaign: str
    version: int
    targeted_count: int
    queued_count: int
    sent_count: int
    excluded_count: int
    failed_count: int
    cancelled_count: int
    expired_count: int
    in_doubt_count: int
    retry_count: int
    excluded_counts: Mapping[ExclusionReason, int]
    failed_counts: Mapping[FailureReason, int]
    hand_off_latency: HandOffLatency
    read_time: dt.datetime
