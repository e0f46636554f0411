"""Several processes keep the rate of a sending policy together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

from clarion_server.application.ports.queue import ClaimRequest
from clarion_server.application.sending.claim import ClaimDueMessages, DueClaims
from clarion_server.domain.category import Category
from clarion_server.domain.instant import SECOND
from clarion_server.domain.message import Lane, MessageState

from tests.contract.store.conftest import OpenStore
from tests.identities import EXCLUSIONS
from tests.unit.application.running import Process, messages, recipients
from tests.unit.application.sending_policies import Policies
from tests.unit.application.world import AUTHOR, World

PROCESSES = 4


async def test_of_what_several_processes_claim_at_once_no_more_leaves_than_the_rate_allows(
    open_durable: OpenStore, show_counts: Callable[[str], None]
) -> None:
    async with AsyncExitStack() as opened:
        stores = [open_durable() for _ in range(PROCESSES)]
        world = World(stores[0])
        opened.callback(world.transactions.close)
        await Policies(world).make(quiet_hours=(), rate=20.0)
        await world.live("offers", category=Category.MARKETING)
        processes = [Process(world, f"process-{number}", store=store) for number, store in enumerate(stores)]
        for process in processes:
            opened.push_async_callback(process.close)
        (channel,) = await world.channels.page(None, 1, AUTHOR)
        await processes[0].trigger(*recipients(200), campaign_id="offers")

        async def claim(process: Process) -> int:
            request = ClaimRequest(channel.key, Lane.MARKETING, 15)
            claims = DueClaims([request], process.lease.process_id, world.clock.now())
            claiming = ClaimDueMessages(EXCLUSIONS)
            ((answer,),) = await process.transactions.write(lambda unit: claiming.apply(unit, [claims]))
            return len(answer.messages)

        begun = []
        for _ in range(40):
            begun.append(sum(await asyncio.gather(*(claim(process) for process in processes for _ in range(4)))))
            world.clock.advance(SECOND // 10)
        show_counts(f"messages begun in each tenth of a second at 20 a second, by {PROCESSES} processes: {begun}")
        assert max(begun) <= 3
        assert 75 <= sum(begun) <= 82
        waiting = [each.due_time for each in messages(world, MessageState.QUEUED).values()]
        assert len(waiting) == 200 - sum(begun)
