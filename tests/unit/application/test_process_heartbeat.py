"""The heartbeat renews the lease, takes over, requeues and releases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager

import pytest
from clarion_server.application.maintenance import process_heartbeat as heartbeat_module
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.sending.lease import LONGEST
from clarion_server.domain.campaigns.campaign import QueueDisposal
from clarion_server.domain.campaigns.campaign_definition import InDoubtPolicy
from clarion_server.domain.errors import Unavailable
from clarion_server.domain.events.event import EventType
from clarion_server.domain.instant import HOUR, SECOND
from clarion_server.domain.messages.attempt import Attempt, AttemptResult, FailureReason
from clarion_server.domain.messages.message import MessageState

from tests.fakes import FaultyStore
from tests.memory_store import MemoryStore
from tests.unit.application.running import Process, counts, events, messages, recipients, states, until
from tests.unit.application.world import AUTHOR, StandingClock, World

QUEUED, SENDING, SENT, IN_DOUBT = MessageState.QUEUED, MessageState.SENDING, MessageState.SENT, MessageState.IN_DOUBT
SPAN = 10 * SECOND


@asynccontextmanager
async def at_work(world: World, name: str, span: int = SPAN) -> AsyncIterator[Process]:
    process = Process(world, name, span=span)
    async with process.sending():
        await until(lambda: process.is_idle)
        yield process


async def begin_sending(process: Process, count: int = 3) -> None:
    """Triggers so many messages, which are at a provider that does not answer."""
    process.provider.channels[0].gate.clear()
    await process.trigger(*recipients(count))
    await until(lambda: len(process.provider.begun) == count)


# Its renewal.


async def test_a_clock_that_is_set_back_stops_no_message(world: World) -> None:
    await world.live()
    process = Process(world)
    async with process.sending():
        await until(lambda: process.is_idle)
        world.clock.advance(-HOUR)
        await process.heartbeat.beat()
        await process.trigger(*recipients(3))
        await until(lambda: len(messages(world, MessageState.SENT)) == 3)


async def test_a_renewal_that_was_not_committed_renews_nothing() -> None:
    store = FaultyStore(MemoryStore())
    with closing(World(store)) as world:
        process = Process(world, span=SPAN)
        await process.heartbeat.beat()
        world.clock.advance(SPAN // 2)
        store.failures = 1
        with pytest.raises(Unavailable):
            await process.heartbeat.beat()
        world.clock.advance(SPAN // 2)
        assert not process.lease.is_held()
        await process.close()


# Taking over.


@pytest.mark.parametrize(("policy", "state"), [(InDoubtPolicy.RESEND, QUEUED), (InDoubtPolicy.PARK, IN_DOUBT)])
async def test_what_a_process_that_vanished_was_sending_is_in_doubt(
    world: World, policy: InDoubtPolicy, state: MessageState
) -> None:
    await world.live(in_doubt_policy=policy)
    async with at_work(world, "first") as vanished:
        await begin_sending(vanished)
        world.clock.advance(SPAN)
        heir = Process(world, "second", span=SPAN)
        await heir.heartbeat.beat()
        assert states(world) == [state] * 3
        for event in events(world):
            attempt = event.detail
            assert isinstance(attempt, Attempt)
            assert (attempt.number, attempt.result) == (1, AttemptResult.IN_DOUBT)
            assert (attempt.start_time, attempt.end_time) == (world.clock.now() - SPAN, world.clock.now())
            assert attempt.failure is not None
            assert attempt.failure.reason is FailureReason.HAND_OFF_UNKNOWN
        await heir.close()


async def test_what_is_resent_is_sent_by_the_heir_and_counted_once(world: World) -> None:
    await world.live()
    async with at_work(world, "first") as vanished:
        await begin_sending(vanished)
        world.clock.advance(SPAN)
        async with at_work(world, "second", span=2 * HOUR) as heir:
            world.clock.advance(HOUR)
            heir.claim_loop.look()
            await until(lambda: states(world) == [SENT] * 3)
            # The first attempts end late, which changes nothing any more.
            vanished.provider.channels[0].gate.set()
            await until(lambda: vanished.is_idle)
    assert states(world) == [SENT] * 3
    counted = counts(world, 1)
    assert (counted["TARGETED"], counted["SENT"], counted["RETRIES"]) == (3, 3, 3)
    assert [event.type for event in events(world)] == [EventType.DEFERRED] * 3 + [EventType.SENT] * 3


async def test_a_process_that_lives_keeps_its_messages(world: World) -> None:
    await world.live()
    async with at_work(world, "first") as living, at_work(world, "second") as other:
        await begin_sending(living)
        for _ in range(5):
            world.clock.advance(SPAN // 2)
            await living.heartbeat.beat()
            await other.heartbeat.beat()
        assert states(world) == [SENDING] * 3
        living.provider.channels[0].gate.set()
        await until(lambda: states(world) == [SENT] * 3)
    assert not other.provider.begun


async def test_what_a_process_was_sending_that_vanished_before_the_clock_was_set_back_is_taken_over(
    world: World,
) -> None:
    await world.live()
    async with at_work(world, "first") as vanished:
        await begin_sending(vanished)
        world.clock.advance(-HOUR)
        heir = Process(world, "second", span=SPAN)
        await heir.heartbeat.beat()
        assert states(world) == [SENDING] * 3
        world.clock.advance(LONGEST - 1)
        await heir.heartbeat.beat()
        assert states(world) == [SENDING] * 3
        world.clock.advance(1)
        await heir.heartbeat.beat()
        assert states(world) == [QUEUED] * 3
        await heir.close()


async def test_a_process_that_lives_by_a_clock_that_is_ahead_keeps_its_lease(world: World) -> None:
    behind = Process(world, "behind", span=SPAN)
    for _ in range(5):
        end = world.clock.now() + HOUR
        with world.store.begin() as unit:
            unit.processes.renew("ahead", end)
            unit.commit()
        await behind.heartbeat.beat()
        with world.store.snapshot() as unit:
            assert unit.processes.live(end - 1) == {"ahead"}
        world.clock.advance(LONGEST // 2)
    await behind.close()


async def test_a_backlog_of_a_vanished_process_is_taken_over_in_many_small_steps(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat_module, "BATCH", 7)
    await world.live()
    async with at_work(world, "first") as vanished:
        vanished.provider.channels[0].gate.clear()
        await vanished.trigger(*recipients(50))
        world.clock.advance(SPAN)
        heir = Process(world, "second", span=SPAN)
        await heir.heartbeat.beat()
        assert states(world) == [QUEUED] * 50
        with world.store.snapshot() as unit:
            assert unit.messages.owners() == set()
            assert unit.processes.live(0) == {"second"}
        await heir.close()


# A process without its lease.


async def test_a_process_without_its_lease_sends_nothing_more(world: World) -> None:
    await world.live()
    async with at_work(world, "first") as process:
        process.provider.channels[0].gate.clear()
        await process.trigger(*recipients(30))
        await until(lambda: len(process.provider.begun) == 10)
        world.clock.advance(SPAN)
        process.provider.channels[0].gate.set()
        await until(lambda: not process.in_flight_count)
        assert len(process.provider.taken) == 10
        await process.trigger()
        assert states(world) == [SENT] * 10 + [SENDING] * 20 + [QUEUED]


async def test_a_process_that_has_its_lease_again_sends_what_it_had_requeued(world: World) -> None:
    await world.live()
    async with at_work(world, "first") as process:
        process.provider.channels[0].gate.clear()
        await process.trigger(*recipients(30))
        await until(lambda: len(process.provider.begun) == 10)
        world.clock.advance(SPAN)
        process.provider.channels[0].gate.set()
        await until(lambda: not process.in_flight_count)
        await process.heartbeat.beat()
        await until(lambda: states(world) == [SENT] * 30)
        assert len(process.provider.taken) == 30
        assert {message.attempts.count for message in messages(world).values()} == {1}


async def test_what_others_took_over_is_not_sent_by_a_process_that_has_its_lease_again(world: World) -> None:
    await world.live(in_doubt_policy=InDoubtPolicy.PARK)
    async with at_work(world, "first") as late:
        late.provider.channels[0].gate.clear()
        await late.trigger(*recipients(30))
        await until(lambda: len(late.provider.begun) == 10)
        world.clock.advance(SPAN)
        heir = Process(world, "second", span=SPAN)
        await heir.heartbeat.beat()
        await late.heartbeat.beat()
        late.provider.channels[0].gate.set()
        await until(lambda: not late.in_flight_count)
        await late.heartbeat.beat()
        assert states(world) == [IN_DOUBT] * 30
        assert len(late.provider.begun) == 10
        await heir.close()


class BusyStore(MemoryStore):
    """Is a store in which every write takes a quarter of the lease."""

    def __init__(self) -> None:
        super().__init__()
        self.clock: StandingClock | None = None

    @contextmanager
    def begin(self, *, durable_later: bool = False) -> Iterator[UnitOfWork]:
        with super().begin(durable_later=durable_later) as unit:
            yield unit
            if self.clock is not None:
                self.clock.advance(SPAN // 4)


async def test_a_long_round_does_not_cost_a_process_its_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat_module, "BATCH", 2)
    store = BusyStore()
    with closing(World(store)) as world:
        await world.live()
        process = Process(world, span=SPAN)
        await process.trigger(*recipients(20))
        with store.begin() as unit:
            unit.messages.hold(list(messages(world)))
            unit.commit()
        store.clock = world.clock
        await process.heartbeat.beat()
        assert process.lease.is_held()
        store.clock = None
        with store.snapshot() as unit:
            assert not unit.messages.held_campaigns()
        await process.close()


# What is held.


@pytest.mark.parametrize("batch", [2, 500])
async def test_held_messages_are_released_when_their_campaign_is_resumed(
    world: World, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(heartbeat_module, "BATCH", batch)
    await world.live()
    process = Process(world)
    await process.trigger(*recipients(5))
    await world.life_cycle.pause("order-confirmed", "", AUTHOR)
    async with process.sending():
        await until(lambda: process.is_idle)
        await process.heartbeat.beat()
        assert states(world) == [QUEUED] * 5
        assert not process.provider.begun
        await world.life_cycle.resume("order-confirmed", "", AUTHOR)
        await process.heartbeat.beat()
        await until(lambda: states(world) == [SENT] * 5)


async def test_held_messages_of_a_stopped_campaign_are_released_as_the_stop_says(world: World) -> None:
    process = Process(world)
    for campaign_id in ("drained", "cancelled"):
        await world.live(campaign_id)
        await process.trigger(*recipients(2), campaign_id=campaign_id)
        await world.life_cycle.pause(campaign_id, "", AUTHOR)
    async with process.sending():
        await until(lambda: process.is_idle)
        await world.life_cycle.stop("drained", QueueDisposal.DRAIN, "", AUTHOR)
        await world.life_cycle.stop("cancelled", QueueDisposal.CANCEL, "", AUTHOR)
        await process.heartbeat.beat()
        await until(lambda: states(world) == [SENT] * 2 + [MessageState.CANCELLED] * 2)


# The rounds.


async def test_the_heartbeat_goes_round_by_itself_and_at_once_when_woken(world: World) -> None:
    await world.live()
    process = Process(world, span=3600 * SECOND)
    await process.heartbeat.start()
    assert process.lease.is_held()
    world.clock.advance(3000 * SECOND)
    assert not process.lease.is_held()
    process.heartbeat.wake()
    await until(process.lease.is_held)
    await process.close()


async def test_a_round_that_fails_is_followed_by_another_one() -> None:
    store = FaultyStore(MemoryStore())
    with closing(World(store)) as world:
        process = Process(world, span=SECOND // 10)
        await process.heartbeat.start()
        store.failures = 2
        world.clock.advance(HOUR)
        await until(process.lease.is_held)
        await process.close()


async def test_a_store_that_fails_at_the_end_keeps_nobody_from_ending() -> None:
    store = FaultyStore(MemoryStore())
    with closing(World(store)) as world:
        process = Process(world, span=SPAN)
        await process.heartbeat.beat()
        store.failures = 1
        await asyncio.wait_for(process.close(), 10)
        with store.snapshot() as unit:
            assert unit.processes.live(world.clock.now()) == {"first"}
