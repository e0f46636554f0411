"""Messages wait for their turns under the rate of their campaign."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from itertools import pairwise

import pytest
from clarion_server.domain.campaigns.campaign import Campaign
from clarion_server.domain.category import Category
from clarion_server.domain.instant import HOUR, SECOND, Instant
from clarion_server.domain.messages.message import Lane, Message, MessageState
from clarion_server.domain.messages.turns import campaign_schedule
from clarion_server.domain.sending_policies.sending_rate import RatePeriod, SendingRate

from tests.unit.application.running import CALLER, Process, claimed, messages, recipient, recipients, states
from tests.unit.application.sending_policies import Policies
from tests.unit.application.world import AUTHOR, START, World

QUEUED, SENDING = MessageState.QUEUED, MessageState.SENDING
ONE = SendingRate(1, RatePeriod.SECOND)


@pytest.fixture
async def process(world: World) -> AsyncIterator[Process]:
    """It is not started: tests claim."""
    made = Process(world)
    yield made
    await made.close()


async def claim(world: World, lane: Lane = Lane.TRANSACTIONAL) -> Sequence[Message]:
    return (await claimed(world, lane=lane)).messages


def due_seconds(world: World) -> list[float]:
    return sorted((message.due_time - START) / SECOND for message in messages(world, QUEUED).values())


async def changed(world: World, rate: SendingRate | None) -> Campaign:
    await world.update(rate=rate)
    return (await world.activate()).campaign


async def test_messages_leave_one_after_the_other(world: World, process: Process) -> None:
    await world.live(rate=ONE)
    await process.trigger(*recipients(4))
    assert states(world) == [QUEUED] * 4
    for _ in range(4):
        assert len(await claim(world)) == 1
        assert await claim(world) == []
        world.clock.advance(SECOND)
    assert states(world) == [SENDING] * 4


async def test_a_rate_a_minute_lets_messages_leave_evenly(world: World, process: Process) -> None:
    await world.live(rate=SendingRate(6, RatePeriod.MINUTE))
    await process.trigger(*recipients(4))
    await claim(world)
    assert due_seconds(world) == [10, 20, 30]


async def test_other_campaigns_and_magic_recipients_do_not_wait(world: World, process: Process) -> None:
    await world.live(rate=SendingRate(1, RatePeriod.HOUR))
    await world.live("reset")
    await process.trigger(*recipients(2))
    await process.trigger(*(recipient(f"email:sent+{number}@clarion.test") for number in range(3)))
    assert len(await claim(world)) == 4
    await process.trigger(*recipients(2), campaign_id="reset")
    assert len(await claim(world)) == 2


async def test_a_rapid_campaign_keeps_its_rate(world: World, process: Process) -> None:
    await world.live(rate=ONE, rapid=True)
    await process.trigger(*recipients(3))
    assert len(await claim(world, Lane.RAPID)) == 1
    assert due_seconds(world) == [1, 2]


async def test_the_rates_of_the_campaign_and_of_its_policy_are_both_kept(world: World, process: Process) -> None:
    await Policies(world).make(quiet_hours=(), rate=2.0)
    await world.live("slow", category=Category.MARKETING, rate=ONE)
    await world.live("fast", category=Category.MARKETING)
    slow = await process.trigger(*recipients(5), campaign_id="slow")
    await process.trigger(*recipients(15), campaign_id="fast")
    left: list[tuple[Instant, bool]] = []
    for _ in range(130):
        begun = await claim(world, Lane.MARKETING)
        left += [(world.clock.now(), message.id.startswith(slow.execution.id)) for message in begun]
        world.clock.advance(SECOND // 10)
    assert len(left) == 20
    of_slow = [time for time, is_slow in left if is_slow]
    assert min(after - before for before, after in pairwise(of_slow)) >= SECOND - SECOND // 5
    for time, _ in left:
        assert sum(time <= other < time + SECOND for other, _ in left) <= 3


async def test_a_raised_rate_holds_for_the_messages_that_wait_whatever_their_version(
    world: World, process: Process
) -> None:
    await world.live(rate=SendingRate(1, RatePeriod.HOUR))
    await process.trigger(*recipients(11))
    await claim(world)
    assert max(due_seconds(world)) == 10 * 3600
    await changed(world, ONE)
    await process.heartbeat.beat()
    world.clock.advance(SECOND)
    assert len(await claim(world)) == 1
    assert due_seconds(world) == [float(second) for second in range(2, 11)]


async def test_many_that_wait_get_new_turns_in_several_steps(
    world: World, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clarion_server.application.sending.retiming._BATCH", 3)
    await world.live(rate=SendingRate(1, RatePeriod.HOUR))
    await process.trigger(*recipients(11))
    await claim(world)
    await changed(world, SendingRate(2, RatePeriod.HOUR))
    await process.heartbeat.beat()
    await claim(world)
    assert max(due_seconds(world)) == 10 * 1800


async def test_without_a_rate_any_more_all_that_wait_leave_and_the_schedule_is_gone(
    world: World, process: Process
) -> None:
    campaign = await world.live(rate=SendingRate(1, RatePeriod.HOUR))
    await process.trigger(*recipients(5))
    await claim(world)
    await changed(world, None)
    await process.heartbeat.beat()
    assert len(await claim(world)) == 4
    with world.store.snapshot() as unit:
        assert unit.turn_schedules.lock([campaign_schedule(campaign.key)]) == {}
        assert not unit.campaigns.delivery_policies([campaign.key])[campaign.key].has_rate


async def test_a_first_rate_holds_for_messages_that_were_accepted_before(world: World, process: Process) -> None:
    await world.live()
    await process.trigger(*recipients(3), send_time=START + HOUR)
    await changed(world, ONE)
    world.clock.advance(HOUR)
    assert len(await claim(world)) == 1
    assert due_seconds(world) == [3601, 3602]


async def test_messages_that_expire_before_their_turns_end_then_and_keep_nobody_waiting(
    world: World, process: Process
) -> None:
    await world.live(rate=ONE)
    await process.trigger(*recipients(100), expire_time=START + 2 * SECOND)
    assert len(await claim(world)) == 1
    await process.trigger(recipient())
    assert await claim(world) == []
    world.clock.advance(SECOND)
    assert len(await claim(world)) == 1
    world.clock.advance(SECOND)
    (last,) = await claim(world)
    assert last.identity == recipient().identity
    assert states(world).count(MessageState.EXPIRED) == 98


async def test_a_raised_rate_holds_for_messages_that_would_have_expired_before_their_turns(
    world: World, process: Process
) -> None:
    await world.live(rate=ONE)
    await process.trigger(*recipients(10), expire_time=START + 2 * SECOND)
    await claim(world)
    await changed(world, SendingRate(100, RatePeriod.SECOND))
    await process.heartbeat.beat()
    world.clock.advance(SECOND)
    await claim(world)
    world.clock.advance(SECOND // 10)
    await claim(world)
    assert states(world) == [SENDING] * 10


async def test_those_behind_an_execution_that_is_cancelled_come_in_its_place(world: World, process: Process) -> None:
    await world.live(rate=ONE)
    many = await process.trigger(*recipients(90))
    await process.trigger(recipient())
    await claim(world)
    assert max(due_seconds(world)) == 90
    await process.cancelling.cancel_execution(many.execution.id, CALLER)
    await process.heartbeat.beat()
    await claim(world)
    (due,) = due_seconds(world)
    assert due <= 1


async def test_few_that_are_cancelled_leave_the_turns_of_others_alone(world: World, process: Process) -> None:
    await world.live(rate=ONE)
    few = await process.trigger(*recipients(60))
    await process.trigger(recipient())
    await claim(world)
    await process.cancelling.cancel_execution(few.execution.id, CALLER)
    await process.heartbeat.beat()
    assert due_seconds(world) == [60]


async def test_a_rate_goes_on_when_a_clock_that_was_ahead_is_set_back(world: World, process: Process) -> None:
    await world.live(rate=ONE)
    world.clock.advance(24 * HOUR)
    await process.trigger(recipient())
    assert len(await claim(world)) == 1
    world.clock.advance(-24 * HOUR)
    await process.trigger(*recipients(2))
    await claim(world)
    assert max(due_seconds(world)) <= 3
    world.clock.advance(3 * SECOND)
    assert await claim(world)


async def test_a_retry_waits_for_its_pause_when_the_rate_changes_and_takes_a_turn_then(
    world: World, process: Process
) -> None:
    await world.live(rate=ONE)
    await process.trigger(*recipients(2))
    (first,) = await claim(world)
    with world.store.begin() as unit:
        unit.messages.requeue({first.id: 1}, "first")
        unit.messages.defer({first.id: START + 30 * SECOND}, START)
        unit.commit()
    await changed(world, SendingRate(2, RatePeriod.SECOND))
    await process.heartbeat.beat()
    assert due_seconds(world) == [0, 30]


async def test_a_paused_campaign_holds_its_messages_and_keeps_its_rate_when_it_is_resumed(
    world: World, process: Process
) -> None:
    campaign = await world.live(rate=ONE)
    await process.trigger(*recipients(30))
    await claim(world)
    await world.life_cycle.pause(campaign.id, "", AUTHOR)
    world.clock.advance(20 * SECOND)
    assert await claim(world) == []
    await world.life_cycle.resume(campaign.id, "", AUTHOR)
    await process.heartbeat.beat()
    assert len(await claim(world)) <= 1
    assert max(due_seconds(world)) <= 50
