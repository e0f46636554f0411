"""One process purges what has been retained long enough, in small steps."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

import pytest
from clarion_server.application.maintenance import housekeeping as housekeeping_module
from clarion_server.application.maintenance import retention as retention_module
from clarion_server.application.maintenance.housekeeping import Housekeeper
from clarion_server.application.maintenance.retention import Retention
from clarion_server.application.ports.store import Store, UnitOfWork
from clarion_server.application.triggering.trigger import TriggerAnswer
from clarion_server.domain.instant import DAY
from clarion_server.domain.messages.message import MessageState
from structlog.testing import capture_logs

from tests.fakes import FaultyStore
from tests.memory_store import MemoryStore
from tests.unit.application.running import Process, counts, events, messages, recipients, until
from tests.unit.application.working import as_world
from tests.unit.application.world import START, World
from tests.waiting import wait_until

CAREFUL = Retention(contexts=DAY, events=2 * DAY, messages=10 * DAY)


@pytest.fixture
async def process(world: World) -> AsyncIterator[Process]:
    """Returns a process that has sent everything that it accepted."""
    await world.live()
    made = Process(world)
    async with made.sending():
        await until(lambda: made.is_idle)
        await made.trigger(*recipients(5))
        await until(lambda: len(messages(world, MessageState.SENT)) == 5)
        yield made


def housekeeper(process: Process, retention: Retention = CAREFUL) -> Housekeeper:
    return Housekeeper(
        process.transactions, process.world.clock, process.lease.process_id, retention, process.world.sweeper
    )


async def purge_after(process: Process, days: int, retention: Retention = CAREFUL) -> None:
    process.world.clock.advance(days * DAY)
    await process.heartbeat.beat()
    await housekeeper(process, retention).run_once()


def contexts(world: World) -> set[bytes]:
    return {message.context for message in messages(world).values()}


async def test_young_data_stays(world: World, process: Process) -> None:
    before = messages(world)
    await purge_after(process, 0)
    assert messages(world) == before
    assert len(events(world)) == 5


async def test_each_kind_of_data_goes_in_its_own_time(world: World, process: Process) -> None:
    await purge_after(process, 2)
    assert contexts(world) == {b"{}"}
    assert len(events(world)) == 5
    await purge_after(process, 1)
    assert events(world) == []
    assert len(messages(world)) == 5
    await purge_after(process, 8)
    assert messages(world) == {}
    assert counts(world, 1)["SENT"] == 5


async def test_without_a_retention_everything_stays(world: World, process: Process) -> None:
    before = messages(world)
    await purge_after(process, 3_000, Retention())
    assert messages(world) == before
    assert len(events(world)) == 5


async def test_events_go_with_their_messages_at_the_latest(world: World, process: Process) -> None:
    await purge_after(process, 11, Retention(messages=10 * DAY))
    assert (messages(world), events(world)) == ({}, [])


async def test_messages_that_wait_are_never_purged(world: World, process: Process) -> None:
    await process.trigger(*recipients(3), send_time=world.clock.now() + 300 * DAY)
    waiting = messages(world, MessageState.QUEUED)
    await purge_after(process, 200)
    assert messages(world) == waiting


async def test_more_than_a_batch_goes_in_as_many_transactions_as_it_takes(
    world: World, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping_module, "BATCH", 2)
    await purge_after(process, 11)
    assert messages(world) == {}


async def test_only_one_of_several_processes_purges(world: World, process: Process) -> None:
    def renew_other(unit: UnitOfWork) -> None:
        unit.processes.renew("a process before all others", 10**18)

    await world.transactions.write(renew_other)
    before = messages(world)
    await purge_after(process, 11)
    assert messages(world) == before
    await world.transactions.write(lambda unit: unit.processes.remove("a process before all others"))
    await purge_after(process, 0)
    assert messages(world) == {}


async def test_sweeps_come_every_few_minutes(world: World, process: Process) -> None:
    cleaning = housekeeper(process)
    moment = retention_module.EVERY // 4
    for span, left in ((10 * DAY - moment, 5), (2 * moment, 5), (2 * moment, 0)):
        world.clock.advance(span)
        await process.heartbeat.beat()
        await cleaning.run_once()
        assert len(messages(world)) == left


class TracedStore(FaultyStore):
    """Is a store that calls the test between two transactions, on the thread that writes."""

    def __init__(self, behind: Store) -> None:
        super().__init__(behind)
        self.between: Callable[[], None] = lambda: None

    @contextmanager
    def begin(self, *, durable_later: bool = False) -> Iterator[UnitOfWork]:
        with super().begin(durable_later=durable_later) as unit:
            yield unit
        self.between()


async def test_triggers_that_come_while_a_batch_is_purged_are_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping_module, "BATCH", 3)
    await world.live()
    store = TracedStore(world.store)
    process = Process(world, store=store)
    async with process.sending():
        await process.trigger(*recipients(20))
        await until(lambda: len(messages(world, MessageState.SENT)) == 20)
        await until(lambda: process.is_idle)
        world.clock.advance(11 * DAY)
        await process.heartbeat.beat()
        counts, asked, answers = [20], list[int](), list[asyncio.Task[TriggerAnswer]]()
        loop = asyncio.get_running_loop()

        def trigger() -> None:
            later = world.clock.now() + DAY
            answers.append(loop.create_task(process.trigger(send_time=later)))

        def count_and_ask() -> None:
            counts.append(len(messages(world)))
            if counts[-1] < counts[-2] and len(asked) < 4:
                asked.append(len(counts))
                loop.call_soon_threadsafe(trigger)
                wait_until(lambda: process.transactions.interactive_writes > 0)

        store.between = count_and_ask
        await housekeeper(process, Retention(messages=10 * DAY)).run_once()
        await asyncio.gather(*answers)
        print("messages after each transaction:", counts)
        assert [counts[place] - counts[place - 1] for place in asked] == [1] * 4
        assert min(after - before for before, after in itertools.pairwise(counts)) == -3
        assert len(messages(world)) == 4


async def test_a_file_that_nothing_needs_goes_seven_days_after_its_last_use(world: World, process: Process) -> None:
    blob_key = await process.transactions.write(store_a_file)

    async def stored() -> bytes | None:
        return await process.transactions.read(lambda unit: unit.attachments.read(blob_key))

    await purge_after(process, 7, Retention())
    assert await stored() == b"abc"
    await purge_after(process, 1, Retention())
    assert await stored() is None


def store_a_file(unit: UnitOfWork) -> int:
    blob = unit.attachments.use_blob("default", b"digest", 3, START)
    unit.attachments.add_rows(blob.key, 0, [b"abc"])
    unit.attachments.complete(blob.key)
    return blob.key


async def test_the_housekeeper_does_not_tell_again_that_the_store_does_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(housekeeping_module, "EVERY", 0.001)
    store = FaultyStore(MemoryStore())
    with as_world(store) as world, capture_logs() as logs:
        await world.live()
        process = Process(world)
        async with process.sending():
            await until(lambda: process.is_idle)
            cleaning = housekeeper(process)
            store.failures = 3
            cleaning.start()
            await until(lambda: not store.failures)
            await cleaning.close()
    assert {log["event"] for log in logs} <= {"store_unavailable", "store_back"}
