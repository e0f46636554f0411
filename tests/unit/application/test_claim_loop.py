"""One loop claims for all channel configurations of a process: urgent lanes first, and each in its turn."""

from __future__ import annotations

import pytest
from clarion_server.application.sending import store_look
from clarion_server.domain.campaigns.campaign_definition import Action
from clarion_server.domain.category import Category
from clarion_server.domain.instant import HOUR
from clarion_server.domain.messages.message import Message, MessageState

from tests.unit.application.running import Process, messages, recipient, recipients, states, until
from tests.unit.application.test_dispatcher_properties import TickingClock
from tests.unit.application.world import EMAIL, World

NEWSLETTERS = ("first", "second", "third")
#: More than one round claims for all of them.
BACKLOG = 700
RESET = "email:forgetful@example.com"


async def live_on(world: World, name: str, category: Category = Category.MARKETING) -> None:
    await world.live(name, category=category, actions=(Action("email", name, EMAIL),))


def in_order_of_claims(world: World) -> list[Message]:
    return sorted(
        messages(world).values(), key=lambda message: (message.attempts.last_time or 0, message.action.channel_key)
    )


async def test_channel_configurations_with_a_backlog_take_turns_and_urgent_messages_go_before_all(
    world: World,
) -> None:
    world.clock = TickingClock(world.clock.time)
    for name in NEWSLETTERS:
        await world.channel(name, max_concurrency=100)
        await live_on(world, name)
    await world.live("reset", category=Category.TRANSACTIONAL, actions=(Action("email", "third", EMAIL),))
    process = Process(world)
    for name in NEWSLETTERS:
        await process.trigger(*recipients(BACKLOG), campaign_id=name)
    await process.trigger(recipient(RESET), campaign_id="reset")
    await process.start()
    total = len(NEWSLETTERS) * BACKLOG + 1
    # All messages are read again and again only for what remains.
    await until(lambda: len(process.provider.taken) == total)
    await until(lambda: states(world) == [MessageState.SENT] * total)
    await process.close()
    claims = in_order_of_claims(world)
    assert claims[0].identity == RESET
    rounds = list(dict.fromkeys((message.attempts.last_time, message.action.channel_key) for message in claims[1:]))
    assert sorted(key for _, key in rounds[:3]) == sorted({key for _, key in rounds})


async def test_what_is_scheduled_leaves_at_its_time_without_a_look(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.live()
    process = Process(world)
    await process.start()
    await process.trigger(send_time=world.clock.now() + HOUR)
    monkeypatch.setattr(store_look, "LOOK_SECONDS", 3600.0)
    world.clock.advance(HOUR)
    process.ports.schedule.wake()
    await until(lambda: states(world) == [MessageState.SENT])
    await process.close()


async def test_a_campaign_that_another_process_has_made_on_a_new_channel_is_sent(world: World) -> None:
    process = Process(world)
    await process.start()
    await world.channel("new")
    await live_on(world, "new")
    other = Process(world, "other")
    await other.trigger(campaign_id="new")
    process.claim_loop.on_queued([1])
    await until(lambda: states(world) == [MessageState.SENT])
    await other.close()
    await process.close()


async def test_more_channel_configurations_than_one_look_reads_are_all_known_at_the_start(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_look, "_CHANGES_PER_LOOK", 2)
    for number in range(5):
        await world.channel(f"channel-{number}")
    process = Process(world)
    await process.start()
    assert process.dispatchers.know(range(1, 6))
    await process.close()
