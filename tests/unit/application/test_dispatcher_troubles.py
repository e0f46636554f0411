"""When the store fails, or the process ends, no message is lost or sent twice."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from clarion_server.application.ports.store import StoreUnavailable, UnitOfWork
from clarion_server.application.sending import claim_loop as claim_loop_module
from clarion_server.application.sending import dispatcher as dispatcher_module
from clarion_server.domain.instant import HOUR, MINUTE, SECOND
from clarion_server.domain.messages.message import Lane, MessageState
from structlog.testing import capture_logs

from tests.fakes import FaultyStore
from tests.memory_store import MemoryStore
from tests.unit.application.running import Process, messages, recipients, states, until
from tests.unit.application.working import as_world, at_work, only
from tests.unit.application.world import AUTHOR, World

QUEUED, SENT = MessageState.QUEUED, MessageState.SENT


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is tried again is tried at once."""
    monkeypatch.setattr(dispatcher_module, "RETRY_SECONDS", 0.001)
    monkeypatch.setattr(claim_loop_module, "RETRY_SECONDS", 0.001)


# A store that fails.


async def test_outcomes_that_a_failing_store_did_not_record_are_recorded_when_it_is_back() -> None:
    store = FaultyStore(MemoryStore())
    with as_world(store) as world:
        await world.live()
        async with at_work(Process(world)) as process:
            (channel,) = process.provider.channels
            channel.gate.clear()
            await process.trigger(*recipients(5))
            await until(lambda: len(channel.begun) == 5)
            store.failures = 12
            channel.gate.set()
            await until(lambda: states(world) == [SENT] * 5)
            assert not store.failures
            assert len(channel.taken) == 5
            await until(lambda: process.is_idle)


async def test_a_claim_that_fails_is_tried_again() -> None:
    store = FaultyStore(MemoryStore())
    with as_world(store) as world:
        await world.live()
        async with at_work(Process(world)) as process:
            await process.trigger(send_time=world.clock.now() + HOUR)
            store.failures = 5
            world.clock.advance(HOUR)
            process.claim_loop.look()
            await until(lambda: states(world) == [SENT])
            assert not store.failures


async def test_messages_of_a_claim_whose_answer_was_lost_are_sent() -> None:
    store = FaultyStore(MemoryStore())
    with as_world(store) as world:
        await world.live()
        async with at_work(Process(world)) as process:
            await process.trigger(*recipients(3), send_time=world.clock.now() + HOUR)
            store.lost_answers = 1
            world.clock.advance(HOUR)
            process.claim_loop.look()
            await until(lambda: bool(process.ports.pending_requeue))
            await process.heartbeat.beat()
            await until(lambda: states(world) == [SENT] * 3)
            assert {message.attempts.count for message in messages(world).values()} == {1}


@pytest.mark.parametrize("what", ["claims", "accepted"])
async def test_what_is_committed_long_after_its_answer_was_lost_is_queued_again(
    world: World, process: Process, what: str
) -> None:
    await process.trigger()
    (message_id,) = messages(world)
    world.clock.advance(SECOND)
    pending, now = process.ports.pending_requeue, world.clock.now()
    if what == "claims":
        pending.claims.add(now)
    else:
        pending.accepted.add((message_id, now))
    await process.heartbeat.beat()
    await world.transactions.write(lambda unit: unit.messages.begin([message_id], process.lease.process_id, now))
    assert states(world) == [MessageState.SENDING]
    world.clock.advance(2 * MINUTE)
    await process.heartbeat.beat()
    assert states(world) == [QUEUED]
    assert not pending


class MoodyStore(MemoryStore):
    """Is a store that cannot be read while `moody` is set."""

    moody = False

    @contextmanager
    def snapshot(self) -> Iterator[UnitOfWork]:
        if self.moody:
            raise StoreUnavailable
        with super().snapshot() as unit:
            yield unit


async def test_an_attempt_that_could_not_begin_is_requeued_and_begins_later() -> None:
    store = MoodyStore()
    with as_world(store) as world:
        await world.live()
        accepting = Process(world, "accepting")
        async with at_work(Process(world)) as process:
            await accepting.trigger()
            # It can be claimed, and its version cannot be read.
            store.moody = True
            with capture_logs() as logs:
                process.ports.schedule.add(1, Lane.TRANSACTIONAL, world.clock.now())
                await until(lambda: bool(process.ports.pending_requeue))
            # Many messages meet the same trouble, which is told once.
            assert {log["event"] for log in logs} <= {"store_unavailable", "store_back"}
            store.moody = False
            await process.heartbeat.beat()
            assert not process.ports.pending_requeue
            await until(lambda: states(world) == [SENT])
            assert only(world).attempts.count == 1
        await accepting.close()


# The end.


async def test_a_process_that_ends_finishes_the_attempts_that_have_begun_and_requeues_the_rest(world: World) -> None:
    await world.live()
    process = Process(world)
    async with at_work(process):
        (channel,) = process.provider.channels
        channel.gate.clear()
        await process.trigger(*recipients(70))
        await until(lambda: len(channel.begun) == 10)
        closing_down = asyncio.create_task(process.dispatchers.close())
        await until(lambda: len(process.ports.pending_requeue.attempts) == 60)
        assert not closing_down.done()
        channel.gate.set()
        await closing_down
    assert Counter(states(world)) == {SENT: 10, QUEUED: 60}
    left = messages(world, QUEUED).values()
    assert {(message.attempts.owner, message.attempts.count) for message in left} == {(None, 0)}
    assert channel.closed
    with world.store.snapshot() as unit:
        assert unit.processes.live(0) == set()


class GatedStore(MemoryStore):
    """Is a store whose write transactions begin only while the gate is open."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.gate.set()

    @contextmanager
    def begin(self, *, durable_later: bool = False) -> Iterator[UnitOfWork]:
        assert self.gate.wait(120)
        with super().begin(durable_later=durable_later) as unit:
            yield unit


async def test_a_trigger_that_is_accepted_while_its_process_ends_is_left_to_the_next_one() -> None:
    store = GatedStore()
    with as_world(store) as world:
        await world.live()
        process = Process(world)
        async with at_work(process):
            await process.campaigns.live(AUTHOR.visibility, "order-confirmed")
            store.gate.clear()
            call = asyncio.create_task(process.trigger())
            await until(lambda: process.in_flight_count == 1)
            closing_down = asyncio.create_task(process.dispatchers.close())
            await asyncio.sleep(0)
            store.gate.set()
            await asyncio.gather(call, closing_down)
        assert not process.provider.begun
        assert (only(world).state, only(world).attempts.owner, only(world).attempts.count) == (QUEUED, None, 0)


async def test_an_outcome_that_a_failing_store_did_not_record_keeps_a_process_from_ending_for_a_while() -> None:
    store = FaultyStore(MemoryStore())
    with as_world(store) as world:
        await world.live()
        process = Process(world)
        async with at_work(process):
            (channel,) = process.provider.channels
            channel.gate.clear()
            await process.trigger()
            await until(lambda: len(channel.begun) == 1)
            store.failures = 5
            channel.gate.set()
            await process.dispatchers.close()
        assert states(world) == [SENT]
