"""Units of work run for an event loop: what meets a conflict runs again, and what somebody waits for goes first."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest
from clarion_server.application.ports.store import UnitOfWork, WriteConflict
from clarion_server.application.transactions import ATTEMPTS, INTERACTIVE_PER_BULK_STEP, Transactions
from clarion_server.domain.errors import Unavailable

from tests.fakes import FaultyStore
from tests.memory_store import MemoryStore
from tests.unit.application.running import until
from tests.unit.application.world import World


def work_with_conflicts(count: int) -> Callable[[UnitOfWork], str]:
    """Returns work that meets a conflict in each of its first `count` runs."""
    left = iter(range(count))

    def work(_unit: UnitOfWork) -> str:
        for _ in left:
            raise WriteConflict
        return "done"

    return work


async def test_a_write_that_meets_a_conflict_is_run_again(world: World) -> None:
    assert await world.transactions.write(work_with_conflicts(ATTEMPTS - 1)) == "done"


async def test_a_write_that_meets_a_conflict_every_time_is_unavailable(world: World) -> None:
    with pytest.raises(Unavailable):
        await world.transactions.write(work_with_conflicts(ATTEMPTS))


# Two priorities.


class GatedStore(MemoryStore):
    """Is a store whose write transactions begin only while the gate is open."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.waits = threading.Event()

    @contextmanager
    def begin(self, *, durable_later: bool = False) -> Iterator[UnitOfWork]:
        self.waits.set()
        assert self.gate.wait(120)
        with super().begin(durable_later=durable_later) as unit:
            yield unit


async def test_interactive_writes_go_before_bulk_steps_that_wait_and_after_one_at_most() -> None:
    store, order = GatedStore(), list[str]()
    transactions = Transactions(store)

    def write(name: str, *, bulk: bool = False) -> asyncio.Task[None]:
        return asyncio.create_task(transactions.write(lambda _: order.append(name), bulk=bulk))

    writes = [write("bulk 1", bulk=True)]
    assert await asyncio.to_thread(store.waits.wait, 30)
    writes += [write("bulk 2", bulk=True), write("trigger 1"), write("bulk 3", bulk=True), write("trigger 2")]
    await until(lambda: transactions.interactive_writes == 2)
    store.gate.set()
    await asyncio.gather(*writes)
    transactions.close()
    assert order == ["bulk 1", "trigger 1", "trigger 2", "bulk 2", "bulk 3"]


async def test_bulk_work_advances_though_interactive_writes_never_end(world: World) -> None:
    order = list[str]()

    async def write_for_ever() -> None:
        while True:
            await world.transactions.write(lambda _: order.append("trigger"))

    endless = [asyncio.create_task(write_for_ever()) for _ in range(3)]
    for _ in range(5):
        await world.transactions.write(lambda _: order.append("bulk"), bulk=True)
    for each in endless:
        each.cancel()
    await asyncio.gather(*endless, return_exceptions=True)
    between = "".join(each[0] for each in order).split("b")[1:5]
    assert all(len(triggers) >= INTERACTIVE_PER_BULK_STEP for triggers in between)


async def test_a_step_that_had_to_wait_for_long_keeps_others_back_for_a_moment_only(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, waited = asyncio.get_running_loop(), 0.0
    clock = loop.time
    monkeypatch.setattr(loop, "time", lambda: clock() + waited)

    def wait(_unit: UnitOfWork) -> None:
        nonlocal waited
        waited += 3_600

    await world.transactions.write(wait, bulk=True)
    async with asyncio.timeout(120):
        await world.transactions.write(lambda _: None, bulk=True)


async def test_bulk_work_rests_for_four_times_as_long_as_its_last_step_took(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, order = asyncio.get_running_loop(), list[str]()
    now = loop.time()
    # No time passes but that of the test.
    monkeypatch.setattr(loop, "time", lambda: now)

    def take_time(_unit: UnitOfWork) -> None:
        nonlocal now
        now += 0.1

    await world.transactions.write(take_time, bulk=True)
    step = asyncio.create_task(world.transactions.write(lambda _: order.append("bulk"), bulk=True))
    for passed in (0, 0.375):
        now += passed
        for _ in range(9):
            await asyncio.sleep(0)
        await world.transactions.write(lambda _: order.append("trigger"))
    now += 0.05
    await step
    assert order == ["trigger", "trigger", "bulk"]


# Long reads.


async def test_a_long_read_rests_after_a_step_while_others_write(world: World) -> None:
    begun, written = threading.Event(), threading.Event()

    def step(_unit: UnitOfWork) -> float:
        begin = time.monotonic()
        begun.set()
        assert written.wait(60)
        return time.monotonic() - begin

    async with world.transactions.long_read() as state:
        begin = time.monotonic()
        reading = asyncio.create_task(state.read(step))
        assert await asyncio.to_thread(begun.wait, 60)
        await world.transactions.write(lambda _: None)
        written.set()
        took = await reading
        # The rest lasts four times as long as the step, and a second at most.
        assert time.monotonic() - begin >= took + min(4 * took, 1)


class EndingStore(MemoryStore):
    """Is a store that counts the snapshots that were ended, not merely forgotten."""

    ended = 0

    @contextmanager
    def snapshot(self) -> Iterator[UnitOfWork]:
        with super().snapshot() as unit:
            yield unit
        self.ended += 1


async def test_the_state_of_a_long_read_ends_with_it() -> None:
    with closing(EndingStore()) as store, closing(Transactions(store)) as transactions:
        async with transactions.long_read() as state:
            await state.read(lambda _: None)
            assert store.ended == 0
        assert store.ended == 1


async def test_a_long_read_of_a_store_that_does_not_answer_is_unavailable(world: World) -> None:
    faulty = FaultyStore(world.store)
    transactions = Transactions(faulty)
    faulty.read_failures = 1
    with pytest.raises(Unavailable):
        async with transactions.long_read():
            pass
    transactions.close()
