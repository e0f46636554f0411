"""Messages wait for their turns under the rate of their sending policy."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from clarion_server.application.campaigns.queue_canceller import QueueCanceller
from clarion_server.application.ports.turn_schedules import Retiming
from clarion_server.domain.campaign_states import CampaignState
from clarion_server.domain.campaigns.campaign import QueueDisposal
from clarion_server.domain.category import Category
from clarion_server.domain.instant import HOUR, SECOND, Instant
from clarion_server.domain.messages.kept_policy import KeptPolicy
from clarion_server.domain.messages.message import Lane, Message, MessageState
from structlog.testing import capture_logs

from tests.unit.application.running import Process, claimed, messages, recipient, recipients, states, until
from tests.unit.application.sending_policies import NIGHT, Policies, utc
from tests.unit.application.working import at_work, only
from tests.unit.application.world import AUTHOR, World

QUEUED, SENDING, SENT = MessageState.QUEUED, MessageState.SENDING, MessageState.SENT
NOON = utc("10T12:00")


@pytest.fixture
async def policies(world: World) -> Policies:
    """Those of a sandbox whose default policy lets one marketing message leave a second."""
    world.clock.time = NOON
    made = Policies(world)
    await made.make(quiet_hours=(), rate=1.0)
    return made


@pytest.fixture
async def process(world: World, policies: Policies) -> AsyncIterator[Process]:
    """Belongs to a world with live campaigns of both categories, and the policies. It is not started: tests claim."""
    assert (await policies.make("other", quiet_hours=())).rate == 0
    await world.live("offers", category=Category.MARKETING)
    await world.live("reset")
    made = Process(world)
    yield made
    await made.close()


async def claim(world: World, owner: str = "first") -> list[Message]:
    return list((await claimed(world, lane=Lane.MARKETING, owner=owner)).messages)


def due_times(world: World) -> list[Instant]:
    return sorted(message.due_time for message in messages(world, QUEUED).values())


async def test_messages_leave_one_after_the_other(world: World, process: Process) -> None:
    await process.trigger(*recipients(4), campaign_id="offers")
    assert len(await claim(world)) == 1
    assert due_times(world) == [NOON + seconds * SECOND for seconds in (1, 2, 3)]
    for _ in range(3):
        assert await claim(world) == []
        world.clock.advance(SECOND)
        assert len(await claim(world)) == 1
    assert states(world) == [SENDING] * 4


async def test_all_processes_keep_the_rate_together(world: World, process: Process) -> None:
    await process.trigger(*recipients(3), campaign_id="offers")
    begun = [await claimed(world, limit=1, lane=Lane.MARKETING, owner=owner) for owner in ("a", "b", "c")]
    assert [len(each.messages) for each in begun] == [1, 0, 0]
    assert due_times(world) == [NOON + SECOND, NOON + 2 * SECOND]


async def test_a_message_that_comes_later_gets_a_later_turn(world: World, process: Process) -> None:
    await process.trigger(*recipients(3), campaign_id="offers")
    await claim(world)
    await process.trigger(recipient(), campaign_id="offers")
    assert await claim(world) == []
    assert due_times(world) == [NOON + seconds * SECOND for seconds in (1, 2, 3)]


async def test_unused_time_is_not_caught_up_with(world: World, process: Process) -> None:
    await process.trigger(recipient(), campaign_id="offers")
    assert len(await claim(world)) == 1
    world.clock.advance(HOUR)
    await process.trigger(*recipients(3), campaign_id="offers")
    assert len(await claim(world)) == 1


async def test_turns_that_lapsed_during_an_outage_are_given_anew(world: World, process: Process) -> None:
    await process.trigger(*recipients(30), campaign_id="offers")
    assert len(await claim(world)) == 1
    world.clock.advance(HOUR)
    assert len(await claim(world)) == 1
    assert due_times(world) == [NOON + HOUR + seconds * SECOND for seconds in range(1, 29)]


async def test_the_rush_at_an_opening_is_spread(world: World, policies: Policies, process: Process) -> None:
    await policies.change(quiet_hours=(NIGHT,))
    world.clock.time = utc("10T21:30")
    await process.trigger(*recipients(3), campaign_id="offers")
    world.clock.time = opening = utc("11T06:00")
    assert len(await claim(world)) == 1
    assert due_times(world) == [opening + SECOND, opening + 2 * SECOND]


async def test_messages_of_other_categories_and_magic_recipients_do_not_wait(world: World, process: Process) -> None:
    await process.trigger(*recipients(2), campaign_id="reset")
    assert len((await claimed(world)).messages) == 2
    magic = [recipient(f"email:sent+{number}@clarion.test") for number in range(3)]
    await process.trigger(*magic, campaign_id="offers")
    assert len(await claim(world)) == 3


async def test_a_message_waits_for_its_turn_and_is_never_excluded(world: World, policies: Policies) -> None:
    assert (await policies.change(rate=1.0)).rate == 1.0
    await world.live("offers", category=Category.MARKETING)
    async with at_work(Process(world)) as process:
        await process.trigger(recipient(), campaign_id="offers")
        await until(lambda: states(world) == [SENT])
        assert only(world).sending_policy == KeptPolicy("default")
        await process.trigger(*recipients(3), campaign_id="offers")
        for count in (1, 2, 3):
            world.clock.advance(SECOND)
            process.claim_loop.look()
            await until(lambda count=count: states(world).count(SENT) == 1 + count)  # type: ignore[misc] # binds the loop's value
    assert len(process.provider.begun) == 4


async def test_a_raised_rate_holds_for_the_messages_that_wait(
    world: World, policies: Policies, process: Process
) -> None:
    await process.trigger(*recipients(31), campaign_id="offers")
    await claim(world)
    await policies.change(rate=10.0)
    await process.heartbeat.beat()
    assert set(due_times(world)) == {NOON}
    await claim(world)
    assert max(due_times(world)) == NOON + 3 * SECOND
    assert policies_retiming(world) is None


async def test_a_raised_rate_holds_in_every_campaign_of_the_policy(
    world: World, policies: Policies, process: Process
) -> None:
    await world.live("sale", category=Category.MARKETING)
    for campaign_id in ("offers", "sale"):
        await process.trigger(*recipients(3), campaign_id=campaign_id)
    assert len(await claim(world)) == 1
    await policies.change(rate=10.0)
    await process.heartbeat.beat()
    assert due_times(world) == [NOON] * 5


async def test_a_lowered_rate_holds_for_the_messages_that_wait(
    world: World, policies: Policies, process: Process
) -> None:
    await process.trigger(*recipients(3), campaign_id="offers")
    await claim(world)
    await policies.change(rate=0.1)
    await process.heartbeat.beat()
    assert await claim(world) == []
    first, second = due_times(world)
    assert second - first == 10 * SECOND


async def test_without_a_rate_any_more_all_that_wait_leave_at_once(
    world: World, policies: Policies, process: Process
) -> None:
    await process.trigger(*recipients(30), campaign_id="offers")
    await claim(world)
    await policies.change(rate=0.0)
    await process.heartbeat.beat()
    assert len(await claim(world)) == 29


async def test_a_paused_campaign_gives_way_to_others_and_comes_behind_them_when_it_is_resumed(
    world: World, process: Process
) -> None:
    await world.live("sale", category=Category.MARKETING)
    await process.trigger(*recipients(90), campaign_id="sale")
    await process.trigger(recipient(), campaign_id="offers")
    assert len(await claim(world)) == 1
    await world.life_cycle.pause("sale", "", AUTHOR)
    await process.heartbeat.beat()
    await claim(world)
    world.clock.advance(SECOND)
    (first,) = await claim(world)
    assert first.identity == recipient().identity
    await world.life_cycle.resume("sale", "", AUTHOR)
    await process.heartbeat.beat()
    world.clock.advance(SECOND)
    assert len(await claim(world)) == 1
    assert max(due_times(world)) <= NOON + 92 * SECOND


async def test_where_no_turn_is_far_ahead_a_pause_leaves_the_turns_of_others_alone(
    world: World, process: Process
) -> None:
    await world.live("sale", category=Category.MARKETING)
    await process.trigger(*recipients(40), campaign_id="sale")
    await process.trigger(recipient(), campaign_id="offers")
    await claim(world)
    await world.life_cycle.pause("sale", "", AUTHOR)
    await process.heartbeat.beat()
    assert max(due_times(world)) == NOON + 40 * SECOND


async def test_those_behind_the_queue_of_a_campaign_that_is_stopped_come_in_its_place(
    world: World, process: Process
) -> None:
    sale = await world.live("sale", category=Category.MARKETING)
    for _ in range(6):
        await process.trigger(*recipients(100), campaign_id="sale")
        await claim(world)
    await process.trigger(recipient(), campaign_id="offers")
    await claim(world)
    assert max(due_times(world)) == NOON + 600 * SECOND
    stopped = replace(sale, state=CampaignState.STOPPED, queue_disposal=QueueDisposal.CANCEL)
    canceller = QueueCanceller(process.transactions, world.clock)
    with capture_logs() as logs:
        canceller.start_if_due(stopped)
        await until(lambda: bool(logs))
    await canceller.close()
    assert [(log["event"], log["messages"]) for log in logs] == [("queue_cancelled", 599)]
    await process.heartbeat.beat()
    await claim(world)
    (due,) = due_times(world)
    assert due <= NOON + SECOND


async def test_messages_that_wait_for_something_else_go_on_waiting_when_the_rate_changes(
    world: World, policies: Policies, process: Process
) -> None:
    world.clock.time = utc("10T19:59")
    await process.trigger(*recipients(3), campaign_id="offers")
    await claim(world)
    await policies.change(quiet_hours=(NIGHT,))
    world.clock.time = utc("10T20:00")
    await claim(world)
    opening = utc("11T06:00")
    assert due_times(world) == [opening, opening]
    await policies.change(rate=100.0, quiet_hours=(NIGHT,))
    await process.heartbeat.beat()
    assert due_times(world) == [opening, opening]


def policies_retiming(world: World) -> Retiming | None:
    with world.store.snapshot() as unit:
        return unit.turn_schedules.begun_retiming()
