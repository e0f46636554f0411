"""Messages leave at the hours of their sending policy, checked when they are accepted and before every attempt."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from clarion_server.application.profiles.profiles import CreateProfile, ProfileFields, UpdateProfile
from clarion_server.application.resources import CreateResource, ResourceInput
from clarion_server.application.sending.attempt import AttemptRunner
from clarion_server.application.sending.claim import ClaimNamedMessages, NamedClaim, NamedClaims
from clarion_server.application.sending.dispatch import ClaimedMessage
from clarion_server.application.sending.files import MessageFiles
from clarion_server.application.sending.hand_off_checks import HandOffChecks
from clarion_server.bootstrap.channels import encode_file
from clarion_server.domain.campaigns.campaign_definition import Action, ActionMode, ThroughputMode
from clarion_server.domain.category import Category
from clarion_server.domain.instant import HOUR, MILLISECOND, SECOND, Instant
from clarion_server.domain.messages.exclusion import Exclusion, ExclusionPhase, ExclusionReason
from clarion_server.domain.messages.kept_policy import KeptPolicy
from clarion_server.domain.messages.message import Lane, Message, MessageState
from clarion_server.domain.people.profile import Profile
from clarion_server.domain.sending_policies.quiet_hours import WallInterval
from clarion_server.domain.sending_policies.sending_policy import TimeZoneSource, WhenClosed
from clarion_server.domain.sourced_value import SourcedValue, ValueSource

from tests.fakes import ScriptedChannel
from tests.identities import EXCLUSIONS
from tests.unit.application.running import Process, claimed, messages, recipient, recipients, states, until
from tests.unit.application.sending_policies import POLICY, Policies, utc
from tests.unit.application.working import at_work, only
from tests.unit.application.world import AUTHOR, EMAIL, STRANGER, StandingClock, World

QUEUED, SENDING, SENT, EXCLUDED = MessageState.QUEUED, MessageState.SENDING, MessageState.SENT, MessageState.EXCLUDED
ACCEPT, HAND_OFF = ExclusionPhase.ACCEPT, ExclusionPhase.HAND_OFF
#: 23:30 in Berlin, and when it is 08:00 there.
NIGHT, MORNING = utc("10T21:30"), utc("11T06:00")
BERLIN = SourcedValue("Europe/Berlin", ValueSource.POLICY)
LOS_ANGELES = SourcedValue("America/Los_Angeles", ValueSource.PROFILE)


@pytest.fixture
async def process(world: World) -> AsyncIterator[Process]:
    """Belongs to a world with live campaigns of both categories, by night in Berlin. It is not started: tests claim."""
    world.clock.time = NIGHT
    await world.live("offers", category=Category.MARKETING)
    await world.live("reset")
    made = Process(world)
    yield made
    await made.close()


async def send(process: Process, campaign_id: str = "offers", **fields: object) -> Message:
    """Triggers the campaign for Jane, and returns her message."""
    before = set(messages(process.world))
    await process.trigger(recipient(), campaign_id=campaign_id, **fields)
    (name,) = set(messages(process.world)) - before
    return messages(process.world)[name]


async def store_jane(world: World, time_zone: str) -> Profile:
    fields = ProfileFields(("email:Jane@example.com",), {}, "", time_zone)
    return await world.profiles.create(CreateProfile(fields), AUTHOR)


async def move_jane(world: World, jane: Profile, time_zone: str) -> None:
    fields = ProfileFields((), {}, "", time_zone)
    await world.profiles.update(UpdateProfile(jane.id, fields, frozenset({"time_zone"})), AUTHOR)


class RunningClock(StandingClock):
    """Goes on by 0.7 seconds whenever it is read."""

    def now(self) -> Instant:
        self.advance(700 * MILLISECOND)
        return self.time


def quiet_hours(phase: ExclusionPhase, policy: str = "default") -> Exclusion:
    return Exclusion(ExclusionReason.QUIET_HOURS, phase, f"sendingPolicies/{policy}")


async def test_marketing_waits_for_the_opening_of_the_default_policy(policies: Policies, process: Process) -> None:
    await policies.make()
    message = await send(process)
    assert (message.state, message.release_time, message.due_time) == (QUEUED, MORNING, MORNING)
    assert (message.attempts.count, message.attempts.owner) == (0, None)
    assert (await claimed(process.world, lane=Lane.MARKETING)).next_due_time == MORNING
    process.world.clock.time = MORNING
    assert len((await claimed(process.world, lane=Lane.MARKETING)).messages) == 1


async def test_without_a_policy_nothing_waits(process: Process) -> None:
    message = await send(process)
    assert (message.due_time, message.sending_policy) == (NIGHT, None)


async def test_transactional_messages_wait_only_when_the_policy_names_their_category(
    policies: Policies, process: Process
) -> None:
    await policies.make()
    assert (await send(process, "reset")).sending_policy is None
    await policies.change(categories=(Category.TRANSACTIONAL,))
    assert (await send(process, "reset")).due_time == MORNING
    assert (await send(process, "offers")).sending_policy is None


async def test_a_campaign_keeps_the_policy_that_it_names_and_not_the_default(
    world: World, policies: Policies, process: Process
) -> None:
    await policies.make()
    await policies.make("always", quiet_hours=())
    await world.live("news", category=Category.MARKETING, sending_policy="always")
    message = await send(process, "news")
    assert (message.due_time, message.sending_policy) == (NIGHT, KeptPolicy("always"))


async def test_a_campaign_that_looks_up_nobody_keeps_no_hours(
    world: World, policies: Policies, process: Process
) -> None:
    await policies.make(categories=(Category.TRANSACTIONAL,))
    await world.live("codes", throughput_mode=ThroughputMode.HIGH)
    assert (await send(process, "codes")).sending_policy is None


async def test_the_policies_of_another_sandbox_do_not_count(world: World, policies: Policies, process: Process) -> None:
    await policies.create(CreateResource("default", ResourceInput(POLICY)), STRANGER)
    assert (await send(process)).sending_policy is None


async def test_the_clock_of_the_profile_counts(world: World, policies: Policies, process: Process) -> None:
    await policies.make()
    await store_jane(world, "America/Los_Angeles")
    assert (await send(process)).due_time == NIGHT
    world.clock.time = utc("11T07:00")
    assert (await send(process)).due_time == utc("11T15:00")


async def test_a_profile_without_a_time_zone_has_that_of_the_policy(
    world: World, policies: Policies, process: Process
) -> None:
    await policies.make()
    await store_jane(world, "")
    assert (await send(process)).due_time == MORNING


async def test_a_fixed_time_zone_holds_for_everybody(world: World, policies: Policies, process: Process) -> None:
    await policies.make(time_zone_source=TimeZoneSource.FIXED)
    await store_jane(world, "America/Los_Angeles")
    assert (await send(process)).due_time == MORNING


async def test_a_policy_may_exclude_instead(policies: Policies, process: Process) -> None:
    await policies.make(when_closed=WhenClosed.EXCLUDE)
    message = await send(process)
    assert (message.state, message.end.exclusion) == (EXCLUDED, quiet_hours(ACCEPT))
    assert message.sending_policy == KeptPolicy("default", BERLIN)


async def test_a_message_that_expires_before_the_opening_is_excluded(policies: Policies, process: Process) -> None:
    await policies.make()
    assert (await send(process, expire_time=MORNING)).end.exclusion == quiet_hours(ACCEPT)
    assert (await send(process, expire_time=MORNING + 1)).due_time == MORNING


async def test_the_hours_of_the_send_time_count(policies: Policies, process: Process) -> None:
    await policies.make()
    assert (await send(process, send_time=MORNING + HOUR)).due_time == MORNING + HOUR
    assert (await send(process, send_time=utc("11T23:00"))).due_time == utc("12T06:00")


async def test_magic_recipients_are_sent_at_any_hour_but_the_one_whose_name_says_so(
    policies: Policies, process: Process
) -> None:
    await policies.make()
    await process.trigger(recipient("email:sent@clarion.test"), campaign_id="offers")
    assert only(process.world).due_time == NIGHT
    await process.trigger(recipient("email:quiet+1@clarion.test"), campaign_id="offers")
    (excluded,) = messages(process.world, EXCLUDED).values()
    assert excluded.end.exclusion == Exclusion(ExclusionReason.QUIET_HOURS, ACCEPT)


async def test_a_deferred_message_is_the_one_that_can_be_delivered(
    world: World, policies: Policies, process: Process
) -> None:
    await policies.make()
    actions = (Action("first", "orders", EMAIL), Action("second", "orders", EMAIL))
    await world.live("both", category=Category.MARKETING, actions=actions, action_mode=ActionMode.FIRST_DELIVERABLE)
    message = await send(process, "both")
    assert (message.action.id, message.due_time) == ("first", MORNING)


async def test_a_message_that_waited_too_long_waits_for_the_next_opening(
    world: World, policies: Policies, process: Process
) -> None:
    await policies.make()
    world.clock.time = utc("10T19:00")
    message = await send(process)
    assert message.due_time == world.clock.now()
    world.clock.time = NIGHT
    answer = await claimed(world, lane=Lane.MARKETING)
    assert (answer.messages, answer.next_due_time) == ([], MORNING)
    waiting = messages(world)[message.id]
    assert (waiting.state, waiting.due_time, waiting.release_time) == (QUEUED, MORNING, MORNING)
    assert (waiting.attempts.count, waiting.attempts.first_time) == (0, None)


async def test_before_an_attempt_the_policy_of_that_moment_counts(
    world: World, policies: Policies, process: Process
) -> None:
    await policies.make()
    kept, excluded = await send(process), await send(process, expire_time=utc("11T07:00"))
    await policies.change(quiet_hours=(WallInterval(21 * 60, 10 * 60),))
    world.clock.time = MORNING
    assert (await claimed(world, lane=Lane.MARKETING)).messages == []
    assert messages(world)[kept.id].due_time == MORNING + 2 * HOUR
    assert messages(world)[excluded.id].end.exclusion == quiet_hours(HAND_OFF)


async def test_in_one_claim_each_message_keeps_the_hours_of_its_own_policy_and_magic_recipients_none(
    world: World, policies: Policies, process: Process
) -> None:
    await policies.make()
    await policies.make("open", quiet_hours=())
    await world.live("open-offers", category=Category.MARKETING, sending_policy="open")
    world.clock.time = utc("10T19:59")
    await process.trigger(*recipients(1), campaign_id="offers")
    await process.trigger(recipient("email:sent@clarion.test"), campaign_id="offers")
    await process.trigger(recipient("email:joe@example.com"), campaign_id="open-offers")
    world.clock.time = utc("10T20:00")
    begun = (await claimed(world, lane=Lane.MARKETING)).messages
    assert {message.identity for message in begun} == {"email:sent@clarion.test", "email:joe@example.com"}
    assert [each.due_time for each in messages(world, QUEUED).values()] == [MORNING]


async def test_before_an_attempt_a_policy_may_exclude(world: World, policies: Policies, process: Process) -> None:
    await policies.make(when_closed=WhenClosed.EXCLUDE)
    world.clock.time = utc("10T19:00")
    message = await send(process)
    world.clock.time = NIGHT
    assert (await claimed(world, lane=Lane.MARKETING)).messages == []
    assert messages(world)[message.id].end.exclusion == quiet_hours(HAND_OFF)


async def test_whoever_moves_while_a_message_waits_gets_it_by_day_there(
    world: World, policies: Policies, process: Process
) -> None:
    await policies.make()
    jane = await store_jane(world, "Europe/Berlin")
    message = await send(process)
    assert message.due_time == MORNING
    await move_jane(world, jane, "America/Los_Angeles")
    world.clock.time = MORNING
    assert (await claimed(world, lane=Lane.MARKETING)).messages == []
    assert messages(world)[message.id].due_time == utc("11T15:00")
    assert messages(world)[message.id].sending_policy == KeptPolicy("default", LOS_ANGELES)


async def test_a_deleted_policy_holds_nobody_back_at_the_next_check(
    world: World, policies: Policies, process: Process
) -> None:
    await policies.make()
    world.clock.time = utc("10T19:00")
    await send(process)
    await policies.delete("default", "", AUTHOR)
    world.clock.time = NIGHT
    assert len((await claimed(world, lane=Lane.MARKETING)).messages) == 1


async def test_messages_that_may_leave_are_sent_at_once_and_the_others_by_day(world: World, policies: Policies) -> None:
    await policies.make()
    world.clock.time = NIGHT
    await world.live("offers", category=Category.MARKETING)
    await store_jane(world, "America/Los_Angeles")
    async with at_work(Process(world)) as process:
        await process.trigger(recipient(), recipient("email:anna@example.com"), campaign_id="offers")
        await until(lambda: states(world) == [SENT, QUEUED])
        assert process.ports.schedule.due_lanes(1) == []
        world.clock.time = MORNING
        assert process.ports.schedule.due_lanes(1) == [Lane.MARKETING]
        process.claim_loop.look()
        await until(lambda: states(world) == [SENT, SENT])


async def test_a_message_that_waits_in_hand_until_the_hours_end_is_queued_again(
    world: World, policies: Policies
) -> None:
    await policies.make()
    world.clock.time = utc("10T20:00") - 30 * SECOND
    await world.channel(max_concurrency=1)
    await world.live("offers", category=Category.MARKETING)
    async with at_work(Process(world)) as process:
        await process.trigger(campaign_id="offers")
        await until(lambda: process.is_idle)
        gate = process.provider.channels[0].gate
        gate.clear()
        await process.trigger(*recipients(2), campaign_id="offers")
        await until(lambda: len(process.provider.begun) == 2)
        world.clock.advance(40 * SECOND)
        gate.set()
        await until(lambda: bool(process.ports.pending_requeue))
        await process.heartbeat.beat()
        process.claim_loop.look()
        await until(lambda: [each.due_time for each in messages(world, QUEUED).values()] == [MORNING])
    assert states(world) == [SENT, SENT, QUEUED]
    assert [each.attempts.count for each in messages(world, QUEUED).values()] == [0]
    assert len(process.provider.begun) == 2


async def test_no_attempt_begins_after_the_hours_have_ended_however_short_the_wait(
    world: World, policies: Policies
) -> None:
    await policies.make()
    world.clock.time = utc("10T20:00") - SECOND
    await world.channel(max_concurrency=1)
    await world.live("offers", category=Category.MARKETING)
    async with at_work(Process(world)) as process:
        await process.trigger(campaign_id="offers")
        await until(lambda: process.is_idle)
        gate = process.provider.channels[0].gate
        gate.clear()
        await process.trigger(*recipients(2), campaign_id="offers")
        await until(lambda: len(process.provider.begun) == 2)
        world.clock.advance(SECOND)
        gate.set()
        await until(lambda: bool(process.ports.pending_requeue))
        await process.heartbeat.beat()
        process.claim_loop.look()
        await until(lambda: [each.due_time for each in messages(world, QUEUED).values()] == [MORNING])
    assert states(world) == [SENT, SENT, QUEUED]
    assert len(process.provider.begun) == 2


@pytest.mark.parametrize(
    ("seconds", "wait"), [(2 * SECOND + 1, None), (2 * SECOND, 2 * SECOND), (SECOND // 3, SECOND // 3), (1, 1)]
)
async def test_a_claimed_message_carries_the_instant_at_which_its_hours_end_if_that_is_near(
    world: World, policies: Policies, process: Process, seconds: int, wait: int | None
) -> None:
    await policies.make()
    world.clock.time = utc("10T20:00") - HOUR
    await send(process)
    world.clock.time = utc("10T20:00") - seconds
    (message,) = (await claimed(world, lane=Lane.MARKETING)).messages
    assert message.attempts.not_after == (None if wait is None else world.clock.now() + wait)


async def test_whoever_named_a_message_for_its_claim_learns_when_it_is_due_instead(
    world: World, policies: Policies, process: Process
) -> None:
    await policies.make()
    world.clock.time = utc("10T19:00")
    message = await send(process)
    world.clock.time = NIGHT
    claims = NamedClaims([NamedClaim(message.action.channel_key, [message.id])], "first", NIGHT)
    claiming = ClaimNamedMessages(EXCLUSIONS)
    ((answer,),) = await world.transactions.write(lambda unit: claiming.apply(unit, [claims]))
    assert answer.messages == []
    assert [(each.id, each.due_time) for each in answer.early] == [(message.id, MORNING)]


async def test_a_message_that_is_checked_again_a_moment_before_the_hours_end_does_not_leave_behind_their_end(
    world: World, policies: Policies, process: Process
) -> None:
    await policies.make()
    world.clock.time = utc("10T19:59")
    await send(process)
    (message,) = (await claimed(world, lane=Lane.MARKETING)).messages
    # It is checked 0.3 seconds before 22:00, and ready 0.4 seconds after.
    clock = RunningClock(utc("10T20:00") - SECOND)
    checks, files = HandOffChecks(process.transactions, EXCLUSIONS), MessageFiles(process.transactions, encode_file)
    runner = AttemptRunner(process.campaigns, clock, lambda: 0.5, checks, files)
    channel, (configuration,) = ScriptedChannel(), world.see(lambda unit: unit.channels.by_keys({1}))
    assert await runner.attempt(ClaimedMessage(message), channel, configuration) is None
    assert channel.begun == []
