"""A process that only accepts, and another one that sends what it has accepted."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from clarion_server.adapters.system import SystemIds
from clarion_server.application.sending import store_queue
from clarion_server.application.sending.remote_dispatch import NoLocalDispatch
from clarion_server.application.sending.store_queue import StoreQueue
from clarion_server.application.triggering.trigger import Triggering
from clarion_server.domain.instant import HOUR
from clarion_server.domain.message import MessageState

from tests.unit.application.running import CALLER, Process, command, recipients, states, until
from tests.unit.application.world import World


@pytest.fixture(autouse=True)
def no_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """What happens does not happen because somebody looks from time to time."""
    monkeypatch.setattr(store_queue, "_LOOK_EVERY", HOUR)


class Door:
    """Accepts and never sends. What it tells others is in `told`."""

    def __init__(self, process: Process) -> None:
        self.told: list[set[int]] = []
        queue = StoreQueue(process.transactions, process.commits, process.world.clock, "door", self._tell)
        self.triggering = Triggering(
            process.transactions,
            process.directory,
            process.commits,
            NoLocalDispatch(queue, lambda: self._tell([0])),
            process.world.clock,
            SystemIds(),
        )

    def _tell(self, channel_keys: Collection[int]) -> None:
        self.told.append(set(channel_keys))


async def test_what_is_accepted_stays_queued_and_others_are_told_for_which_channel_once_a_commit(world: World) -> None:
    await world.live()
    process = Process(world)
    door = Door(process)
    await door.triggering.trigger(command(*recipients(20)), CALLER)
    assert states(world) == [MessageState.QUEUED] * 20
    await until(lambda: bool(door.told))
    assert door.told == [{1}]
    await process.close()


async def test_who_sends_hears_of_it_and_need_not_look(world: World) -> None:
    await world.live()
    process = Process(world)
    door = Door(process)
    async with process.sending():
        await until(lambda: process.is_idle)
        await door.triggering.trigger(command(*recipients(3)), CALLER)
        await until(lambda: bool(door.told))
        for told in door.told:
            process.ports.queue.heard(told)
        await until(lambda: states(world) == [MessageState.SENT] * 3)


async def test_news_of_a_channel_that_is_not_known_yet_harm_nobody(world: World) -> None:
    await world.live()
    process = Process(world)
    async with process.sending():
        process.ports.queue.heard({0, 1, 99})
        assert not process.outlets.have({0, 1})
        assert process.outlets.have({1})
        await process.trigger()
        await until(lambda: states(world) == [MessageState.SENT])
