"""Whatever providers, the store and the clock do, every message ends once and all capacity is released."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from contextlib import suppress
from itertools import cycle

import pytest
from clarion_server.application.sending import claim_loop as claim_loop_module
from clarion_server.application.sending import dispatcher as dispatcher_module
from clarion_server.domain.campaigns.campaign_definition import InDoubtPolicy
from clarion_server.domain.category import Category
from clarion_server.domain.channels.retry import RetryPolicy
from clarion_server.domain.errors import Unavailable
from clarion_server.domain.events.event import EventType
from clarion_server.domain.instant import DAY, HOUR, Instant
from clarion_server.domain.messages.attempt import Attempt
from clarion_server.domain.messages.message import OUTCOMES, MessageState
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import LATER, NEVER, UNKNOWN, End, FaultyStore, Provider
from tests.memory_store import MemoryStore
from tests.unit.application.running import Process, counts, events, messages, recipient, until
from tests.unit.application.working import as_world, at_work
from tests.unit.application.world import StandingClock, World

SOAK = bool(os.environ.get("CLARION_SOAK"))


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is tried again is tried at once."""
    monkeypatch.setattr(dispatcher_module, "RETRY_SECONDS", 0.001)
    monkeypatch.setattr(claim_loop_module, "RETRY_SECONDS", 0.001)


ENDS = (None, LATER, NEVER, UNKNOWN)


class TickingClock(StandingClock):
    """Is a clock that never shows the same time twice."""

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
            assert process.in_flight_count == 0
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
        while len(messages(world, *OUTCOMES)) < count:
            world.clock.advance(HOUR // 10)
            with suppress(Unavailable):
                await process.heartbeat.beat()
            process.claim_loop.look()
            await asyncio.sleep(0.001)
            # What a failing store holds up goes on only after the next round.
            with suppress(TimeoutError):
                await until(lambda: process.is_idle, seconds=0.05)
    await until(lambda: process.is_idle)


def check_books(world: World, provider: Provider) -> None:
    """Every message has one outcome, every attempt its event, and what was taken was taken once, or was in doubt."""
    own = [event for event in events(world) if event.message_id is not None]
    ends = [event for event in own if event.type is not EventType.DEFERRED]
    assert Counter(event.message_id for event in ends) == Counter(messages(world).keys())
    attempts = Counter(event.message_id for event in events(world) if isinstance(event.detail, Attempt))
    assert attempts == Counter(email.message_id for email in provider.begun)
    assert attempts == Counter({message.id: message.attempts.count for message in messages(world).values()})
    taken = Counter(email.message_id for email in provider.taken)
    assert taken == Counter(messages(world, MessageState.SENT).keys())
    counted = counts(world, 1)
    assert counted["TARGETED"] == sum(
        count for metric, count in counted.items() if metric.partition(":")[0] in OUTCOMES
    )


@pytest.mark.soak
@pytest.mark.timeout(3600 if SOAK else 600)
@settings(max_examples=3_000 if SOAK else 15, deadline=None)
@given(
    ends=st.lists(st.sampled_from(ENDS), min_size=1, max_size=30),
    bursts=st.lists(st.integers(1, 60), min_size=1, max_size=6),
    policy=st.sampled_from(InDoubtPolicy),
    concurrency=st.integers(1, 20),
    faults=st.integers(0, 4),
    lost_answers=st.integers(0, 2),
)
def test_whatever_happens_every_message_ends_once_and_all_capacity_is_released(
    ends: list[End], bursts: list[int], policy: InDoubtPolicy, concurrency: int, faults: int, lost_answers: int
) -> None:
    asyncio.run(play(ends, bursts, policy, concurrency, faults, lost_answers))
