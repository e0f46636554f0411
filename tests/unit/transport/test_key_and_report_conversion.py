"""API keys and reports on the wire."""

from __future__ import annotations

from clarion.v1 import api_key_pb2, attempt_pb2
from clarion.v1 import report_service_pb2 as pb
from clarion_server.application.reports.campaign_report import CampaignReport
from clarion_server.application.reports.counts import counts_of
from clarion_server.domain.access.access import ApiKey, Scope
from clarion_server.domain.events.counter import Metric
from clarion_server.domain.events.latency import bucket_of, middle_of
from clarion_server.transport.api.convert.keys import to_api_key, to_command
from clarion_server.transport.api.convert.reports import to_report
from clarion_server.transport.api.convert.times import to_duration
from google.protobuf.timestamp_pb2 import Timestamp

KEY = ApiKey(
    "1", "Shop", "staging", frozenset({Scope.READ, Scope.TRIGGER}), b"\x01" * 32, 1_000_000, "apiKeys/0", 2_000_000
)


def test_a_key_shows_everything_but_its_hash() -> None:
    wire = to_api_key(KEY)
    assert wire == api_key_pb2.ApiKey(
        name="apiKeys/1",
        display_name="Shop",
        scopes=[api_key_pb2.ApiKey.SCOPE_TRIGGER, api_key_pb2.ApiKey.SCOPE_READ],
        sandbox="staging",
        create_time=Timestamp(seconds=1),
        revoke_time=Timestamp(seconds=2),
        creator="apiKeys/0",
    )
    assert KEY.secret_hash not in wire.SerializeToString()


def test_a_wanted_key_is_read_with_its_violations() -> None:
    wire = api_key_pb2.ApiKey(name="apiKeys/ignored", display_name="Shop", scopes=[4, 0, 77], sandbox="staging")  # type: ignore[list-item] # a number of another contract
    command = to_command(wire)
    assert (command.display_name, command.scopes, command.sandbox) == ("Shop", (Scope.READ,), "staging")
    assert [(violation.field, violation.reason) for violation in command.violations] == [
        ("scopes[1]", "UNKNOWN_VALUE"),
        ("scopes[2]", "UNKNOWN_VALUE"),
    ]


def test_a_report_has_a_count_for_every_outcome() -> None:
    counters = {
        (Metric.TARGETED, ""): 31,
        (Metric.RETRIES, ""): 9,
        (Metric.SENT, ""): 1,
        (Metric.EXCLUDED, "SUPPRESSED"): 2,
        (Metric.FAILED, "THROTTLED"): 3,
        (Metric.CANCELLED, ""): 4,
        (Metric.EXPIRED, ""): 5,
        (Metric.IN_DOUBT, ""): 6,
    }
    counts = counts_of(counters, {bucket_of(80_000): 1})
    wire = to_report(CampaignReport("campaigns/a", 2, counts, 7_000_000))
    latency = to_duration(middle_of(bucket_of(80_000)))
    assert wire == pb.CampaignReport(
        campaign="campaigns/a",
        version=2,
        targeted_count=31,
        queued_count=10,
        sent_count=1,
        excluded_count=2,
        failed_count=3,
        cancelled_count=4,
        expired_count=5,
        in_doubt_count=6,
        retry_count=9,
        excluded_counts=[pb.CampaignReport.ExcludedCount(reason=attempt_pb2.EXCLUSION_REASON_SUPPRESSED, count=2)],
        failed_counts=[pb.CampaignReport.FailedCount(reason=attempt_pb2.Failure.REASON_THROTTLED, count=3)],
        hand_off_latency=pb.HandOffLatency(count=1, p50=latency, p95=latency, p99=latency),
        read_time=Timestamp(seconds=7),
    )


def test_a_report_without_messages_has_no_latencies() -> None:
    wire = to_report(CampaignReport("campaigns/a", 0, counts_of({}, {}), 0))
    assert wire.hand_off_latency == pb.HandOffLatency()
