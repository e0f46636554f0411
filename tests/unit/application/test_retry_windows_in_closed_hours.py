"""A retry window stands still while the hours of a message's sending policy are closed."""

from __future__ import annotations

import pytest
from clarion_server.domain.category import Category
from clarion_server.domain.channels.retry import RetryPolicy
from clarion_server.domain.instant import MINUTE, SECOND, Span
from clarion_server.domain.messages.message import MessageState
from clarion_server.domain.sending_policies.sending_policy import WhenClosed

from tests.fakes import LATER
from tests.unit.application.running import Process, states, until
from tests.unit.application.sending_policies import Policies, utc
from tests.unit.application.working import at_work, change_channel, only
from tests.unit.application.world import World

QUEUED = MessageState.QUEUED
#: When it is 08:00 in Berlin.
MORNING = utc("11T06:00")


async def fail_in_the_evening(process: Process, policy: RetryPolicy) -> None:
    """Lets the first attempt of a message fail for a passing reason, shortly before the hours close."""
    world = process.world
    await change_channel(world, process, retry_policy=policy)
    process.provider.end = lambda _: LATER
    await process.trigger(campaign_id="offers")
    await until(lambda: states(world) == [QUEUED])


async def test_the_time_until_the_opening_is_no_part_of_the_retry_window(world: World, policies: Policies) -> None:
    await policies.make()
    world.clock.time = utc("10T19:59")
    await world.live("offers", category=Category.MARKETING)
    async with at_work(Process(world)) as process:
        await fail_in_the_evening(process, RetryPolicy(30 * MINUTE, 5 * MINUTE, 5 * MINUTE))
        world.clock.advance(6 * MINUTE)
        process.claim_loop.look()
        await until(lambda: only(world).due_time == MORNING)
        world.clock.time = MORNING
        process.claim_loop.look()
        await until(lambda: only(world).attempts.count == 2 and only(world).state is QUEUED)
        # Six minutes of its window were used before the night, and the window goes on.
        world.clock.advance(30 * MINUTE)
        process.claim_loop.look()
        await until(lambda: only(world).state is MessageState.FAILED)
    assert only(world).attempts.count == 3


async def test_a_retry_window_does_not_close_while_the_hours_are_closed(world: World, policies: Policies) -> None:
    await policies.make()
    world.clock.time = utc("10T19:59")
    await world.live("offers", category=Category.MARKETING)
    async with at_work(Process(world)) as process:
        await fail_in_the_evening(process, RetryPolicy(5 * MINUTE, 10 * MINUTE, 10 * MINUTE))
        assert only(world).due_time == utc("10T20:09")
        world.clock.time = only(world).due_time
        process.claim_loop.look()
        await until(lambda: only(world).due_time == MORNING)
        world.clock.time = MORNING
        process.claim_loop.look()
        # By day the window goes on, and closes.
        await until(lambda: states(world) == [MessageState.FAILED])
    assert only(world).attempts.count == 2
    failure = only(world).end.failure
    assert failure is not None
    assert failure.retries_exhausted


@pytest.mark.parametrize(("window", "ends"), [(5 * MINUTE, QUEUED), (5 * SECOND, MessageState.IN_DOUBT)])
async def test_what_a_vanished_process_was_sending_waits_where_its_window_would_close_in_closed_hours(
    world: World, policies: Policies, window: Span, ends: MessageState
) -> None:
    await policies.make()
    world.clock.time = utc("10T19:59")
    await world.channel(retry_policy=RetryPolicy(window, 2 * window, 2 * window))
    await world.live("offers", category=Category.MARKETING)
    async with at_work(Process(world, "first", span=10 * SECOND)) as vanished:
        vanished.provider.channels[0].gate.clear()
        await vanished.trigger(campaign_id="offers")
        await until(lambda: states(world) == [MessageState.SENDING])
        world.clock.advance(10 * SECOND)
        heir = Process(world, "second", span=10 * SECOND)
        await heir.heartbeat.beat()
        taken_over = states(world)
        await heir.close()
    # The second one would have been tried again by day.
    assert taken_over == [ends]


async def test_a_retry_window_closes_where_the_policy_excludes_instead_of_waiting(
    world: World, policies: Policies
) -> None:
    await policies.make(when_closed=WhenClosed.EXCLUDE)
    world.clock.time = utc("10T19:59")
    await world.live("offers", category=Category.MARKETING)
    async with at_work(Process(world)) as process:
        await change_channel(world, process, retry_policy=RetryPolicy(5 * MINUTE, 10 * MINUTE, 10 * MINUTE))
        process.provider.end = lambda _: LATER
        await process.trigger(campaign_id="offers")
        await until(lambda: states(world) == [MessageState.FAILED])
