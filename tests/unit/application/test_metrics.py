"""What a process tells of itself."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from clarion_server.application.maintenance import process_metrics as tallying
from clarion_server.application.maintenance.metrics import Family, histogram, of_process, of_store
from clarion_server.application.maintenance.process_metrics import Distribution, ProcessMetrics

from tests.unit.application.running import Process, recipients, until
from tests.unit.application.world import World


def value(families: list[Family], name: str, **labels: str) -> float:
    """Of the sample with that full name and these labels."""
    found = [
        count
        for family in families
        for suffix, its_labels, count in family.samples
        if family.name + suffix == name and its_labels == labels
    ]
    (one,) = found
    return one


def test_a_histogram_counts_what_is_up_to_each_bound_and_everything_in_the_last() -> None:
    values = Distribution((1, 10))
    for each in (0.5, 1, 2, 100):
        values.add(each)
    families = [histogram("sizes", "", values)]
    assert [value(families, "sizes_bucket", le=bound) for bound in ("1.0", "10.0", "+Inf")] == [2, 3, 4]
    assert value(families, "sizes_count") == 4
    assert value(families, "sizes_sum") == 103.5


async def test_messages_attempts_and_commits_are_counted_once_they_are_durable(world: World) -> None:
    await world.live()
    process, tally = Process(world), ProcessMetrics()
    process.commits._observer = tally
    async with process.sending():
        await process.trigger(*recipients(3))
        await until(lambda: tally.outcomes.total() == 3)
        families = of_process(tally)
    assert value(families, "clarion_messages_accepted_total") == 3
    assert value(families, "clarion_attempts_concluded_total", state="SENT") == 3
    assert value(families, "clarion_attempts_total", result="SENT") == 3
    assert value(families, "clarion_commit_items_count") == value(families, "clarion_commit_seconds_count") > 0


async def test_what_is_asked_for_again_is_not_counted_again(world: World) -> None:
    await world.live()
    process, tally = Process(world), ProcessMetrics()
    process.commits._observer = tally
    await process.trigger(request_id="r-1")
    await process.trigger(request_id="r-1")
    assert tally.accepted == 1
    await process.close()


def test_the_stores_figures_are_those_of_all_campaigns() -> None:
    families = of_store({"targeted": 10, "state:SENT": 6, "state:FAILED": 1, "retries": 2})
    assert value(families, "clarion_store_queued_messages") == 3
    assert value(families, "clarion_store_outcomes_total", state="SENT") == 6
    assert value(families, "clarion_store_retries_total") == 2


async def test_a_loop_that_is_held_up_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tallying, "_ASK_EVERY", 0.001)
    tally = ProcessMetrics()
    watching = asyncio.create_task(tally.watch_loop())
    await until(lambda: sum(tally.loop_lags.counts) > 0)
    before = tally.loop_lags.sum
    clock = asyncio.get_running_loop().time
    busy_until = clock() + 0.1
    while clock() < busy_until:
        pass
    await until(lambda: tally.loop_lags.sum > before + 0.05)
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
