"""The way of messages out of a process: none is lost, none is sent twice, and no place stays taken."""

from __future__ import annotations

import asyncio
import os
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from itertools import cycle
from typing import Any

import pytest
from clarion_server.adapters.memory_store import MemoryStore
from clarion_server.adapters.rendering import JinjaContentCompiler
from clarion_server.adapters.rendering.email_content import CompiledEmail
from clarion_server.application.delivery import outlet as outlet_module
from clarion_server.application.delivery.places import places_of
from clarion_server.application.ports.channels import OutboundEmail
from clarion_server.application.ports.content import ContentInvalid
from clarion_server.application.ports.store import StoreUnavailable, UnitOfWork
from clarion_server.domain.campaign import CampaignDefinition, Category, InDoubtPolicy
from clarion_server.domain.channel import ChannelConfiguration
from clarion_server.domain.errors import Unavailable
from clarion_server.domain.instant import DAY, HOUR, Instant
from clarion_server.domain.message import OUTCOMES, AttemptResult, EventType, FailureReason, Lane, Message, MessageState
from clarion_server.domain.retry import RetryPolicy
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import LATER, NEVER, UNKNOWN, End, FaultyStore, Provider
from tests.unit.application.running import Process, events, figures, messages, recipient, recipients, states, until
from tests.unit.application.world import StandingClock, World

SOAK = bool(os.environ.get("CLARION_SOAK"))

QUEUED, SENDING, SENT, FAILED, EXPIRED = (
    MessageState.QUEUED,
    MessageState.SENDING,
    MessageState.SENT,
    MessageState.FAILED,
    MessageState.EXPIRED,
)


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tried again, is at once."""
    monkeypatch.setattr(outlet_module, "_PAUSE", 0.001)


@pytest.fixture
async def process(world: World) -> AsyncIterator[Process]:
    """At work, in a world with a live campaign."""
    await world.live()
    async with at_work(Process(world)) as made:
        yield made


@contextmanager
def as_world(store: Any) -> Iterator[World]:
    with closing(World(store)) as world:
        yield world


class at_work:  # noqa: N801 - reads as what it is in a `with`
    """A process whose outlets are open and have nothing to do."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._sending = process.sending()

    async def __aenter__(self) -> Process:
        await self._sending.__aenter__()
        await until(lambda: self._process.is_idle)
        return self._process

    async def __aexit__(self, *error: object) -> None:
        await self._sending.__aexit__(None, None, None)


async def change_channel(world: World, process: Process, **changes: Any) -> ChannelConfiguration:
    """Stores a changed configuration and tells the process."""

    def change(unit: UnitOfWork) -> ChannelConfiguration:
        (channel,) = unit.channels.all()
        changed = replace(channel, revision=channel.revision + 1, **changes)
        unit.channels.save(changed)
        return changed

    changed = await world.transactions.write(change)
    process.outlets.keep([changed])
    return changed


def only(world: World) -> Message:
    (message,) = messages(world).values()
    return message


async def test_an_accepted_message_is_sent_without_being_claimed(world: World, process: Process) -> None:
    await process.trigger()
    assert states(world)[0] in {SENDING, SENT}
    await until(lambda: states(world) == [SENT])
    (email,) = process.provider.taken
    assert (email.message_id, email.address, email.email.subject) == (only(world).id, "jane@example.com", "Order 4711")
    (event,) = events(world)
    assert (event.type, event.attempt and event.attempt.provider_reply) == (EventType.SENT, "250 2.0.0 Taken")
    counted = figures(world, 1)
    assert {metric: count for metric, count in counted.items() if not metric.startswith("latency")} == {
        "targeted": 1,
        "state:SENT": 1,
    }


async def test_what_waits_in_the_store_is_sent_when_its_time_has_come(world: World, process: Process) -> None:
    await process.trigger(send_time=world.clock.now() + HOUR)
    assert states(world) == [QUEUED]
    world.clock.advance(HOUR)
    process.outlets.wake_all(world.clock.now())
    await until(lambda: states(world) == [SENT])


async def test_messages_leave_in_the_order_of_their_acceptance(world: World, process: Process) -> None:
    await change_channel(world, process, max_concurrency=1)
    await until(lambda: process.is_idle)
    for count in (1, 40, 1, 3, 100, 1):
        await process.trigger(*recipients(count))
    await until(lambda: len(process.provider.taken) == 146)
    left = [email.message_id for email in process.provider.begun]
    assert left == sorted(left)


