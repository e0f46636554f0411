"""Urgent messages never wait behind others: in the queue, in flight, and for their turn."""

from __future__ import annotations

from collections.abc import AsyncIterator
from math import inf

import pytest
from clarion_server.application.sending import rendering_pace
from clarion_server.application.sending.dispatch import ClaimedMessage
from clarion_server.application.sending.in_flight import InFlightLimit, in_flight_limits
from clarion_server.application.sending.send_queue import SendQueue, marketing_limit
from clarion_server.domain.category import Category
from clarion_server.domain.instant import HOUR
from clarion_server.domain.messages.message import Lane, MessageState
from hypothesis import given
from hypothesis import strategies as st

from tests.contract.store import samples
from tests.unit.application.running import Process, messages, recipient, recipients, states, until
from tests.unit.application.world import World

RAPID, TRANSACTIONAL, MARKETING = Lane.RAPID, Lane.TRANSACTIONAL, Lane.MARKETING
RESET = "email:forgetful@example.com"


@pytest.fixture(autouse=True)
def rendering_never_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that rests begins its message after others that took theirs later."""
    monkeypatch.setattr(rendering_pace, "SLICE", inf)


@pytest.fixture
async def process(world: World) -> AsyncIterator[Process]:
    """Returns a process that sends, with a live transactional campaign and one for news."""
    await world.live()
    await world.live("news", category=Category.MARKETING)
    made = Process(world)
    async with made.sending():
        await until(lambda: made.is_idle)
        yield made


async def fill_with_news(world: World, process: Process, count: int) -> None:
    """Triggers news until the dispatcher takes no more. The provider lets no attempt end."""
    process.provider.channels[0].gate.clear()
    await process.trigger(*recipients(count), campaign_id="news")
    configuration = process.dispatcher.configuration
    limit, begun = in_flight_limits(configuration)[MARKETING], marketing_limit(configuration.max_concurrency)
    await until(lambda: states(world).count(MessageState.SENDING) == min(count, limit))
    await until(lambda: len(process.provider.begun) == begun)


def positions_of_reset(process: Process) -> list[int]:
    """Returns the positions of the reset among all hand-offs that have begun."""
    return [
        index for index, email in enumerate(process.provider.begun) if email.address == RESET.removeprefix("email:")
    ]


async def test_a_dispatcher_full_of_marketing_hands_off_an_urgent_message_at_once(
    world: World, process: Process
) -> None:
    await fill_with_news(world, process, 500)
    await process.trigger(recipient(RESET))
    await until(lambda: bool(positions_of_reset(process)))
    assert not process.provider.taken
    assert positions_of_reset(process) == [marketing_limit(10)]


async def test_an_urgent_message_takes_the_next_free_hand_off_where_there_is_but_one(world: World) -> None:
    await world.channel(max_concurrency=1)
    await world.live()
    await world.live("news", category=Category.MARKETING)
    process = Process(world)
    async with process.sending():
        await until(lambda: process.is_idle)
        await fill_with_news(world, process, 200)
        await until(lambda: len(process.provider.begun) == 1)
        await process.trigger(recipient(RESET))
        process.provider.channels[0].gate.set()
        await until(lambda: states(world) == [MessageState.SENT] * 201)
    assert positions_of_reset(process) == [1]


async def test_a_rate_limit_gives_its_next_turn_to_an_urgent_message(world: World) -> None:
    await world.channel(max_rate=100.0)
    await world.live()
    await world.live("news", category=Category.MARKETING)
    process = Process(world)
    async with process.sending():
        await until(lambda: process.is_idle)
        # The first one has to load its version, and others would pass it meanwhile.
        await process.trigger()
        await until(lambda: states(world) == [MessageState.SENT])
        await process.trigger(*recipients(100), campaign_id="news")
        await until(lambda: len(process.provider.begun) > 20)
        await process.trigger(recipient(RESET))
        begun = len(process.provider.begun)
        await until(lambda: bool(positions_of_reset(process)))
        # Each worker may have had a turn already.
        assert positions_of_reset(process)[0] <= begun + process.dispatcher.configuration.max_concurrency
        await until(lambda: states(world) == [MessageState.SENT] * 102)


async def test_a_backlog_of_marketing_does_not_keep_urgent_messages_in_the_queue(
    world: World, process: Process
) -> None:
    await fill_with_news(world, process, 500)
    await process.trigger(*recipients(3))
    owners = [message.attempts.owner for message in messages(world, MessageState.SENDING).values()]
    assert owners == ["first"] * (in_flight_limits(process.dispatcher.configuration)[MARKETING] + 3)


async def test_rapid_messages_go_before_a_backlog_of_orders(world: World, process: Process) -> None:
    await world.live("reset", rapid=True)
    # The first one has to load its version.
    await process.trigger(campaign_id="reset")
    await until(lambda: states(world) == [MessageState.SENT])
    process.provider.channels[0].gate.clear()
    await process.trigger(*recipients(500))
    limit = in_flight_limits(process.dispatcher.configuration)[TRANSACTIONAL]
    await until(lambda: states(world).count(MessageState.SENDING) == limit and len(process.provider.begun) == 11)
    await process.trigger(recipient(RESET), campaign_id="reset")
    process.provider.channels[0].gate.set()
    await until(lambda: states(world) == [MessageState.SENT] * 502)
    # All ten connections were taken, and one message went before: it has the next one that is free.
    assert positions_of_reset(process) == [11]


async def test_no_message_overtakes_one_that_has_waited_longer_in_its_lane(world: World, process: Process) -> None:
    process.provider.channels[0].gate.clear()
    await process.trigger(*recipients(200))
    await process.trigger(recipient(RESET))
    process.provider.channels[0].gate.set()
    await until(lambda: states(world) == [MessageState.SENT] * 201)
    assert positions_of_reset(process) == [200]


async def test_a_retry_that_is_due_goes_before_a_backlog_of_marketing(world: World, process: Process) -> None:
    await process.trigger(recipient(RESET), send_time=world.clock.now() + HOUR)
    await fill_with_news(world, process, 500)
    world.clock.advance(HOUR)
    process.claim_loop.look()
    await until(lambda: bool(positions_of_reset(process)))
    assert not process.provider.taken


def claimed(lane: Lane) -> ClaimedMessage:
    return ClaimedMessage(samples.message(1, 1, lane=lane))


def take(queue: SendQueue) -> ClaimedMessage:
    taken = queue.take()
    assert taken is not None
    return taken


async def test_lower_lanes_leave_first_and_each_in_its_own_order() -> None:
    queue = SendQueue(8)
    put = [claimed(lane) for lane in (MARKETING, TRANSACTIONAL, RAPID, MARKETING, RAPID, TRANSACTIONAL)]
    for each in put:
        queue.put(each)
    taken = [queue.take() for _ in put]
    assert taken == [put[index] for index in (2, 4, 1, 5, 0, 3)]


async def test_marketing_leaves_a_hand_off_free_until_one_of_its_own_is_done() -> None:
    queue = SendQueue(3)
    for _ in range(3):
        queue.put(claimed(MARKETING))
    first, _second = take(queue), take(queue)
    assert not queue.is_ready()
    queue.put(claimed(TRANSACTIONAL))
    assert take(queue).message.action.lane is TRANSACTIONAL
    queue.done(first)
    assert take(queue).message.action.lane is MARKETING


COUNTS = st.lists(st.tuples(st.sampled_from(Lane), st.integers(1, 30)), max_size=30)


@given(st.integers(1, 100), st.sampled_from([0.0, 0.1, 1.0, 7.5, 1_000.0]), COUNTS)
def test_a_lane_never_takes_the_last_capacity_of_one_before_it(
    concurrency: int, rate: float, arrivals: list[tuple[Lane, int]]
) -> None:
    configuration = samples.channel(max_concurrency=concurrency, max_rate=rate)
    most, limit = in_flight_limits(configuration), InFlightLimit(configuration)
    taken = dict.fromkeys(Lane, 0)
    for lane, count in arrivals:
        fitting = min(count, max(0, limit.free(lane)))
        limit.acquire(lane, fitting)
        taken[lane] += fitting
    assert taken[MARKETING] <= most[MARKETING]
    assert taken[MARKETING] + taken[TRANSACTIONAL] <= most[TRANSACTIONAL]
    assert limit.count == sum(taken.values()) <= most[RAPID]
    assert limit.free(RAPID) >= most[RAPID] - most[TRANSACTIONAL] - taken[RAPID]


@pytest.mark.parametrize(
    ("concurrency", "rate", "limits"),
    [
        (10, 0.0, (200, 160, 120)),
        # Few hand-offs have more.
        (1, 0.0, (40, 32, 24)),
        # With a rate, as many as leave in five seconds.
        (10, 7.5, (46, 37, 28)),
        (10, 0.1, (2, 1, 1)),
    ],
)
def test_sixteen_messages_are_in_hand_for_each_hand_off(concurrency: int, rate: float, limits: tuple[int, ...]) -> None:
    assert tuple(in_flight_limits(samples.channel(max_concurrency=concurrency, max_rate=rate)).values()) == limits


def test_a_claim_waits_until_half_of_the_places_are_free_or_a_quarter_beside_other_lanes() -> None:
    limit = InFlightLimit(samples.channel(max_concurrency=10, max_rate=0.0))
    limit.acquire(MARKETING, 61)
    assert not limit.is_worth_a_claim(MARKETING)
    limit.release(MARKETING, 1)
    assert limit.is_worth_a_claim(MARKETING)
    limit.acquire(TRANSACTIONAL, 1)
    limit.acquire(MARKETING, 30)
    assert limit.is_worth_a_claim(MARKETING)
    limit.acquire(MARKETING, 1)
    assert not limit.is_worth_a_claim(MARKETING)
