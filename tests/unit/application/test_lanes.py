"""What somebody waits for is never behind what nobody does: in the queue, in a process's hands, and in its turn."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from clarion_server.application.sending.in_flight import InFlightLimit, in_flight_limits
from clarion_server.application.sending.local_dispatch import ClaimedMessage
from clarion_server.application.sending.send_queue import SendQueue, marketing_limit
from clarion_server.domain.category import Category
from clarion_server.domain.instant import HOUR
from clarion_server.domain.message import Lane, MessageState
from hypothesis import given
from hypothesis import strategies as st

from tests.contract.store import samples
from tests.unit.application.running import Process, messages, recipient, recipients, states, until
from tests.unit.application.world import World

RAPID, TRANSACTIONAL, MARKETING = Lane.RAPID, Lane.TRANSACTIONAL, Lane.MARKETING
RESET = "email:forgetful@example.com"


@pytest.fixture
async def process(world: World) -> AsyncIterator[Process]:
    """With a live campaign for what people wait for, and one for news."""
    await world.live()
    await world.live("news", category=Category.MARKETING)
    made = Process(world)
    async with made.sending():
        await until(lambda: made.is_idle)
        yield made
        # What is at the gate may end, and so may the process.
        made.provider.channels[0].gate.set()


async def fill_with_news(world: World, process: Process, count: int) -> None:
    """Until the outlet takes no more of it. The provider lets nothing come to its end."""
    process.provider.channels[0].gate.clear()
    await process.trigger(*recipients(count), campaign_id="news")
    configuration = process.dispatcher.configuration
    room, begun = in_flight_limits(configuration)[MARKETING], marketing_limit(configuration.max_concurrency)
    await until(lambda: states(world).count(MessageState.SENDING) == min(count, room))
    await until(lambda: len(process.provider.begun) == begun)


def of_reset(process: Process) -> list[int]:
    """The places of the reset among all hand-offs begun."""
    return [
        place for place, email in enumerate(process.provider.begun) if email.address == RESET.removeprefix("email:")
    ]


async def test_an_outlet_full_of_marketing_hands_off_at_once_what_somebody_waits_for(
    world: World, process: Process
) -> None:
    await fill_with_news(world, process, 500)
    await process.trigger(recipient(RESET))
    await until(lambda: bool(of_reset(process)))
    assert not process.provider.taken
    assert of_reset(process) == [marketing_limit(10)]


async def test_a_message_somebody_waits_for_takes_the_next_free_hand_off_where_there_is_but_one(world: World) -> None:
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
    assert of_reset(process) == [1]


async def test_a_kept_rate_gives_its_next_turn_to_what_somebody_waits_for(world: World) -> None:
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
        await until(lambda: bool(of_reset(process)))
        # One may have had its turn already.
        assert of_reset(process)[0] <= begun + 1
        await until(lambda: states(world) == [MessageState.SENT] * 102)


async def test_a_backlog_of_marketing_does_not_keep_what_comes_later_in_the_queue(
    world: World, process: Process
) -> None:
    await fill_with_news(world, process, 500)
    await process.trigger(*recipients(3))
    owners = [message.owner for message in messages(world, MessageState.SENDING).values()]
    assert owners == ["first"] * (in_flight_limits(process.dispatcher.configuration)[MARKETING] + 3)


async def test_what_is_rapid_goes_before_a_backlog_of_orders(world: World, process: Process) -> None:
    await world.live("reset", rapid=True)
    # The first one has to load its version.
    await process.trigger(campaign_id="reset")
    await until(lambda: states(world) == [MessageState.SENT])
    process.provider.channels[0].gate.clear()
    await process.trigger(*recipients(500))
    room = in_flight_limits(process.dispatcher.configuration)[TRANSACTIONAL]
    await until(lambda: states(world).count(MessageState.SENDING) == room and len(process.provider.begun) == 11)
    await process.trigger(recipient(RESET), campaign_id="reset")
    process.provider.channels[0].gate.set()
    await until(lambda: states(world) == [MessageState.SENT] * 502)
    # All ten connections were taken, and one message went before: it has the next one that is free.
    assert of_reset(process) == [11]


async def test_nothing_overtakes_what_has_waited_longer_in_its_own_lane(world: World, process: Process) -> None:
    process.provider.channels[0].gate.clear()
    await process.trigger(*recipients(200))
    await process.trigger(recipient(RESET))
    process.provider.channels[0].gate.set()
    await until(lambda: states(world) == [MessageState.SENT] * 201)
    assert of_reset(process) == [200]


async def test_a_retry_that_is_due_goes_before_a_backlog_of_marketing(world: World, process: Process) -> None:
    await process.trigger(recipient(RESET), send_time=world.clock.now() + HOUR)
    await fill_with_news(world, process, 500)
    world.clock.advance(HOUR)
    process.claim_loop.look()
    await until(lambda: bool(of_reset(process)))
    assert not process.provider.taken


def hand_off(lane: Lane) -> ClaimedMessage:
    return ClaimedMessage(samples.message(1, 1, lane=lane))


def take(queue: SendQueue) -> ClaimedMessage:
    claimed = queue.take()
    assert claimed is not None
    return claimed


async def test_lower_lanes_leave_first_and_each_in_its_own_order() -> None:
    queue = SendQueue(8)
    put = [hand_off(lane) for lane in (MARKETING, TRANSACTIONAL, RAPID, MARKETING, RAPID, TRANSACTIONAL)]
    for each in put:
        queue.put(each)
    taken = [queue.take() for _ in put]
    assert taken == [put[place] for place in (2, 4, 1, 5, 0, 3)]


async def test_marketing_leaves_a_hand_off_free_until_one_of_its_own_is_done() -> None:
    queue = SendQueue(3)
    for _ in range(3):
        queue.put(hand_off(MARKETING))
    first, _second = take(queue), take(queue)
    assert not queue.is_ready()
    queue.put(hand_off(TRANSACTIONAL))
    assert take(queue).message.lane is TRANSACTIONAL
    queue.done(first)
    assert take(queue).message.lane is MARKETING


COUNTS = st.lists(st.tuples(st.sampled_from(Lane), st.integers(1, 30)), max_size=30)


@given(st.integers(1, 100), st.sampled_from([0.0, 0.1, 1.0, 7.5, 1_000.0]), COUNTS)
def test_a_lane_never_takes_the_last_places_of_one_before_it(
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