async def test_no_more_are_sent_at_once_than_the_configuration_allows(world: World, process: Process) -> None:
    await process.trigger(*recipients(200))
    await until(lambda: states(world) == [SENT] * 200)
    (channel,) = process.provider.channels
    assert channel.most_under_way == 10


async def test_a_process_takes_no_more_into_its_hands_than_it_has_places(world: World, process: Process) -> None:
    process.provider.channels[0].gate.clear()
    for _ in range(3):
        await process.trigger(*recipients(200))
    places = places_of(process.outlet.configuration)[Lane.TRANSACTIONAL]
    await until(lambda: states(world).count(SENDING) == places)
    process.provider.channels[0].gate.set()
    await until(lambda: states(world) == [SENT] * 600)
    assert len(process.provider.taken) == 600


async def test_a_passing_failure_is_tried_again_and_a_lasting_one_is_not(world: World, process: Process) -> None:
    process.provider.end = lambda email: LATER if email.attempt < 3 else None
    await process.trigger()
    for attempts in (1, 2, 3):
        await until(lambda attempts=attempts: only(world).attempt_count == attempts and len(events(world)) == attempts)  # type: ignore[misc] # binds the loop's value
        world.clock.advance(HOUR)
        process.outlets.wake_all(world.clock.now())
    assert [event.type for event in events(world)] == [EventType.DEFERRED, EventType.DEFERRED, EventType.SENT]
    assert figures(world, 1)["retries"] == 2
    process.provider.end = lambda _: NEVER
    await process.trigger()
    await until(lambda: states(world) == [SENT, FAILED])
    assert figures(world, 1)["failed:RECIPIENT_REJECTED"] == 1


async def test_a_message_that_expires_in_the_hands_of_a_process_is_not_sent(world: World, process: Process) -> None:
    process.provider.channels[0].gate.clear()
    await process.trigger(*recipients(10), expire_time=world.clock.now() + HOUR)
    await process.trigger(expire_time=world.clock.now() + HOUR)
    await until(lambda: len(process.provider.begun) == 10)
    world.clock.advance(HOUR)
    process.provider.channels[0].gate.set()
    await until(lambda: states(world) == [SENT] * 10 + [EXPIRED])


async def test_a_fault_of_a_channel_leaves_the_hand_off_in_doubt(world: World, process: Process) -> None:
    def break_down(_email: OutboundEmail) -> End:
        raise ZeroDivisionError

    process.provider.end = break_down
    await process.trigger()
    await until(lambda: len(events(world)) == 1)
    (event,) = events(world)
    assert event.attempt is not None
    assert event.attempt.result is AttemptResult.IN_DOUBT
    assert event.failure is not None
    assert event.failure.reason is FailureReason.HAND_OFF_UNKNOWN


class ForgetfulCompiler(JinjaContentCompiler):
    """Compiles once. Later it has other rules."""

    compiled = 0

    def compile_content(self, definition: CampaignDefinition, campaign_id: str) -> CompiledEmail:
        self.compiled += 1
        if self.compiled > 1:
            raise ContentInvalid
        return super().compile_content(definition, campaign_id)


async def test_a_version_that_does_not_compile_any_more_fails_its_messages(world: World) -> None:
    await world.live()
    async with at_work(Process(world, compiler=ForgetfulCompiler())) as process:
        await process.trigger()
        await until(lambda: states(world) == [FAILED])
        failure = only(world).failure
        assert failure is not None
        assert failure.reason is FailureReason.RENDERING_FAILED


# A store that fails.


async def test_what_a_failing_store_did_not_record_is_recorded_when_it_is_back() -> None:
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
            process.outlets.wake_all(world.clock.now())
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
            process.outlets.wake_all(world.clock.now())
            await until(lambda: bool(process.ports.disowned))
            await process.keeper.keep()
            await until(lambda: states(world) == [SENT] * 3)
            assert {message.attempt_count for message in messages(world).values()} == {1}


class MoodyStore(MemoryStore):
    """Cannot be read while it is in a mood."""

    moody = False

    @contextmanager
    def snapshot(self) -> Iterator[UnitOfWork]:
        if self.moody:
            raise StoreUnavailable
        with super().snapshot() as unit:
            yield unit


async def test_what_could_not_be_begun_is_given_back_and_begun_later() -> None:
    store = MoodyStore()
    with as_world(store) as world:
        await world.live()
        async with at_work(Process(world)) as process:
            await process.directory.live("default", "order-confirmed")
            store.moody = True
            await process.trigger()
            await until(lambda: bool(process.ports.disowned))
            store.moody = False
            await process.keeper.keep()
            await until(lambda: states(world) == [SENT])
            assert only(world).attempt_count == 1


