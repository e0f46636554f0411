"""Reports, read from the counters of the store."""

from __future__ import annotations

import pytest
from clarion_server.application.reports.counts import read_figures
from clarion_server.domain.errors import ResourceNotFound
from clarion_server.domain.instant import MILLISECOND, SECOND
from clarion_server.domain.latency import bucket_of
from clarion_server.domain.message import OUTCOMES, ExclusionReason, FailureReason, MessageState
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.application.world import AUTHOR, STRANGER, World

FIRST = {"targeted": 10, "state:SENT": 5, "state:FAILED": 2, "failed:THROTTLED": 1, "failed:MAILBOX_FULL": 1}
SECOND_VERSION = {"targeted": 3, "state:EXCLUDED": 1, "excluded:SUPPRESSED": 1, "failed:THROTTLED": 2, "retries": 4}


async def test_a_report_adds_up_all_versions(world: World) -> None:
    live = await world.live()
    await world.count_up(live, 1, FIRST)
    await world.count_up(live, 2, SECOND_VERSION)
    report = await world.reporting.report("order-confirmed", 0, AUTHOR)
    figures = report.figures
    assert (report.campaign_name, report.version, report.read_time) == (live.name, 0, world.clock.now())
    assert (figures.targeted_count, figures.queued_count, figures.retry_count) == (13, 5, 4)
    assert figures.outcome_counts[MessageState.SENT] == 5
    assert figures.excluded_counts == {ExclusionReason.SUPPRESSED: 1}
    assert figures.failed_counts == {FailureReason.THROTTLED: 3, FailureReason.MAILBOX_FULL: 1}


async def test_a_report_can_be_of_one_version(world: World) -> None:
    live = await world.live()
    await world.count_up(live, 1, FIRST)
    await world.count_up(live, 2, SECOND_VERSION)
    report = await world.reporting.report("order-confirmed", 1, AUTHOR)
    assert (report.version, report.figures.targeted_count) == (1, 10)


async def test_a_campaign_that_sent_nothing_has_a_report_of_zeros(world: World) -> None:
    await world.draft()
    figures = (await world.reporting.report("order-confirmed", 0, AUTHOR)).figures
    assert (figures.targeted_count, figures.queued_count, figures.timed_count) == (0, 0, 0)
    assert set(figures.outcome_counts) == OUTCOMES
    assert figures.latency(0.5) is None


async def test_what_does_not_exist_has_no_report(world: World) -> None:
    await world.draft()
    with pytest.raises(ResourceNotFound):
        await world.reporting.report("order-confirmed", 0, STRANGER)
    with pytest.raises(ResourceNotFound) as refused:
        await world.reporting.report("order-confirmed", 1, AUTHOR)
    assert refused.value.resource == "campaigns/order-confirmed/versions/1"


def test_percentiles_are_within_ten_per_cent_of_the_true_ones() -> None:
    latencies = [MILLISECOND * number for number in range(1, 101)] + [5 * SECOND]
    counters: dict[str, int] = {}
    for latency in latencies:
        metric = f"latency:{bucket_of(latency)}"
        counters[metric] = counters.get(metric, 0) + 1
    figures = read_figures(counters)
    assert figures.timed_count == len(latencies)
    for share, true in ((0.5, 51 * MILLISECOND), (0.95, 96 * MILLISECOND), (1.0, 5 * SECOND)):
        assert figures.latency(share) == pytest.approx(true, rel=0.1)


@given(st.dictionaries(st.sampled_from(sorted(OUTCOMES)), st.integers(0, 1000)), st.integers(0, 1000))
def test_targeted_is_always_queued_plus_the_outcomes(outcomes: dict[MessageState, int], queued: int) -> None:
    counters = {f"state:{state}": count for state, count in outcomes.items()}
    figures = read_figures(counters | {"targeted": sum(outcomes.values()) + queued})
    assert figures.queued_count == queued
    assert figures.targeted_count == figures.queued_count + sum(figures.outcome_counts.values())


def test_metrics_of_another_age_are_passed_over() -> None:
    figures = read_figures({"targeted": 1, "state:TELEPATHIC": 1, "opens": 7, "failed:UNHEARD_OF": 2})
    assert (figures.targeted_count, figures.queued_count, figures.failed_counts) == (1, 1, {})
