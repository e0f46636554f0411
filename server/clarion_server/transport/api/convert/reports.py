"""Converts reports to protobuf."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clarion.v1 import report_service_pb2 as pb
from clarion.v1 import targeting_pb2
from google.protobuf.duration_pb2 import Duration

from clarion_server.application.reports.campaign_report import CampaignReport
from clarion_server.application.reports.counts import CampaignCounts
from clarion_server.domain.events.counter import Metric
from clarion_server.domain.messages.exclusion import ExclusionReason
from clarion_server.transport.api.convert.enums import EXCLUSION_REASON, FAILURE_REASON
from clarion_server.transport.api.convert.times import to_duration, to_timestamp


def to_report(report: CampaignReport) -> pb.CampaignReport:
    counts = report.counts
    outcomes: dict[str, Any] = {f"{state.name.lower()}_count": count for state, count in counts.outcome_counts.items()}
    return pb.CampaignReport(
        campaign=report.campaign_name,
        version=report.version,
        targeted_count=counts.targeted_count,
        queued_count=counts.queued_count,
        retry_count=counts.retry_count,
        unsubscribed_count=counts.unsubscribed_count,
        excluded_counts=_to_excluded_counts(counts.excluded_counts),
        hand_off_excluded_counts=_to_excluded_counts(counts.hand_off_excluded_counts),
        failed_counts=[
            pb.CampaignReport.FailedCount(reason=FAILURE_REASON.number(reason), count=count)
            for reason, count in counts.failed_counts.items()
        ],
        locale_counts=_to_locale_counts(report.locale_counts),
        rule_counts=_to_rule_counts(report.rule_counts),
        hand_off_latency=_to_latency(counts),
        read_time=to_timestamp(report.read_time),
        **outcomes,
    )


def _to_excluded_counts(counts: Mapping[ExclusionReason, int]) -> list[pb.CampaignReport.ExcludedCount]:
    return [
        pb.CampaignReport.ExcludedCount(reason=EXCLUSION_REASON.number(reason), count=count)
        for reason, count in counts.items()
    ]


def _to_locale_counts(counts: Mapping[tuple[str, Metric], int]) -> list[pb.CampaignReport.LocaleCounts]:
    return [
        pb.CampaignReport.LocaleCounts(
            locale=locale,
            targeted_count=counts.get((locale, Metric.TARGETED), 0),
            sent_count=counts.get((locale, Metric.SENT), 0),
            excluded_count=counts.get((locale, Metric.EXCLUDED), 0),
            failed_count=counts.get((locale, Metric.FAILED), 0),
        )
        for locale in sorted({locale for locale, metric in counts if metric is Metric.TARGETED})
    ]


def _to_rule_counts(counts: Mapping[tuple[str, str, Metric], int]) -> list[targeting_pb2.RuleCounts]:
    """Returns the counts of the actions with rules."""
    with_rules = {action for action, rule, _ in counts if rule}
    return [
        targeting_pb2.RuleCounts(
            action=action,
            rule=rule,
            targeted_count=counts.get((action, rule, Metric.TARGETED), 0),
            sent_count=counts.get((action, rule, Metric.SENT), 0),
            excluded_count=counts.get((action, rule, Metric.EXCLUDED), 0),
            failed_count=counts.get((action, rule, Metric.FAILED), 0),
            failed_evaluation_count=counts.get((action, rule, Metric.RULE_FAILED), 0),
        )
        for action, rule in sorted({(action, rule) for action, rule, _ in counts if action in with_rules})
    ]


def _to_latency(counts: CampaignCounts) -> pb.HandOffLatency:
    return pb.HandOffLatency(
        count=counts.timed_count,
        p50=_percentile(counts, 0.50),
        p95=_percentile(counts, 0.95),
        p99=_percentile(counts, 0.99),
    )


def _percentile(counts: CampaignCounts, share: float) -> Duration | None:
    latency = counts.latency(share)
    return None if latency is None else to_duration(latency)