# Change.


async def test_an_old_channel_closes_after_its_last_attempt(world: World, process: Process) -> None:
    (old,) = process.provider.channels
    old.gate.clear()
    await process.trigger(*recipients(3))
    await until(lambda: len(old.begun) == 3)
    await change_channel(world, process, display_name="Changed")
    old_one, new = process.provider.channels
    assert old_one is old
    await process.trigger()
    await until(lambda: len(new.taken) == 1)
    assert not old.closed
    old.gate.set()
    await until(lambda: old.closed)
    await until(lambda: states(world) == [SENT] * 4)


async def test_a_lowered_concurrency_holds_for_what_is_sent_from_then_on(world: World, process: Process) -> None:
    await change_channel(world, process, max_concurrency=2)
    await process.trigger(*recipients(50))
    await until(lambda: states(world) == [SENT] * 50)
    await until(lambda: process.outlet._hired == 2)
    await change_channel(world, process, max_concurrency=7)
    await process.trigger(*recipients(50))
    await until(lambda: states(world) == [SENT] * 100)
    assert process.provider.channels[-1].most_under_way == 7


async def test_a_disabled_configuration_keeps_messages_until_it_is_enabled(world: World, process: Process) -> None:
    await change_channel(world, process, disabled=True)
    await process.trigger(*recipients(3))
    assert states(world) == [QUEUED] * 3
    await change_channel(world, process, disabled=False)
    await until(lambda: states(world) == [SENT] * 3)


