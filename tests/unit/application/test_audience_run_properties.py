"""Whatever happens to a run's processes and campaign between its commits, each member is decided about once."""

from __future__ import annotations

import asyncio
from contextlib import closing, suppress
from dataclasses import replace

from clarion_server.application.audience_runs.ownership import RunLost
from clarion_server.application.audience_runs.part_size import PartSize
from clarion_server.domain.audiences.audience_run import AudienceRun, RunState
from clarion_server.domain.campaign_states import CampaignState
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.application.audience_running import Runs, by_condition, person, run_of
from tests.unit.application.running import Process, executions, messages
from tests.unit.application.test_audience_run_life import take
from tests.unit.application.world import AUTHOR, World

OWN, SHARING = 6, 2
#: Says what happens between two commits: a part of some size by one of two processes, a process that dies and is
#: replaced by the other one, a campaign that is paused or resumed.
STEPS = st.one_of(
    st.tuples(st.just("decide"), st.sampled_from(["first", "second"]), st.integers(1, 4)),
    st.tuples(st.just("take"), st.sampled_from(["first", "second"]), st.just(0)),
    st.tuples(st.just("pause"), st.just(""), st.just(0)),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(STEPS, max_size=12))
def test_every_member_has_one_message_or_one_exclusion_after_any_interruptions(
    steps: list[tuple[str, str, int]],
) -> None:
    asyncio.run(_interrupted(steps))


async def _interrupted(steps: list[tuple[str, str, int]]) -> None:
    with closing(World()) as world:
        await world.live()
        processes = {name: Process(world, name) for name in ("first", "second")}
        runs = {name: Runs(process) for name, process in processes.items()}
        try:
            run = await _selected(world, runs["first"])
            for kind, owner, size in steps:
                if kind == "decide":
                    await _decide(world, runs[owner], run, owner, size)
                elif kind == "take":
                    await take(world, run_of(world, run.execution_id), owner)
                else:
                    await _pause_or_resume(world)
            await _finish(world, runs["first"], run)
        finally:
            for process in processes.values():
                await process.close()
        _check(world, run_of(world, run.execution_id))


async def _selected(world: World, runs: Runs) -> AudienceRun:
    await by_condition(world)
    for place in range(OWN):
        await person(world, f"p{place}")
    for place in range(SHARING):
        await person(world, f"s{place}", email=f"p{place}@example.com")
    run = await take(world, (await runs.trigger()).run)
    return await runs.selection.select(run, "first")


async def _decide(world: World, runs: Runs, run: AudienceRun, owner: str, size: int) -> None:
    """Decides about up to `size` members, if the run is in the hands of that process, is not done, and not held."""
    seen = run_of(world, run.execution_id)
    if seen.state is not RunState.ACCEPTING or (await world.stored()).state is CampaignState.PAUSED:
        return
    (execution,) = executions(world)
    live = await runs.process.campaigns.with_version(await world.stored(), execution.version)
    runs.acceptor = replace(runs.acceptor, size=_FixedSize(size))
    with suppress(RunLost):
        taken = await runs.acceptor.read_taken(seen, 1)
        await runs.acceptor.accept_next(seen, owner, execution, live, taken)


class _FixedSize(PartSize):
    def __init__(self, count: int) -> None:
        super().__init__()
        self._count = count

    def next(self, *, is_busy: bool) -> int:
        return self._count


async def _pause_or_resume(world: World) -> None:
    is_paused = (await world.stored()).state is CampaignState.PAUSED
    change = world.life_cycle.resume if is_paused else world.life_cycle.pause
    await change("order-confirmed", "", AUTHOR)


async def _finish(world: World, runs: Runs, run: AudienceRun) -> None:
    if (await world.stored()).state is CampaignState.PAUSED:
        await _pause_or_resume(world)
    while (await take_if_open(world, run)).state is RunState.ACCEPTING:
        await _decide(world, runs, run, "first", 3)


async def take_if_open(world: World, run: AudienceRun) -> AudienceRun:
    seen = run_of(world, run.execution_id)
    return await take(world, seen) if seen.state.is_open else seen


def _check(world: World, run: AudienceRun) -> None:
    found = [message.identity for message in messages(world).values()]
    assert sorted(found) == sorted(
        [f"email:p{place}@example.com" for place in range(OWN)]
        + [f"email:s{place}@example.com" for place in range(SHARING)]
    )
    assert (run.state, run.accepted_count, sum(run.exclusions.values())) == (RunState.DONE, OWN, SHARING)
