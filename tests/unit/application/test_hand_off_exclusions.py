"""What forbids a message may come after it was accepted: it is checked again before every attempt."""

from __future__ import annotations

from dataclasses import replace

from clarion_server.domain.campaigns.campaign_definition import Action, ActionMode
from clarion_server.domain.category import Category
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.content.email import EmailContent
from clarion_server.domain.content.webhook import WebhookContent, WebhookProvider
from clarion_server.domain.events.event import EventType
from clarion_server.domain.instant import HOUR, SECOND
from clarion_server.domain.messages.exclusion import Exclusion, ExclusionPhase, ExclusionReason
from clarion_server.domain.messages.message import Lane, MessageState
from clarion_server.domain.suppressions.suppression import Suppression, SuppressionScope

from tests.fakes import LATER, UNKNOWN
from tests.unit.application.running import Process, claimed, counts, events, messages, recipients, states, until
from tests.unit.application.suppressing import suppress
from tests.unit.application.working import at_work, only
from tests.unit.application.world import World

QUEUED, SENDING, SENT, EXCLUDED, IN_DOUBT = (
    MessageState.QUEUED,
    MessageState.SENDING,
    MessageState.SENT,
    MessageState.EXCLUDED,
    MessageState.IN_DOUBT,
)


def at_hand_off(by: Suppression) -> Exclusion:
    return Exclusion(ExclusionReason.SUPPRESSED, ExclusionPhase.HAND_OFF, by.name)


async def test_a_message_that_waits_is_excluded_by_a_suppression_that_came_later(
    world: World, process: Process
) -> None:
    campaign = await world.get()
    await process.trigger(*recipients(3))
    suppression = await suppress(world, "r1@example.com")
    assert [message.address for message in (await claimed(world)).messages] == ["r0@example.com", "r2@example.com"]
    assert states(world) == [SENDING, EXCLUDED, SENDING]
    (excluded,) = messages(world, EXCLUDED).values()
    assert (excluded.end.exclusion, excluded.end.time) == (at_hand_off(suppression), world.clock.now())
    assert (excluded.attempts.count, excluded.attempts.owner) == (0, None)
    event = events(world)[-1]
    assert (event.type, event.message_id, event.detail) == (EventType.EXCLUDED, excluded.id, at_hand_off(suppression))
    assert counts(world, campaign.key) == {
        "TARGETED": 3,
        "EXCLUDED:SUPPRESSED": 1,
        "EXCLUDED_AT_HAND_OFF:SUPPRESSED": 1,
    }


async def test_a_suppressed_domain_stops_everybody_there(world: World, process: Process) -> None:
    await process.trigger(*recipients(2))
    await suppress(world, "Example.com")
    assert (await claimed(world)).messages == []
    assert states(world) == [EXCLUDED, EXCLUDED]


async def test_a_suppression_of_marketing_stops_marketing_alone(world: World, process: Process) -> None:
    await world.live("news", category=Category.MARKETING)
    await process.trigger()
    await process.trigger(campaign_id="news")
    await suppress(world, scope=SuppressionScope.MARKETING)
    assert len((await claimed(world)).messages) == 1
    assert (await claimed(world, lane=Lane.MARKETING)).messages == []


async def test_a_suppression_that_has_expired_by_the_attempt_stops_nothing(world: World, process: Process) -> None:
    await process.trigger(send_time=world.clock.now() + HOUR)
    await suppress(world, expire_time=world.clock.now() + HOUR)
    world.clock.advance(HOUR)
    assert len((await claimed(world)).messages) == 1


async def test_a_message_for_later_is_accepted_when_the_suppression_ends_before(world: World, process: Process) -> None:
    await suppress(world, expire_time=world.clock.now() + HOUR)
    await process.trigger(send_time=world.clock.now() + HOUR - 1)
    await process.trigger(send_time=world.clock.now() + HOUR)
    assert states(world) == [EXCLUDED, QUEUED]


