"""Tests a process that only accepts, and another one that sends what it has accepted."""

from __future__ import annotations

import pytest
from clarion_server.adapters.system import SystemIds
from clarion_server.application.sending import store_look
from clarion_server.application.sending.remote_dispatch import RemoteDispatch
from clarion_server.application.sending.store_queue import StoreQueue
from clarion_server.application.triggering.trigger import Triggering
from clarion_server.domain.messages.message import MessageState

from tests.identities import EXCLUSIONS, MEMBERSHIPS
from tests.unit.application.running import CALLER, Process, command, recipient_files, recipients, states, until
from tests.unit.application.world import World


@pytest.fixture(autouse=True)
def no_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing happens because the claim loop looks from time to time."""
    monkeypatch.setattr(store_look, "LOOK_SECONDS", 3600.0)


class AcceptingProcess:
    """Accepts and never sends. `notified` is what it tells other processes."""

    def __init__(self, process: Process) -> None:
        self.notified: list[set[int]] = []
        self._queue = StoreQueue(process.commits, "accepting", EXCLUSIONS)
        self._dispatch = RemoteDispatch(lambda keys: self.notified.append(set(keys)))
        self.triggering = Triggering(
            process.transactions,
            process.campaigns,
            process.commits,
            self._dispatch,
            self._queue,
            process.world.identities,
            process.world.clock,
            SystemIds(),
            EXCLUSIONS,
            MEMBERSHIPS,
            recipient_files(process.transactions, process.commits, self._dispatch, process.world),
        )

    async def start(self) -> None:
        await self._queue.start(self._dispatch.on_due)


async def test_what_is_accepted_stays_queued_and_others_are_notified_of_its_channel_once_a_commit(
    world: World,
) -> None:
    await world.live()
    process = Process(world)
    accepting = AcceptingProcess(process)
    await accepting.start()
    await accepting.triggering.trigger(command(*recipients(20)), CALLER)
    assert states(world) == [MessageState.QUEUED] * 20
    await until(lambda: bool(accepting.notified))
    assert accepting.notified == [{1}]
    await process.close()


async def test_a_process_that_sends_claims_what_it_is_notified_of(world: World) -> None:
    await world.live()
    process = Process(world)
    accepting = AcceptingProcess(process)
    await accepting.start()
    async with process.sending():
        await until(lambda: process.is_idle)
        await accepting.triggering.trigger(command(*recipients(3)), CALLER)
        await until(lambda: bool(accepting.notified))
        for keys in accepting.notified:
            process.claim_loop.on_queued(keys)
        await until(lambda: states(world) == [MessageState.SENT] * 3)


async def test_a_notification_of_a_channel_that_is_not_known_yet_harms_nobody(world: World) -> None:
    await world.live()
    process = Process(world)
    async with process.sending():
        process.claim_loop.on_queued({0, 1, 99})
        await process.trigger()
        await until(lambda: states(world) == [MessageState.SENT])