async def test_what_waits_leaves_at_once_when_its_configuration_is_enabled(
    world: World, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who looked at it from time to time would do so in an hour."""
    monkeypatch.setattr(outlet_module, "_PAUSE", 3600.0)
    await change_channel(world, process, disabled=True)
    await process.trigger(*recipients(3))
    await until(lambda: not process.outlet._allowed.is_set())
    await change_channel(world, process, disabled=False)
    await until(lambda: states(world) == [SENT] * 3)


async def test_an_outlet_that_has_its_lease_again_goes_on_at_the_round_that_renewed_it(
    world: World, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outlet_module, "_PAUSE", 3600.0)
    world.clock.advance(process.lease.span)
    await process.trigger(*recipients(3))
    process.outlets.wake_all(world.clock.now())
    await until(lambda: not process.outlet._allowed.is_set())
    await process.keeper.keep()
    await until(lambda: states(world) == [SENT] * 3)


async def test_a_configuration_that_another_process_changed_is_taken_up(world: World, process: Process) -> None:
    def change(unit: UnitOfWork) -> None:
        (channel,) = unit.channels.all()
        unit.channels.save(replace(channel, revision=channel.revision + 1, max_concurrency=3))

    await world.transactions.write(change)
    await until(lambda: process.outlet.configuration.max_concurrency == 3)


async def test_an_outlet_whose_configuration_is_gone_ends_and_harms_nobody(world: World, process: Process) -> None:
    process.provider.channels[0].gate.set()
    await process.outlets.follow([])
    assert process.provider.channels[0].closed
    process.outlets.give_up(1, [])
    process.outlets.queued(1, Lane.RAPID, (), world.clock.now())
    assert process.outlets.reserve(1, Lane.RAPID, 1) is None
    await process.keeper.keep()
    await process.trigger()
    await until(lambda: states(world) == [SENT])


# The end.


async def test_a_process_that_ends_finishes_what_it_began_and_gives_back_the_rest(world: World) -> None:
    await world.live()
    process = Process(world)
    async with at_work(process):
        (channel,) = process.provider.channels
        channel.gate.clear()
        await process.trigger(*recipients(70))
        await until(lambda: len(channel.begun) == 10)
        closing_down = asyncio.create_task(process.outlets.close())
        await until(lambda: len(process.ports.disowned.attempts) == 60)
        assert not closing_down.done()
        channel.gate.set()
        await closing_down
    assert Counter(states(world)) == {SENT: 10, QUEUED: 60}
    left = messages(world, QUEUED).values()
    assert {(message.owner, message.attempt_count) for message in left} == {(None, 0)}
    assert channel.closed
    with world.store.snapshot() as unit:
        assert unit.processes.live(0) == set()


class GatedStore(MemoryStore):
    """Whose transactions wait at a gate."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.gate.set()

    @contextmanager
    def begin(self) -> Iterator[UnitOfWork]:
        assert self.gate.wait(30)
        with super().begin() as unit:
            yield unit


async def test_a_trigger_that_is_accepted_while_its_process_ends_is_left_to_the_next_one() -> None:
    store = GatedStore()
    with as_world(store) as world:
        await world.live()
        process = Process(world)
        async with at_work(process):
            await process.directory.live("default", "order-confirmed")
            store.gate.clear()
            call = asyncio.create_task(process.trigger())
            await until(lambda: process.outlet._places.taken == 1)
            closing_down = asyncio.create_task(process.outlets.close())
            await asyncio.sleep(0)
            store.gate.set()
            await asyncio.gather(call, closing_down)
        assert not process.provider.begun
        assert (only(world).state, only(world).owner, only(world).attempt_count) == (QUEUED, None, 0)


async def test_what_a_failing_store_did_not_record_keeps_a_process_from_ending_for_a_while() -> None:
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
            await process.outlets.close()
        assert states(world) == [SENT]


# Whatever happens.

ENDS = (None, LATER, NEVER, UNKNOWN)


class TickingClock(StandingClock):
    """Never shows the same time twice."""

    def now(self) -> Instant:
        self.time += 1
        return self.time


async def play(
    ends: list[End], bursts: list[int], policy: InDoubtPolicy, concurrency: int, faults: int, lost_answers: int
) -> None:
    store = FaultyStore(MemoryStore())
    chances = cycle(ends)
    with as_world(store) as world:
        await world.channel(max_concurrency=concurrency, retry_policy=RetryPolicy(window=DAY))
        await world.live(in_doubt_policy=policy, category=Category.MARKETING)
        world.clock = TickingClock(world.clock.time)
        provider = Provider(lambda email: None if email.attempt > 5 else next(chances))
        async with at_work(Process(world, provider=provider)) as process:
            for place, count in enumerate(bursts):
                await trigger_until_accepted(process, place, count)
                if place == 0:
                    store.failures, store.lost_answers = faults, lost_answers
            await until_all_ended(world, process, sum(bursts))
            assert process.outlet._places.taken == 0
        check_books(world, provider)


async def trigger_until_accepted(process: Process, burst: int, count: int) -> None:
    to = [recipient(f"email:{burst}-{each}@example.com") for each in range(count)]
    for _ in range(10):
        with suppress(Unavailable):
            await process.trigger(*to, request_id=str(burst))
            return
    raise AssertionError("the store fails less often than that")


async def until_all_ended(world: World, process: Process, count: int) -> None:
    async with asyncio.timeout(60):
        while len(messages(world, *OUTCOMES)) < count or not process.is_idle:
            world.clock.advance(HOUR // 10)
            with suppress(Unavailable):
                await process.keeper.keep()
            process.outlets.wake_all(world.clock.now())
            await asyncio.sleep(0.001)


def check_books(world: World, provider: Provider) -> None:
    """Every message has one outcome, every attempt its event, and what was taken was taken once, or was in doubt."""
    ends = [event for event in events(world) if event.type is not EventType.DEFERRED]
    assert Counter(event.message_id for event in ends) == Counter(messages(world).keys())
    attempts = Counter(event.message_id for event in events(world) if event.attempt)
    assert attempts == Counter(email.message_id for email in provider.begun)
    assert attempts == Counter({message.id: message.attempt_count for message in messages(world).values()})
    taken = Counter(email.message_id for email in provider.taken)
    assert taken == Counter(messages(world, SENT).keys())
    counted = figures(world, 1)
    assert counted["targeted"] == sum(count for metric, count in counted.items() if metric.startswith("state:"))


@pytest.mark.soak
@pytest.mark.timeout(3600 if SOAK else 600)
@settings(max_examples=3_000 if SOAK else 25, deadline=None)
@given(
    ends=st.lists(st.sampled_from(ENDS), min_size=1, max_size=30),
    bursts=st.lists(st.integers(1, 60), min_size=1, max_size=6),
    policy=st.sampled_from(InDoubtPolicy),
    concurrency=st.integers(1, 20),
    faults=st.integers(0, 4),
    lost_answers=st.integers(0, 2),
)
def test_whatever_happens_every_message_ends_once_and_no_place_stays_taken(
    ends: list[End], bursts: list[int], policy: InDoubtPolicy, concurrency: int, faults: int, lost_answers: int
) -> None:
    asyncio.run(play(ends, bursts, policy, concurrency, faults, lost_answers))
