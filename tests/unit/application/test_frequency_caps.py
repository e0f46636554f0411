"""Frequency caps: room is reserved at the accept, moves with the hand-off, and is given back without one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest
from clarion_server.application.erasure.beginning import EraseProfile
from clarion_server.application.maintenance.housekeeping import Housekeeper
from clarion_server.application.maintenance.retention import Retention
from clarion_server.application.ports.channels import HandOffFailed
from clarion_server.application.profiles.profile_merge import MergeProfiles, ProfileMerger
from clarion_server.application.profiles.profiles import CreateProfile, ProfileFields, UpdateProfile
from clarion_server.application.resources import CreateResource, ResourceInput
from clarion_server.application.sending.local_dispatch import ClaimedMessage
from clarion_server.application.sending.outcomes import record_outcomes
from clarion_server.domain.campaign import (
    Action,
    ActionMode,
    InDoubtPolicy,
    QueueDisposal,
    UnknownRecipientPolicy,
)
from clarion_server.domain.category import Category
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent import ConsentChoice, ConsentScope
from clarion_server.domain.content.webhook import WebhookContent, WebhookProvider
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.exclusion import Exclusion, ExclusionPhase, ExclusionReason
from clarion_server.domain.frequency_cap import CalendarPeriod, FrequencyCap
from clarion_server.domain.instant import DAY, HOUR, MINUTE, SECOND, Instant
from clarion_server.domain.message import Lane, Message, MessageState
from clarion_server.domain.profile import Profile
from clarion_server.domain.retry import RetryPolicy
from clarion_server.domain.sending_policy import TimeZoneSource

from tests.cap_entries import counted
from tests.fakes import NEVER, UNKNOWN, ScriptedChannel
from tests.unit.application.consenting import Consents, a, make_topic
from tests.unit.application.running import CALLER, Process, claimed, messages, recipient, states, until
from tests.unit.application.sending_policies import NIGHT, POLICY, Policies, utc
from tests.unit.application.suppressing import suppress
from tests.unit.application.working import at_work, change_channel, only
from tests.unit.application.world import AUTHOR, EMAIL, World

QUEUED, SENT, EXCLUDED = MessageState.QUEUED, MessageState.SENT, MessageState.EXCLUDED
ACCEPT, HAND_OFF = ExclusionPhase.ACCEPT, ExclusionPhase.HAND_OFF
ONE_A_DAY = FrequencyCap(1, sliding=DAY)
NOON = utc("10T12:00")
End = Callable[[Process, Message], Awaitable[object]]


@pytest.fixture
async def policies(world: World) -> Policies:
    """Those of a sandbox whose default policy lets marketing leave at any time, once a day to each person."""
    made = Policies(world)
    await made.make(quiet_hours=(), caps=(ONE_A_DAY,))
    return made


@pytest.fixture
async def process(world: World, policies: Policies) -> AsyncIterator[Process]:
    """Of a world with live campaigns of both categories, and the policies. It is not started: tests claim."""
    assert await policies.page(None, 1, AUTHOR)
    world.clock.time = NOON
    await world.live("offers", category=Category.MARKETING)
    await world.live("reset")
    made = Process(world)
    yield made
    await made.close()


async def send(
    process: Process, to: str = "email:jane@example.com", campaign_id: str = "offers", **fields: object
) -> Message:
    """Triggers the campaign for somebody, and returns the message."""
    before = set(messages(process.world))
    await process.trigger(recipient(to), campaign_id=campaign_id, **fields)
    (name,) = set(messages(process.world)) - before
    return messages(process.world)[name]


async def is_capped(process: Process, to: str = "email:jane@example.com", **fields: object) -> bool:
    """Whether a further message is capped. If it is not, it is cancelled."""
    message = await send(process, to, **fields)  # type: ignore[arg-type] # fields of a command
    await process.cancelling.cancel_message(message.id, CALLER)
    return message.exclusion == capped(ACCEPT)


def capped(phase: ExclusionPhase, policy: str = "default") -> Exclusion:
    return Exclusion(ExclusionReason.CAPPED, phase, f"sendingPolicies/{policy}")


async def store(world: World, *identities: str, time_zone: str = "") -> Profile:
    return await world.profiles.create(CreateProfile(ProfileFields(identities, {}, "", time_zone)), AUTHOR)


def times(world: World) -> list[Instant]:
    """When each message counts that caps count."""
    return sorted(time for entries in counted(world.store).values() for time in entries.values())


async def test_a_message_without_room_is_excluded_with_the_policy_that_decided(process: Process) -> None:
    first = await send(process)
    assert (first.exclusion, times(process.world)) == (None, [NOON])
    second = await send(process)
    assert (second.state, second.exclusion, second.cap_person) == (EXCLUDED, capped(ACCEPT), None)
    assert times(process.world) == [NOON]
    process.world.clock.advance(DAY)
    assert (await send(process)).exclusion is None


async def test_several_messages_of_a_batch_see_what_is_reserved_for_those_before(process: Process) -> None:
    await process.trigger(
        recipient(), recipient("email:anna@example.com", address="Jane@Example.com"), campaign_id="offers"
    )
    assert [each.exclusion for each in messages(process.world).values()].count(None) == 1


async def test_transactional_messages_are_neither_capped_nor_counted(process: Process) -> None:
    await send(process, campaign_id="reset")
    assert not await is_capped(process)
    await send(process)
    assert (await send(process, campaign_id="reset")).exclusion is None


async def test_each_cap_names_its_own_categories(policies: Policies, process: Process) -> None:
    await policies.change(caps=(replace(ONE_A_DAY, categories=(Category.TRANSACTIONAL,)),))
    assert (await send(process, campaign_id="reset")).sending_policy == "default"
    assert (await send(process, campaign_id="reset")).exclusion == capped(ACCEPT)
    assert (await send(process)).exclusion is None


async def test_all_caps_must_have_room(policies: Policies, process: Process) -> None:
    await policies.change(caps=(FrequencyCap(5, sliding=DAY), FrequencyCap(1, sliding=HOUR)))
    await send(process)
    assert await is_capped(process)
    process.world.clock.advance(HOUR)
    assert not await is_capped(process)


async def test_messages_for_later_count_at_their_release(policies: Policies, process: Process) -> None:
    await policies.change(caps=(FrequencyCap(2, sliding=DAY),))
    for hours in (22, 32):
        await send(process, send_time=NOON + hours * HOUR)
    assert await is_capped(process, send_time=NOON + 27 * HOUR)
    assert not await is_capped(process)


async def test_a_message_that_waits_for_an_opening_counts_then(policies: Policies, process: Process) -> None:
    await policies.change(quiet_hours=(NIGHT,))
    process.world.clock.time = utc("10T21:30")
    await send(process)
    assert times(process.world) == [utc("11T06:00")]


async def cancel_message(process: Process, message: Message) -> None:
    await process.cancelling.cancel_message(message.id, CALLER)


async def cancel_execution(process: Process, message: Message) -> None:
    await process.cancelling.cancel_execution(message.execution_id, CALLER)


async def stop(process: Process, _message: Message) -> None:
    """Stops the campaign, after which claims cancel its messages."""
    await process.world.life_cycle.stop("offers", QueueDisposal.CANCEL, "", AUTHOR)
    await claimed(process.world, lane=Lane.MARKETING)


async def expire(process: Process, message: Message) -> None:
    process.world.clock.time = message.expire_time or 0
    await claimed(process.world, lane=Lane.MARKETING)


async def suppress_and_claim(process: Process, _message: Message) -> None:
    await suppress(process.world, "jane@example.com")
    await claimed(process.world, lane=Lane.MARKETING)


async def deny_and_claim(process: Process, _message: Message) -> None:
    await Consents(process.world).change(a(ConsentScope(), ConsentChoice.DENIED))
    await claimed(process.world, lane=Lane.MARKETING)


async def fail(process: Process, _message: Message) -> None:
    await attempt(process, NEVER)


#: Whatever ends a message without a hand-off.
ENDS = [cancel_message, cancel_execution, stop, expire, suppress_and_claim, deny_and_claim, fail]


async def attempt(process: Process, end: HandOffFailed | None) -> None:
    """Claims the message, and records that its attempt ended so."""
    (message,) = (await claimed(process.world, lane=Lane.MARKETING)).messages
    (channel,) = process.world.see(lambda unit: unit.channels.by_keys({1}))
    outcome = await process.ports.attempts.attempt(ClaimedMessage(message), ScriptedChannel(lambda _: end), channel)
    assert outcome is not None
    await process.transactions.write(lambda unit: record_outcomes(unit, [outcome], "first"))


@pytest.mark.parametrize("end", ENDS)
async def test_a_message_that_ends_without_a_hand_off_gives_its_room_back(process: Process, end: End) -> None:
    message = await send(process, expire_time=NOON + HOUR)
    assert times(process.world) == [NOON]
    await end(process, message)
    assert only(process.world).state not in (QUEUED, SENT)
    assert times(process.world) == []


@pytest.mark.parametrize("end", [None, UNKNOWN])
async def test_one_that_was_sent_or_is_in_doubt_keeps_it(world: World, process: Process, end: HandOffFailed) -> None:
    await world.live("parked", category=Category.MARKETING, in_doubt_policy=InDoubtPolicy.PARK)
    await send(process, campaign_id="parked")
    await attempt(process, end)
    assert only(world).state in (SENT, MessageState.IN_DOUBT)
    assert times(world) == [NOON]


async def test_one_that_an_earlier_attempt_may_have_sent_keeps_it_when_it_is_excluded(process: Process) -> None:
    await send(process)
    await attempt(process, UNKNOWN)
    await suppress(process.world, "jane@example.com")
    process.world.clock.advance(HOUR)
    await claimed(process.world, lane=Lane.MARKETING)
    assert only(process.world).state is MessageState.IN_DOUBT
    assert times(process.world) == [NOON]


async def test_what_is_only_validated_reserves_nothing(process: Process) -> None:
    await process.trigger(recipient(), campaign_id="offers", validate_only=True)
    assert counted(process.world.store) == {}
    await send(process)
    answer = await process.trigger(recipient(), campaign_id="offers", validate_only=True)
    assert answer.execution.exclusions == {(0, 0): ExclusionReason.CAPPED}


async def test_magic_recipients_use_up_nothing_and_one_is_capped(process: Process) -> None:
    for _ in range(2):
        assert (await send(process, "email:sent@clarion.test")).exclusion is None
    assert (await send(process, "email:capped@clarion.test")).exclusion == Exclusion(ExclusionReason.CAPPED, ACCEPT)
    assert counted(process.world.store) == {}


async def test_with_the_hand_off_a_message_counts_at_that_time(world: World, process: Process) -> None:
    await send(process)
    world.clock.advance(3 * HOUR)
    assert len((await claimed(world, lane=Lane.MARKETING)).messages) == 1
    assert times(world) == [NOON + 3 * HOUR]


async def test_a_message_without_room_at_its_hand_off_is_excluded(
    world: World, policies: Policies, process: Process
) -> None:
    await policies.change(caps=(FrequencyCap(1, sliding=6 * HOUR),))
    held = await send(process)
    world.clock.advance(9 * HOUR)
    other = await send(process)
    world.clock.advance(2 * HOUR)
    await claimed(world, lane=Lane.MARKETING)
    # The one that has waited longer is checked first, while the other one still counts at its release.
    assert messages(world)[held.id].exclusion == capped(HAND_OFF)
    assert messages(world)[other.id].state is MessageState.SENDING
    assert times(world) == [NOON + 11 * HOUR]


async def test_with_another_policy_a_campaign_is_neither_capped_nor_counted(
    world: World, policies: Policies, process: Process
) -> None:
    await policies.make("generous", quiet_hours=(), caps=(FrequencyCap(2, sliding=DAY),))
    await world.live("news", category=Category.MARKETING, sending_policy="generous")
    await send(process)
    assert (await send(process, campaign_id="news")).exclusion is None
    assert (await send(process, campaign_id="news")).exclusion is None
    assert (await send(process, campaign_id="news")).exclusion == capped(ACCEPT, "generous")


async def test_a_changed_window_asks_about_what_was_counted_before(policies: Policies, process: Process) -> None:
    await send(process)
    await policies.change(caps=(FrequencyCap(2, period=CalendarPeriod.DAY),))
    await send(process)
    assert await is_capped(process)


async def test_the_calendar_is_that_of_the_profile_as_it_is_then(
    world: World, policies: Policies, process: Process
) -> None:
    await policies.change(caps=(FrequencyCap(1, period=CalendarPeriod.DAY),))
    jane = await store(world, "email:jane@example.com", time_zone="Pacific/Auckland")
    world.clock.time = utc("10T11:30")
    await send(process)
    world.clock.time = utc("10T12:30")
    assert not await is_capped(process)
    fields = ProfileFields((), {}, "", "Pacific/Honolulu")
    await world.profiles.update(UpdateProfile(jane.id, fields, frozenset({"time_zone"})), AUTHOR)
    assert await is_capped(process)
    await policies.change(time_zone_source=TimeZoneSource.FIXED, time_zone="Pacific/Auckland")
    assert not await is_capped(process)


async def test_two_identities_of_a_profile_are_one_person(world: World, process: Process) -> None:
    await store(world, "email:jane@example.com", "email:jane@work.example")
    await process.trigger(recipient(), recipient("email:jane@work.example"), campaign_id="offers")
    assert [each.exclusion for each in messages(world).values()].count(None) == 1


async def test_whoever_has_the_address_of_a_recipient_is_the_person(world: World, process: Process) -> None:
    await store(world, "email:jane@example.com")
    await send(process)
    await process.trigger(recipient("email:anna@example.com", address="jane@example.com"), campaign_id="offers")
    assert [each.exclusion for each in messages(world).values()].count(None) == 1


@pytest.mark.parametrize("by_trigger", [True, False])
async def test_what_was_counted_for_an_address_counts_for_the_profile_that_it_gets(
    world: World, process: Process, *, by_trigger: bool
) -> None:
    first = await send(process, send_time=NOON + HOUR)
    if by_trigger:
        policy = UnknownRecipientPolicy.CREATE
        await world.live("welcome", category=Category.MARKETING, unknown_recipient_policy=policy)
        assert await is_capped(process, campaign_id="welcome")
    else:
        await store(world, "email:jane@example.com")
    assert await is_capped(process)
    await process.cancelling.cancel_message(first.id, CALLER)
    assert times(world) == []


async def test_merged_profiles_are_one_person(world: World, policies: Policies, process: Process) -> None:
    await policies.change(caps=(FrequencyCap(2, sliding=DAY),))
    jane, other = await store(world, "email:jane@example.com"), await store(world, "email:jane@work.example")
    first = await send(process, "email:jane@work.example", send_time=NOON + HOUR)
    await send(process)
    await ProfileMerger(world.transactions, world.clock).merge(MergeProfiles(jane.id, other.id), CALLER)
    assert await is_capped(process)
    await process.cancelling.cancel_message(first.id, CALLER)
    assert not await is_capped(process)


async def test_a_deleted_profile_leaves_nothing_that_counts(world: World, process: Process) -> None:
    await send(process)
    jane = await store(world, "email:jane@example.com")
    await is_capped(process)
    await world.erasures.erase(EraseProfile(jane.id), AUTHOR)
    assert counted(world.store) == {}


async def test_a_cap_counts_one_topic_or_tag(world: World, policies: Policies, process: Process) -> None:
    await make_topic(world)
    await world.live("news", category=Category.MARKETING, topic="news")
    await world.live("sale", category=Category.MARKETING, tags=("Sale",))
    await policies.change(caps=(replace(ONE_A_DAY, topic="news"), replace(ONE_A_DAY, tag="Sale")))
    for campaign_id in ("news", "sale", "offers"):
        assert (await send(process, campaign_id=campaign_id)).exclusion is None
    assert [await is_capped(process, campaign_id=each) for each in ("news", "sale", "offers")] == [True, True, False]


async def test_a_changed_tag_decides_about_further_messages_and_not_about_what_is_counted(
    world: World, policies: Policies, process: Process
) -> None:
    await world.live("sale", category=Category.MARKETING, tags=("Sale",))
    await policies.change(caps=(replace(ONE_A_DAY, tag="sale"),))
    await send(process, campaign_id="sale")
    await world.update("sale", tags=("winter",))
    assert (await send(process, campaign_id="sale")).exclusion is None
    await world.update("sale", tags=("SALE",))
    assert await is_capped(process, campaign_id="sale")


async def test_a_cap_about_a_missing_topic_is_refused_unless_it_is_only_validated(policies: Policies) -> None:
    caps = (ONE_A_DAY, replace(ONE_A_DAY, topic="news"))
    sent = ResourceInput(replace(POLICY, caps=caps))
    assert (await policies.create(CreateResource("other", sent, validate_only=True), AUTHOR)).caps == caps
    for attempted in (
        policies.change(caps=caps),
        policies.create(CreateResource("other", ResourceInput(replace(POLICY, caps=caps))), AUTHOR),
    ):
        with pytest.raises(InvalidFields) as refused:
            await attempted
        (violation,) = refused.value.violations
        assert (await policies.get("default", AUTHOR)).caps == (ONE_A_DAY,)
        assert (violation.field, violation.reason) == ("sending_policy.caps[1].topic", "UNKNOWN_VALUE")


async def test_a_capped_action_gives_way_to_the_next_one(world: World, policies: Policies, process: Process) -> None:
    await world.channel("hook", provider=WebhookProvider("https://shop.example/hook"))
    actions = (Action("email", "orders", EMAIL), Action("hook", "hook", WebhookContent("{}")))
    await world.live("both", category=Category.MARKETING, actions=actions, action_mode=ActionMode.FIRST_DELIVERABLE)
    await policies.change(caps=(replace(ONE_A_DAY, channels=(Channel.EMAIL,)),))
    first = await send(process)
    await process.trigger(recipient(), campaign_id="both")
    found = {each.action: each.exclusion for name, each in messages(world).items() if name != first.id}
    assert found == {"email": capped(ACCEPT), "hook": None}


async def test_a_message_that_follows_a_failed_one_counts_when_it_starts(world: World, process: Process) -> None:
    actions = (Action("first", "orders", EMAIL), Action("second", "orders", EMAIL))
    await world.live("both", category=Category.MARKETING, actions=actions, action_mode=ActionMode.FIRST_DELIVERABLE)
    await send(process, campaign_id="both")
    (message,) = (await claimed(world, lane=Lane.MARKETING)).messages
    (channel,) = world.see(lambda unit: unit.channels.by_keys({1}))
    outcome = await process.ports.attempts.attempt(ClaimedMessage(message), ScriptedChannel(lambda _: NEVER), channel)
    assert outcome is not None
    await process.transactions.write(lambda unit: record_outcomes(unit, [outcome], "first"))
    assert times(world) == []
    world.clock.advance(MINUTE)
    (follower,) = (await claimed(world, lane=Lane.MARKETING)).messages
    assert (follower.action, follower.cap_person) == ("second", messages(world)[follower.id].cap_person)
    assert times(world) == [NOON + MINUTE]


async def test_a_message_counts_again_at_each_attempt(world: World, process: Process) -> None:
    await send(process)
    await attempt(process, UNKNOWN)
    world.clock.advance(HOUR)
    await claimed(world, lane=Lane.MARKETING)
    assert times(world) == [NOON + HOUR]


@pytest.mark.usefixtures("policies")
async def test_a_message_that_waits_in_hand_counts_when_it_leaves(world: World) -> None:
    world.clock.time = NOON
    await world.channel(max_concurrency=1)
    await world.live("offers", category=Category.MARKETING)
    async with at_work(Process(world)) as process:
        await process.trigger(recipient("email:warm@example.com"), campaign_id="offers")
        await until(lambda: process.is_idle)
        gate = process.provider.channels[0].gate
        gate.clear()
        await process.trigger(recipient("email:a@example.com"), recipient(), campaign_id="offers")
        await until(lambda: len(process.provider.begun) == 2)
        world.clock.advance(40 * SECOND)
        gate.set()
        await until(lambda: states(world) == [SENT] * 3)
    assert times(world) == [NOON, NOON, NOON + 40 * SECOND]


@pytest.mark.usefixtures("policies")
async def test_an_opt_out_while_a_message_waits_in_hand_gives_its_room_back(world: World) -> None:
    world.clock.time = NOON
    await world.channel(max_concurrency=1)
    await world.live("offers", category=Category.MARKETING)
    async with at_work(Process(world)) as process:
        await process.trigger(recipient("email:warm@example.com"), campaign_id="offers")
        await until(lambda: process.is_idle)
        gate = process.provider.channels[0].gate
        gate.clear()
        await process.trigger(recipient("email:a@example.com"), recipient(), campaign_id="offers")
        await until(lambda: len(process.provider.begun) == 2)
        await Consents(world).change(a(ConsentScope(), ConsentChoice.DENIED))
        world.clock.advance(3 * SECOND)
        gate.set()
        await until(lambda: sorted(states(world)) == [EXCLUDED, SENT, SENT])
    (excluded,) = messages(world, EXCLUDED).values()
    assert excluded.exclusion is not None
    assert (excluded.exclusion.reason, excluded.exclusion.phase) == (ExclusionReason.NO_CONSENT, HAND_OFF)
    assert times(world) == [NOON, NOON]


@pytest.mark.usefixtures("policies")
async def test_messages_that_are_sent_at_once_count_once(world: World) -> None:
    await world.live("offers", category=Category.MARKETING)
    async with at_work(Process(world)) as process:
        for _ in range(2):
            await process.trigger(campaign_id="offers")
        await until(lambda: sorted(states(world)) == [EXCLUDED, SENT])
        await change_channel(world, process, retry_policy=RetryPolicy(MINUTE, MINUTE, MINUTE))
        process.provider.end = lambda _: NEVER
        await process.trigger(recipient("email:anna@example.com"), campaign_id="offers")
        await until(lambda: MessageState.FAILED in states(world))
    assert len(times(world)) == 1


async def test_what_can_count_no_more_is_purged(world: World, process: Process) -> None:
    await send(process)
    await send(process, "email:anna@example.com", send_time=NOON + 3 * DAY)
    await process.heartbeat.beat()
    for advanced, left in ((DAY, 2), (1, 1)):
        world.clock.advance(advanced)
        name = process.lease.process_id
        await Housekeeper(process.transactions, world.clock, name, Retention(), world.sweeper).run_once()
        assert len(counted(world.store)) == left


async def test_a_sandbox_whose_policies_have_no_caps_counts_nothing(policies: Policies, process: Process) -> None:
    await policies.change(caps=())
    message = await send(process)
    assert (message.sending_policy, message.cap_person) == ("default", None)
    assert counted(process.world.store) == {}
