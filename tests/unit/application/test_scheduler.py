"""Campaigns that move by themselves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from typing import Any

import pytest
from clarion_server.application.campaigns.scheduler import NAP, CampaignScheduler
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.repositories import CampaignRepository
from clarion_server.application.ports.store import UnitOfWork, WriteConflict
from clarion_server.domain.campaign import Campaign, CampaignState, Schedule
from clarion_server.domain.instant import HOUR, MILLISECOND, SECOND, Instant
from structlog.testing import capture_logs

from tests.memory_store import MemoryStore
from tests.unit.application.world import AUTHOR, World

LIVE, COMPLETED = CampaignState.LIVE, CampaignState.COMPLETED

#: How long anything may take that must happen; only a failing test waits for it.
DEADLINE_S = 30


class Keeping:
    """A keeper at work, and what it told."""

    def __init__(self, world: World, clock: Clock | None = None, told: asyncio.Queue[Campaign] | None = None) -> None:
        self.told = told or asyncio.Queue()
        self.keeper = CampaignScheduler(world.transactions, clock or world.clock, self.told.put_nowait)

    async def next(self) -> Campaign:
        return await asyncio.wait_for(self.told.get(), DEADLINE_S)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.keeper.run())
        try:
            yield
        finally:
            self.keeper.stop()
            await asyncio.wait_for(task, DEADLINE_S)


class WallClock:
    def now(self) -> Instant:
        return time.time_ns() // 1_000


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not holds():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


@pytest.fixture
def impatient() -> Iterator[World]:
    """Over a store that lets nobody wait for it."""
    with closing(World(MemoryStore(patience_s=0.01))) as world:
        yield world


async def test_a_campaign_goes_live_and_completes_at_its_times(world: World) -> None:
    now = world.clock.now()
    await world.live(schedule=Schedule(now + HOUR, now + 2 * HOUR))
    keeping = Keeping(world)
    async with keeping.running():
        for state in (LIVE, COMPLETED):
            world.clock.advance(HOUR)
            keeping.keeper.wake()
            moved = await keeping.next()
            assert moved.state is state
            assert await world.stored() == moved


async def test_a_paused_campaign_completes_too(world: World) -> None:
    await world.live(schedule=Schedule(end_time=world.clock.now() + HOUR))
    await world.life_cycle.pause("order-confirmed", "", AUTHOR)
    world.clock.advance(HOUR)
    keeping = Keeping(world)
    async with keeping.running():
        assert (await keeping.next()).state is COMPLETED


async def test_nobody_needs_to_wake_the_keeper(world: World) -> None:
    clock = WallClock()
    world.clock.time = clock.now()
    await world.live(schedule=Schedule(clock.now() + 200 * MILLISECOND))
    keeping = Keeping(world, clock)
    async with keeping.running():
        # Sooner than the keeper would look without knowing of a time.
        moved = await asyncio.wait_for(keeping.told.get(), 0.9 * NAP / SECOND)
    assert moved.state is LIVE


async def test_an_earlier_time_counts_as_soon_as_the_keeper_is_woken(world: World) -> None:
    await world.live("later", schedule=Schedule(world.clock.now() + 2 * HOUR))
    keeping = Keeping(world)
    async with keeping.running():
        await world.live("sooner", schedule=Schedule(world.clock.now() + HOUR))
        world.clock.advance(HOUR)
        keeping.keeper.wake()
        assert (await keeping.next()).id == "sooner"
    assert (await world.stored("later")).state is CampaignState.SCHEDULED


async def test_of_two_keepers_on_one_store_one_makes_each_move(world: World) -> None:
    ids = [f"c{number}" for number in range(5)]
    for campaign_id in ids:
        await world.live(campaign_id, schedule=Schedule(world.clock.now() + HOUR))
    one = Keeping(world)
    other = Keeping(world, told=one.told)
    async with one.running(), other.running():
        world.clock.advance(HOUR)
        one.keeper.wake()
        other.keeper.wake()
        assert sorted([(await one.next()).id for _ in ids]) == ids
    assert one.told.empty()


async def test_a_store_that_does_not_answer_ends_nothing(impatient: World) -> None:
    await impatient.live(schedule=Schedule(impatient.clock.now() + HOUR))
    impatient.clock.advance(HOUR)
    keeping = Keeping(impatient)
    with capture_logs() as logs, ExitStack() as locked:
        locked.enter_context(impatient.store.begin())
        async with keeping.running():
            await until(lambda: any(entry["event"] == "schedule_keeping_failed" for entry in logs))
            locked.close()
            keeping.keeper.wake()
            assert (await keeping.next()).state is LIVE


class OvertakenCampaigns:
    """A `CampaignRepository` in which another process is always faster with the campaign `first`."""

    def __init__(self, behind: CampaignRepository) -> None:
        self._behind = behind

    def save(self, campaign: Campaign) -> None:
        if campaign.id == "first":
            raise WriteConflict(campaign.name)
        self._behind.save(campaign)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._behind, name)


class OvertakenStore(MemoryStore):
    overtaken = False

    @contextmanager
    def begin(self) -> Iterator[UnitOfWork]:
        with super().begin() as unit:
            if self.overtaken:
                vars(unit)["campaigns"] = OvertakenCampaigns(unit.campaigns)
            yield unit


async def test_a_campaign_that_another_process_moved_keeps_no_other_from_moving() -> None:
    store = OvertakenStore()
    with closing(World(store)) as world:
        for campaign_id in ("first", "second"):
            await world.live(campaign_id, schedule=Schedule(world.clock.now() + HOUR))
        world.clock.advance(HOUR)
        store.overtaken = True
        keeping = Keeping(world)
        async with keeping.running():
            assert (await keeping.next()).id == "second"


async def test_a_keeper_that_is_told_to_stop_does(world: World) -> None:
    keeping = Keeping(world)
    async with keeping.running():
        pass
    assert keeping.told.empty()
