"""Reports, read from the counters of the store."""

from __future__ import annotations

from collections import Counter

import pytest
from clarion_server.application.reports.counts import counts_of
from clarion_server.domain.errors import ResourceNotFound
from clarion_server.domain.events.counter import METRIC_OF_OUTCOME, Metric
from clarion_server.domain.events.latency import bucket_of
from clarion_server.domain.instant import MILLISECOND, SECOND
from clarion_server.domain.messages.attempt import FailureReason
from clarion_server.domain.messages.exclusion import ExclusionReason
from clarion_server.domain.messages.message import OUTCOMES, MessageState
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.application.world import AUTHOR, STRANGER, World

FIRST = {
    (Metric.TARGETED, ""): 10,
    (Metric.SENT, ""): 5,
    (Metric.FAILED, "THROTTLED"): 1,
    (Metric.FAILED, "MAILBOX_FULL"): 1,
}
SECOND_VERSION = {
    (Metric.TARGETED, ""): 3,
    (Metric.EXCLUDED, "SUPPRESSED"): 1,
    (Metric.FAILED, "THROTTLED"): 1,
    (Metric.RETRIES, ""): 4,
    (Metric.UNSUBSCRIBED, ""): 2,
}


async def test_a_report_adds_up_all_versions(world: World) -> None:
    live = await world.live()
    await world.count_up(live, 1, FIRST)
    await world.count_up(live, 2, SECOND_VERSION)
    report = await world.reporting.report("order-confirmed", 0, AUTHOR)
    counts = report.counts
    assert (report.campaign_name, report.version, report.read_time) == (live.name, 0, world.clock.now())
    assert (counts.targeted_count, counts.queued_count, counts.retry_count) == (13, 4, 4)
    assert counts.unsubscribed_count == 2
    assert counts.outcome_counts[MessageState.SENT] == 5
    assert counts.excluded_counts == {ExclusionReason.SUPPRESSED: 1}
    assert counts.failed_counts == {FailureReason.THROTTLED: 2, FailureReason.MAILBOX_FULL: 1}


async def test_a_report_can_be_of_one_version(world: World) -> None:
    live = await world.live()
    await world.count_up(live, 1, FIRST)
    await world.count_up(live, 2, SECOND_VERSION)
    report = await world.reporting.report("order-confirmed", 1, AUTHOR)
    assert (report.version, report.counts.targeted_count) == (1, 10)


async def test_a_campaign_that_sent_nothing_has_a_report_of_zeros(world: World) -> None:
    await world.draft()
    counts = (await world.reporting.report("order-confirmed", 0, AUTHOR)).counts
    assert (counts.targeted_count, counts.queued_count, counts.timed_count) == (0, 0, 0)
    assert set(counts.outcome_counts) == OUTCOMES
    assert counts.latency(0.5) is None


async def test_what_does_not_exist_has_no_report(world: World) -> None:
    await world.draft()
    with pytest.raises(ResourceNotFound):
        await world.reporting.report("order-confirmed", 0, STRANGER)
    with pytest.raises(ResourceNotFound) as refused:
        await world.reporting.report("order-confirmed", 1, AUTHOR)
    assert refused.value.resource == "campaigns/order-confirmed/versions/1"


def test_percentiles_are_within_ten_per_cent_of_the_true_ones() -> None:
    latencies = [MILLISECOND * number for number in range(1, 101)] + [5 * SECOND]
    counts = counts_of({}, Counter(map(bucket_of, latencies)))
    assert counts.timed_count == len(latencies)
    for share, true in ((0.5, 51 * MILLISECOND), (0.95, 96 * MILLISECOND), (1.0, 5 * SECOND)):
        assert counts.latency(share) == pytest.approx(true, rel=0.1)


@given(st.dictionaries(st.sampled_from(sorted(OUTCOMES)), st.integers(0, 1000)), st.integers(0, 1000))
def test_targeted_is_always_queued_plus_the_outcomes(outcomes: dict[MessageState, int], queued: int) -> None:
    counters = {(METRIC_OF_OUTCOME[state], ""): count for state, count in outcomes.items()}
    counts = counts_of({**counters, (Metric.TARGETED, ""): sum(outcomes.values()) + queued}, {})
    assert counts.queued_count == queued
    assert counts.targeted_count == counts.queued_count + sum(counts.outcome_counts.values())


def test_a_reason_of_another_age_counts_in_its_outcome_alone() -> None:
    counts = counts_of({(Metric.TARGETED, ""): 3, (Metric.FAILED, "UNHEARD_OF"): 2}, {})
    assert (counts.targeted_count, counts.queued_count, counts.failed_counts) == (3, 1, {})
    assert counts.outcome_counts[MessageState.FAILED] == 2
