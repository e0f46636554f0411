"""Tests the metrics of a process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from clarion_server.adapters.metrics import PrometheusMetrics
from clarion_server.application.reports.counts import CampaignCounts, counts_of
from clarion_server.application.sending.dispatch import ClaimedMessage
from clarion_server.application.sending.outcome_recording import RecordOutcomes
from clarion_server.domain.events.counter import Metric
from clarion_server.domain.events.delivery import AttemptOutcome, expire
from clarion_server.domain.instant import HOUR
from clarion_server.domain.messages.message import Lane, Message, MessageState
from prometheus_client.parser import text_string_to_metric_families

from tests.fakes import NEVER, UNKNOWN, Provider
from tests.unit.application.running import Process, claimed, recipients, states, until
from tests.unit.application.world import World


@pytest.fixture
def metrics() -> PrometheusMetrics:
    return PrometheusMetrics("1.0", "all")


def value(metrics: PrometheusMetrics, name: str, counts: CampaignCounts | None = None, **labels: str) -> float:
    """Returns the sample with that full name and exactly these labels; 0 if there is none."""
    families = text_string_to_metric_families(metrics.exposition(counts).decode())
    samples = [sample for family in families for sample in family.samples]
    return sum(sample.value for sample in samples if (sample.name, sample.labels) == (name, labels))


async def test_messages_attempts_and_commits_are_counted_once_they_are_durable(
    world: World, metrics: PrometheusMetrics
) -> None:
    await world.live()
    process = Process(world, metrics=metrics)
    async with process.sending():
        await process.trigger(*recipients(3))
        await until(lambda: value(metrics, "clarion_attempts_concluded_total", state="SENT") == 3)
    assert value(metrics, "clarion_messages_accepted_total") == 3
    assert value(metrics, "clarion_attempts_total", result="SENT") == 3
    commits = value(metrics, "clarion_commit_items_count")
    assert value(metrics, "clarion_commit_seconds_count") == commits > 0
    assert value(metrics, "clarion_commit_items_sum") >= 4


async def attempted(process: Process, message: Message) -> AttemptOutcome:
    (configuration,) = process.world.see(lambda unit: unit.channels.by_keys({1}))
    channel = process.provider(configuration)
    outcome = await process.ports.attempts.attempt(ClaimedMessage(message), channel, configuration)
    assert outcome is not None
    return outcome


async def expired(_process: Process, message: Message) -> AttemptOutcome:
    return expire(message, message.due_time)


class Owner:
    """Made attempts, and holds nothing for them."""

    def recorded(self, _outcome: AttemptOutcome) -> None: ...

    def not_recorded(self, _outcome: AttemptOutcome, _error: Exception) -> None: ...

    def release(self, _lane: Lane, _count: int) -> None: ...


@pytest.mark.parametrize("conclude", [attempted, expired], ids=["it fails", "its time is over"])
async def test_what_ends_unsent_after_a_doubt_is_counted_as_in_doubt(
    world: World, metrics: PrometheusMetrics, conclude: Callable[[Process, Message], Awaitable[AttemptOutcome]]
) -> None:
    await world.live()
    ends = iter([UNKNOWN, NEVER])
    process, recording = Process(world, provider=Provider(lambda _: next(ends))), RecordOutcomes("first", metrics)
    await process.trigger()
    for conclusion in (attempted, conclude):
        (message,) = (await claimed(world)).messages
        await process.commits.submit(recording, (Owner(), await conclusion(process, message)))
        world.clock.advance(HOUR)
    assert states(world) == [MessageState.IN_DOUBT]
    concluded = {state: value(metrics, "clarion_attempts_concluded_total", state=state) for state in MessageState}
    assert {state: count for state, count in concluded.items() if count} == {"QUEUED": 1, "IN_DOUBT": 1}
    await process.close()


async def test_a_repeated_request_is_not_counted_again(world: World, metrics: PrometheusMetrics) -> None:
    await world.live()
    process = Process(world, metrics=metrics)
    await process.trigger(request_id="r-1")
    await process.trigger(request_id="r-1")
    assert value(metrics, "clarion_messages_accepted_total") == 1
    await process.close()


def test_the_metrics_of_the_store_are_those_of_all_campaigns(metrics: PrometheusMetrics) -> None:
    counts = counts_of(
        {(Metric.TARGETED, ""): 10, (Metric.SENT, ""): 6, (Metric.FAILED, "OTHER"): 1, (Metric.RETRIES, ""): 2}, {}
    )
    assert value(metrics, "clarion_store_up", counts) == 1
    assert value(metrics, "clarion_store_messages_total", counts) == 10
    assert value(metrics, "clarion_store_queued_messages", counts) == 3
    assert value(metrics, "clarion_store_outcomes_total", counts, state="SENT") == 6
    assert value(metrics, "clarion_store_retries_total", counts) == 2


def test_a_store_that_does_not_answer_is_down_and_has_no_counts(metrics: PrometheusMetrics) -> None:
    metrics.exposition(counts_of({}, {}))
    assert value(metrics, "clarion_store_up") == 0
    assert b"clarion_store_messages" not in metrics.exposition(None)


def test_totals_are_read_at_each_scrape(metrics: PrometheusMetrics) -> None:
    failures = [1, 2]
    metrics.add_total("clarion_failures_total", "Failures.", lambda: failures.pop(0))
    assert [value(metrics, "clarion_failures_total") for _ in range(2)] == [1, 2]


def test_gauges_are_read_at_each_scrape(metrics: PrometheusMetrics) -> None:
    in_flight = {"news": 1}
    metrics.add_gauge("clarion_channels", "Channels.", lambda: len(in_flight))
    metrics.add_gauges("clarion_messages", "Messages.", "channel", lambda: in_flight)
    in_flight["orders"] = 5
    assert value(metrics, "clarion_channels") == 2
    assert value(metrics, "clarion_messages", channel="orders") == 5


def test_the_counters_of_two_processes_are_apart(metrics: PrometheusMetrics) -> None:
    metrics.count_accepted(3)
    assert value(PrometheusMetrics("1.0", "all"), "clarion_messages_accepted_total") == 0


async def test_an_event_loop_that_is_held_up_is_late(metrics: PrometheusMetrics) -> None:
    time, rounds = 0.0, 0

    async def sleep(seconds: float) -> None:
        """Takes a quarter of a second longer than it should, once."""
        nonlocal time, rounds
        rounds += 1
        if rounds == 3:
            raise asyncio.CancelledError
        time += seconds + (0.25 if rounds == 1 else 0.0)

    with pytest.raises(asyncio.CancelledError):
        await metrics.observe_loop_lag(lambda: time, sleep)
    assert value(metrics, "clarion_event_loop_lag_seconds_count") == 2
    assert value(metrics, "clarion_event_loop_lag_seconds_bucket", le="0.2") == 1
    assert value(metrics, "clarion_event_loop_lag_seconds_sum") == 0.25
