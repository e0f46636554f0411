"""Several processes keep the rates of a campaign and of a sending policy together, also when one of them dies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
from clarion_server.application.ports.queue import ClaimRequest
from clarion_server.application.sending.claim import ClaimDueMessages, DueClaims
from clarion_server.domain.category import Category
from clarion_server.domain.instant import SECOND, Instant
from clarion_server.domain.messages.message import Lane, MessageState
from clarion_server.domain.sending_policies.sending_rate import RatePeriod, SendingRate

from tests.contract.store.conftest import OpenStore
from tests.identities import EXCLUSIONS
from tests.unit.application.running import Process, messages, recipients
from tests.unit.application.sending_policies import Policies
from tests.unit.application.world import AUTHOR, World

PROCESSES = 4
#: Is a second, of each campaign and policy here.
RATE = 20
TENTH = SECOND // 10


@dataclass
class Fleet:
    """Processes with stores of their own on one database, which claim again and again."""

    world: World
    processes: Sequence[Process]

    async def claim(self, process: Process) -> int:
        (channel,) = await self.world.channels.page(None, 1, AUTHOR)
        request = ClaimRequest(channel.key, Lane.MARKETING, 15)
        claims = DueClaims([request], process.lease.process_id, self.world.clock.now())
        claiming = ClaimDueMessages(EXCLUSIONS)
        ((answer,),) = await process.transactions.write(lambda unit: claiming.apply(unit, [claims]))
        return len(answer.messages)

    async def claim_at_once(self, processes: Sequence[Process]) -> int:
        return sum(await asyncio.gather(*(self.claim(process) for process in processes for _ in range(4))))

    async def run(self, tenths: int, processes: Sequence[Process] | None = None) -> list[int]:
        """Returns how many messages were begun in each tenth of a second."""
        begun = []
        for _ in range(tenths):
            begun.append(await self.claim_at_once(processes or self.processes))
            self.world.clock.advance(TENTH)
        return begun

    def attempt_times(self) -> list[Instant]:
        """When the last attempts of messages began, as it is stored."""
        return sorted(
            each.attempts.last_time for each in messages(self.world).values() if each.attempts.last_time is not None
        )


@pytest.fixture
async def fleet(open_durable: OpenStore) -> AsyncIterator[Fleet]:
    async with AsyncExitStack() as opened:
        stores = [open_durable() for _ in range(PROCESSES)]
        world = World(stores[0])
        opened.callback(world.transactions.close)
        processes = [
            Process(world, f"process-{number}", store=store, span=3 * SECOND) for number, store in enumerate(stores)
        ]
        for process in processes:
            opened.push_async_callback(process.close)
        yield Fleet(world, processes)


def most_within(span: int, times: Sequence[Instant]) -> int:
    """Returns the largest number of these times in any such span."""
    return max(sum(start <= each < start + span for each in times) for start in times)


async def test_of_what_several_processes_claim_at_once_no_more_leaves_than_the_rate_of_a_policy_allows(
    fleet: Fleet, show_counts: Callable[[str], None]
) -> None:
    await Policies(fleet.world).make(quiet_hours=(), rate=float(RATE))
    await fleet.world.live("offers", category=Category.MARKETING)
    await fleet.processes[0].trigger(*recipients(200), campaign_id="offers")
    begun = await fleet.run(40)
    show_counts(f"messages begun in each tenth of a second at 20 a second, by {PROCESSES} processes: {begun}")
    assert max(begun) <= 5
    assert 75 <= sum(begun) <= 85
    assert most_within(SECOND, fleet.attempt_times()) <= 1.2 * RATE + 2


async def test_processes_keep_the_rate_of_a_campaign_when_one_dies_and_when_all_stand_still(
    fleet: Fleet, show_counts: Callable[[str], None]
) -> None:
    world = fleet.world
    await world.live("offers", category=Category.MARKETING, rate=SendingRate(60 * RATE, RatePeriod.MINUTE))
    for process in fleet.processes:
        await process.heartbeat.beat()
    await fleet.processes[0].trigger(*recipients(400), campaign_id="offers")
    begun = await fleet.run(20)
    # The first process dies with what it has claimed, and the others stand still for a while.
    dead, *alive = fleet.processes
    assert await fleet.claim(dead) <= 5
    of_dead = [each.id for each in messages(world, MessageState.SENDING).values() if each.attempts.owner == "process-0"]
    world.clock.advance(4 * SECOND)
    for process in alive:
        await process.heartbeat.beat()
    begun += [0] * 40 + await fleet.run(40, alive)
    times = fleet.attempt_times()
    show_counts(f"begun at 20 a second in each tenth, with a halt of four seconds: {begun}")
    assert of_dead
    assert most_within(SECOND, times) <= 1.2 * RATE + 2
    assert most_within(3 * SECOND, times) <= 3.2 * RATE + 2
    assert sum(begun[-40:]) >= 4 * RATE - 5


async def test_processes_keep_the_rates_of_a_campaign_and_of_its_policy_and_a_change_of_one(
    fleet: Fleet, show_counts: Callable[[str], None]
) -> None:
    world = fleet.world
    await Policies(world).make(quiet_hours=(), rate=float(RATE))
    await world.live("offers", category=Category.MARKETING, rate=SendingRate(5, RatePeriod.SECOND))
    await world.live("news", category=Category.MARKETING)
    slow = await fleet.processes[0].trigger(*recipients(100), campaign_id="offers")
    await fleet.processes[1].trigger(*recipients(40), campaign_id="news")
    before = await fleet.run(20)
    await world.update("offers", rate=SendingRate(10, RatePeriod.SECOND))
    await world.activate("offers")
    await asyncio.gather(*(process.heartbeat.beat() for process in fleet.processes))
    changed = world.clock.now()
    after = await fleet.run(40)
    of_slow = sorted(
        each.attempts.last_time
        for each in messages(world).values()
        if each.attempts.last_time is not None and each.id.startswith(slow.execution.id)
    )
    show_counts(f"begun in each tenth before and after the change from 5 to 10 a second: {before} {after}")
    assert most_within(SECOND, fleet.attempt_times()) <= 1.2 * RATE + 2
    assert most_within(SECOND, [each for each in of_slow if each < changed]) <= 1.2 * 5 + 2
    assert most_within(SECOND, of_slow) <= 1.2 * 10 + 2
    assert sum(each >= changed for each in of_slow) >= 30
