"""Messages that may leave are claimed. The others are held, cancelled or expired."""

from __future__ import annotations

from dataclasses import replace

from clarion_server.application.ports.queue import Claimed
from clarion_server.domain.campaigns.campaign import QueueDisposal
from clarion_server.domain.category import Category
from clarion_server.domain.events.event import EventType
from clarion_server.domain.instant import HOUR, SECOND
from clarion_server.domain.messages.message import Lane, MessageState

from tests.unit.application.running import Process, claimed, counts, events, messages, recipients, states
from tests.unit.application.world import AUTHOR, World

QUEUED, SENDING, CANCELLED, EXPIRED = (
    MessageState.QUEUED,
    MessageState.SENDING,
    MessageState.CANCELLED,
    MessageState.EXPIRED,
)


async def test_messages_that_are_due_are_claimed_and_stored_as_being_sent(world: World, process: Process) -> None:
    await process.trigger(*recipients(3))
    found = await claimed(world)
    assert {message.id: message for message in found.messages} == messages(world)
    assert {message.state for message in found.messages} == {SENDING}
    assert {
        (message.attempts.owner, message.attempts.count, message.attempts.last_time) for message in found.messages
    } == {("first", 1, world.clock.now())}
    assert found.next_due_time is None


async def test_no_more_is_claimed_than_asked_for(world: World, process: Process) -> None:
    await process.trigger(*recipients(5))
    found = await claimed(world, limit=3)
    assert len(found.messages) == 3
    assert found.next_due_time == world.clock.now()
    assert states(world).count(QUEUED) == 2


async def test_messages_that_are_not_due_yet_are_left_and_their_time_is_returned(
    world: World, process: Process
) -> None:
    later = world.clock.now() + HOUR
    await process.trigger(send_time=later)
    found = await claimed(world)
    assert (found.messages, found.next_due_time) == ([], later)
    world.clock.time = later
    assert len((await claimed(world)).messages) == 1


async def test_each_lane_is_claimed_by_itself(world: World, process: Process) -> None:
    await world.live("news", category=Category.MARKETING)
    await process.trigger(*recipients(3), campaign_id="news")
    world.clock.advance(SECOND)
    await process.trigger()
    (message,) = (await claimed(world)).messages
    assert message.identity == "email:jane@example.com"
    assert len((await claimed(world, lane=Lane.MARKETING)).messages) == 3


async def test_messages_of_a_paused_campaign_are_held(world: World, process: Process) -> None:
    await process.trigger(*recipients(2))
    await world.life_cycle.pause("order-confirmed", "", AUTHOR)
    found = await claimed(world)
    assert (found.messages, found.next_due_time) == ([], None)
    assert states(world) == [QUEUED] * 2
    with world.store.snapshot() as unit:
        assert unit.messages.held_campaigns() == {1}
    assert not events(world)


async def test_messages_of_a_campaign_stopped_to_be_cancelled_are_cancelled(world: World, process: Process) -> None:
    await process.trigger(*recipients(2))
    await world.life_cycle.stop("order-confirmed", QueueDisposal.CANCEL, "", AUTHOR)
    assert not (await claimed(world)).messages
    assert states(world) == [CANCELLED] * 2
    assert [event.type for event in events(world)] == [EventType.CANCELLED] * 2
    assert counts(world, 1) == {"TARGETED": 2, "CANCELLED": 2}


async def test_messages_of_a_campaign_stopped_to_be_drained_are_claimed(world: World, process: Process) -> None:
    await process.trigger(*recipients(2))
    await world.life_cycle.stop("order-confirmed", QueueDisposal.DRAIN, "", AUTHOR)
    assert len((await claimed(world)).messages) == 2


async def test_expired_messages_are_expired_paused_or_not(world: World, process: Process) -> None:
    expiry = world.clock.now() + SECOND
    await process.trigger(expire_time=expiry)
    await world.live("news")
    await process.trigger(campaign_id="news", expire_time=expiry)
    await world.life_cycle.pause("news", "", AUTHOR)
    world.clock.time = expiry
    assert not (await claimed(world)).messages
    assert states(world) == [EXPIRED] * 2
    assert [event.type for event in events(world)] == [EventType.EXPIRED] * 2


async def test_a_disabled_channel_configuration_lets_nothing_leave(world: World, process: Process) -> None:
    await process.trigger()
    channel = world.announced_channels[-1]
    disabled = replace(channel, disabled=True, revision=channel.revision + 1)
    await world.transactions.write(lambda unit: unit.channels.save(disabled))
    assert await claimed(world) == Claimed((), None)
    assert states(world) == [QUEUED]


async def test_one_claim_sorts_out_messages_of_every_fate(world: World, process: Process) -> None:
    for campaign_id in ("paused", "stopped", "live"):
        await world.live(campaign_id)
        await process.trigger(*recipients(2), campaign_id=campaign_id)
    await process.trigger(expire_time=world.clock.now() + 1)
    world.clock.advance(1)
    await world.life_cycle.pause("paused", "", AUTHOR)
    await world.life_cycle.stop("stopped", QueueDisposal.CANCEL, "", AUTHOR)
    found = await claimed(world)
    assert states(world) == [QUEUED, QUEUED, CANCELLED, CANCELLED, SENDING, SENDING, EXPIRED]
    assert {message.state for message in found.messages} == {SENDING}