async def test_the_next_alternative_takes_the_place_of_a_message_excluded_at_hand_off(world: World) -> None:
    email = EmailContent(subject="Hi", html="<p>Hi</p>")
    actions = (Action("first", "orders", email), Action("second", "orders", replace(email, subject="Again")))
    await world.live(actions=actions, action_mode=ActionMode.FIRST_DELIVERABLE)
    process = Process(world)
    await process.trigger()
    await suppress(world)
    assert (await claimed(world)).messages == []
    assert [(each.action.id, each.state) for _, each in sorted(messages(world).items())] == [
        ("first", EXCLUDED),
        ("second", QUEUED),
    ]
    assert (await claimed(world)).messages == []
    assert states(world) == [EXCLUDED, EXCLUDED]
    await process.close()


async def test_the_next_alternative_leaves_by_its_own_channel_and_configuration(world: World) -> None:
    await world.channel()
    backup = await world.channel("backup", provider=WebhookProvider("https://example.com/hook"))
    email = EmailContent(subject="Hi", html="<p>Hi</p>")
    await world.live(
        actions=(Action("first", "orders", email), Action("second", "backup", WebhookContent("{}"))),
        action_mode=ActionMode.FIRST_DELIVERABLE,
    )
    process = Process(world)
    await process.trigger()
    await suppress(world, expire_time=world.clock.now() + HOUR)
    assert (await claimed(world)).messages == []
    world.clock.advance(HOUR)
    assert (await claimed(world)).messages == []
    (message,) = (await claimed(world, channel_key=backup.key)).messages
    assert (message.action.id, message.action.channel) == ("second", Channel.WEBHOOK)
    await process.close()


async def test_a_deferred_message_is_excluded_before_its_next_attempt(world: World) -> None:
    await world.live()
    async with at_work(Process(world)) as process:
        process.provider.end = lambda _: LATER
        await process.trigger()
        await until(lambda: states(world) == [QUEUED])
        suppression = await suppress(world)
        world.clock.advance(HOUR)
        process.claim_loop.look()
        await until(lambda: states(world) == [EXCLUDED])
    assert only(world).end.exclusion == at_hand_off(suppression)
    assert len(process.provider.begun) == 1


async def test_a_message_that_may_have_been_sent_ends_in_doubt_and_never_excluded(world: World) -> None:
    await world.live()
    async with at_work(Process(world)) as process:
        process.provider.end = lambda _: UNKNOWN
        await process.trigger()
        await until(lambda: states(world) == [QUEUED])
        await suppress(world)
        world.clock.advance(HOUR)
        process.claim_loop.look()
        await until(lambda: states(world) == [IN_DOUBT])
    message = only(world)
    assert message.end.exclusion is None
    assert message.end.failure is not None
    assert events(world)[-1].type is EventType.IN_DOUBT
    assert len(process.provider.begun) == 1


async def test_a_message_that_waits_in_hand_for_a_free_place_is_checked_again(world: World) -> None:
    await world.channel(max_concurrency=1)
    await world.live()
    campaign = await world.get()
    async with at_work(Process(world)) as process:
        await process.trigger()
        await until(lambda: process.is_idle)
        gate = process.provider.channels[0].gate
        gate.clear()
        await process.trigger(*recipients(2))
        await until(lambda: len(process.provider.begun) == 2)
        suppression = await suppress(world, "r1@example.com")
        world.clock.advance(2 * SECOND + 1)
        gate.set()
        await until(lambda: states(world) == [SENT, SENT, EXCLUDED])
        await until(lambda: process.is_idle)
    (excluded,) = messages(world, EXCLUDED).values()
    assert (excluded.end.exclusion, excluded.attempts.count) == (at_hand_off(suppression), 0)
    assert counts(world, campaign.key)["EXCLUDED_AT_HAND_OFF:SUPPRESSED"] == 1
    assert len(process.provider.taken) == 2
