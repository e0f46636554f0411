"""Campaigns that move by themselves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from typing import Any

import pytest
from clarion_server.application.campaigns.scheduler import MAX_SLEEP, CampaignScheduler
from clarion_server.application.ports.campaigns import CampaignRepository
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.store import UnitOfWork, WriteConflict
from clarion_server.domain.campaign_states import CampaignState
from clarion_server.domain.campaigns.campaign import Campaign
from clarion_server.domain.campaigns.campaign_definition import Schedule
from clarion_server.domain.instant import HOUR, MILLISECOND, SECOND, Instant
from structlog.testing import capture_logs

from tests.memory_store import MemoryStore
from tests.unit.application.world import AUTHOR, World

LIVE, COMPLETED = CampaignState.LIVE, CampaignState.COMPLETED

#: Says how long anything may take that must happen; only a failing test waits for it.
DEADLINE_S = 120


class Scheduling:
    """Is a scheduler, and the campaigns that it has moved."""

    def __init__(self, world: World, clock: Clock | None = None, moved: asyncio.Queue[Campaign] | None = None) -> None:
        self.moved = moved or asyncio.Queue()
        self.scheduler = CampaignScheduler(world.transactions, clock or world.clock, self.moved.put_nowait)

    async def next(self) -> Campaign:
        return await asyncio.wait_for(self.moved.get(), DEADLINE_S)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        self.scheduler.start()
        try:
            yield
        finally:
            await asyncio.wait_for(self.scheduler.close(), DEADLINE_S)


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
    with closing(World(MemoryStore(timeout_s=0.01))) as world:
        yield world


async def test_a_campaign_goes_live_and_completes_at_its_times(world: World) -> None:
    now = world.clock.now()
    await world.live(schedule=Schedule(now + HOUR, now + 2 * HOUR))
    scheduling = Scheduling(world)
    async with scheduling.running():
        for state in (LIVE, COMPLETED):
            world.clock.advance(HOUR)
            scheduling.scheduler.wake()
            moved = await scheduling.next()
            assert moved.state is state
            assert await world.stored() == moved


async def test_a_paused_campaign_completes_too(world: World) -> None:
    await world.live(schedule=Schedule(end_time=world.clock.now() + HOUR))
    await world.life_cycle.pause("order-confirmed", "", AUTHOR)
    world.clock.advance(HOUR)
    scheduling = Scheduling(world)
    async with scheduling.running():
        assert (await scheduling.next()).state is COMPLETED


async def test_nobody_needs_to_wake_the_scheduler(world: World) -> None:
    clock = WallClock()
    world.clock.time = clock.now()
    await world.live(schedule=Schedule(clock.now() + 200 * MILLISECOND))
    scheduling = Scheduling(world, clock)
    async with scheduling.running():
        # Sooner than the scheduler would look without knowing of a time.
        moved = await asyncio.wait_for(scheduling.moved.get(), 0.9 * MAX_SLEEP / SECOND)
    assert moved.state is LIVE


async def test_an_earlier_time_counts_as_soon_as_the_scheduler_is_woken(world: World) -> None:
    await world.live("later", schedule=Schedule(world.clock.now() + 2 * HOUR))
    scheduling = Scheduling(world)
    async with scheduling.running():
        await world.live("sooner", schedule=Schedule(world.clock.now() + HOUR))
        world.clock.advance(HOUR)
        scheduling.scheduler.wake()
        assert (await scheduling.next()).id == "sooner"
    assert (await world.stored("later")).state is CampaignState.SCHEDULED


async def test_of_two_schedulers_on_one_store_one_makes_each_move(world: World) -> None:
    ids = [f"c{number}" for number in range(5)]
    for campaign_id in ids:
        await world.live(campaign_id, schedule=Schedule(world.clock.now() + HOUR))
    one = Scheduling(world)
    other = Scheduling(world, moved=one.moved)
    async with one.running(), other.running():
        world.clock.advance(HOUR)
        one.scheduler.wake()
        other.scheduler.wake()
        assert sorted([(await one.next()).id for _ in ids]) == ids
    assert one.moved.empty()


async def test_a_store_that_does_not_answer_ends_nothing(impatient: World) -> None:
    await impatient.live(schedule=Schedule(impatient.clock.now() + HOUR))
    impatient.clock.advance(HOUR)
    scheduling = Scheduling(impatient)
    with capture_logs() as logs, ExitStack() as locked:
        locked.enter_context(impatient.store.begin())
        async with scheduling.running():
            # The store's trouble is told once, and not again as a fault of the scheduler.
            await until(lambda: bool(logs))
            assert {entry["event"] for entry in logs} == {"store_unavailable"}
            locked.close()
            scheduling.scheduler.wake()
            assert (await scheduling.next()).state is LIVE


class OvertakenCampaigns:
    """Is a `CampaignRepository` in which another process is always faster with the campaign `first`."""

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
    def begin(self, *, durable_later: bool = False) -> Iterator[UnitOfWork]:
        with super().begin(durable_later=durable_later) as unit:
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
        scheduling = Scheduling(world)
        async with scheduling.running():
            assert (await scheduling.next()).id == "second"


async def test_a_scheduler_ends_when_it_is_closed(world: World) -> None:
    scheduling = Scheduling(world)
    async with scheduling.running():
        pass
    assert scheduling.moved.empty()
