"""Frequency caps: a message counts when it leaves, however it comes to that."""

from __future__ import annotations

from dataclasses import replace

import pytest
from clarion_server.application.profiles.profile_merge import MergeProfiles, ProfileMerger
from clarion_server.application.profiles.profiles import CreateProfile, ProfileFields
from clarion_server.application.sending.dispatch import ClaimedMessage
from clarion_server.application.sending.hand_off_checks import HandOffChecks
from clarion_server.application.sending.outcomes import record_outcomes
from clarion_server.domain.campaigns.campaign_definition import Action, ActionMode
from clarion_server.domain.category import Category
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.channels.retry import RetryPolicy
from clarion_server.domain.consent.consent import ConsentChoice, ConsentScope
from clarion_server.domain.content.webhook import WebhookContent, WebhookProvider
from clarion_server.domain.instant import DAY, HOUR, MINUTE, SECOND
from clarion_server.domain.messages.exclusion import ExclusionReason
from clarion_server.domain.messages.message import Lane, MessageState
from clarion_server.domain.people.cap_person import profile_person
from clarion_server.domain.sending_policies.frequency_cap import FrequencyCap

from tests.cap_entries import counted
from tests.fakes import NEVER, UNKNOWN, ScriptedChannel
from tests.identities import EXCLUSIONS
from tests.unit.application.consenting import Consents, a, make_topic
from tests.unit.application.frequency_caps.capping import (
    ACCEPT,
    EXCLUDED,
    HAND_OFF,
    NOON,
    ONE_A_DAY,
    SENT,
    attempt,
    capped,
    send,
    times,
)
from tests.unit.application.running import CALLER, Process, claimed, messages, recipient, states, until
from tests.unit.application.sending_policies import Policies
from tests.unit.application.working import at_work, change_channel
from tests.unit.application.world import AUTHOR, EMAIL, World


async def test_with_the_hand_off_a_message_counts_at_that_time(world: World, process: Process) -> None:
    await send(process)
    world.clock.advance(3 * HOUR)
    assert len((await claimed(world, lane=Lane.MARKETING)).messages) == 1
    assert times(world) == [NOON + 3 * HOUR]


async def test_messages_of_several_people_in_one_claim_count_at_that_time(world: World, process: Process) -> None:
    await process.trigger(recipient(), recipient("email:anna@example.com"), campaign_id="offers")
    world.clock.advance(3 * HOUR)
    assert len((await claimed(world, lane=Lane.MARKETING)).messages) == 2
    assert times(world) == [NOON + 3 * HOUR] * 2


async def test_a_message_counts_once_after_its_hand_off_though_a_cap_has_room_for_more(
    world: World, policies: Policies, process: Process
) -> None:
    await policies.change(caps=(FrequencyCap(9, sliding=DAY),))
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
    assert messages(world)[held.id].end.exclusion == capped(HAND_OFF)
    assert messages(world)[other.id].state is MessageState.SENDING
    assert times(world) == [NOON + 11 * HOUR]


async def jane_and_anna(world: World) -> MergeProfiles:
    """Returns how their profiles, which are new, are merged."""
    fields = [ProfileFields((f"email:{name}@example.com",), {}, "", "") for name in ("jane", "anna")]
    jane, anna = [await world.profiles.create(CreateProfile(each), AUTHOR) for each in fields]
    return MergeProfiles(jane.id, anna.id)


async def test_two_messages_of_a_merged_person_do_not_exclude_each_other(world: World, process: Process) -> None:
    both = await jane_and_anna(world)
    await process.trigger(recipient(), recipient("email:anna@example.com"), campaign_id="offers")
    await ProfileMerger(world.transactions, world.clock).merge(both, CALLER)
    world.clock.advance(HOUR)
    assert len((await claimed(world, lane=Lane.MARKETING)).messages) == 1
    assert [message.end.exclusion for message in messages(world, EXCLUDED).values()] == [capped(HAND_OFF)]
    assert times(world) == [NOON + HOUR]


async def test_what_an_earlier_attempt_may_have_sent_leaves_its_room_to_nobody(world: World, process: Process) -> None:
    both = await jane_and_anna(world)
    await send(process)
    await attempt(process, UNKNOWN)
    await send(process, "email:anna@example.com", send_time=NOON + HOUR)
    await ProfileMerger(world.transactions, world.clock).merge(both, CALLER)
    world.clock.advance(2 * HOUR)
    assert not (await claimed(world, lane=Lane.MARKETING)).messages
    assert sorted(states(world)) == [EXCLUDED, MessageState.IN_DOUBT]
    assert times(world) == [NOON]


async def test_a_message_in_hand_counts_until_its_exclusion_is_recorded(world: World, process: Process) -> None:
    both = await jane_and_anna(world)
    await send(process)
    (message,) = (await claimed(world, lane=Lane.MARKETING)).messages
    await send(process, "email:anna@example.com")
    await ProfileMerger(world.transactions, world.clock).merge(both, CALLER)
    verdict = await HandOffChecks(process.transactions, EXCLUSIONS).repeat(message, NOON + HOUR)
    assert verdict.exclusions == {message.id: capped(HAND_OFF)}
    assert times(world) == [NOON, NOON]


async def test_a_message_has_the_room_of_one_that_is_excluded_beside_it(
    world: World, policies: Policies, process: Process
) -> None:
    await make_topic(world)
    await world.live("news", category=Category.MARKETING, topic="news")
    await policies.change(caps=(FrequencyCap(1, sliding=6 * HOUR),))
    held = await send(process)
    world.clock.advance(9 * HOUR)
    left = await send(process, campaign_id="news")
    await Consents(world).change(a(ConsentScope(topic="news"), ConsentChoice.DENIED))
    world.clock.advance(HOUR)
    (message,) = (await claimed(world, lane=Lane.MARKETING)).messages
    assert message.id == held.id
    assert messages(world)[left.id].state is EXCLUDED
    assert times(world) == [NOON + 10 * HOUR]


async def test_a_capped_action_gives_way_to_the_next_one(world: World, policies: Policies, process: Process) -> None:
    await world.channel("hook", provider=WebhookProvider("https://shop.example/hook"))
    actions = (Action("email", "orders", EMAIL), Action("hook", "hook", WebhookContent("{}")))
    await world.live("both", category=Category.MARKETING, actions=actions, action_mode=ActionMode.FIRST_DELIVERABLE)
    await policies.change(caps=(replace(ONE_A_DAY, channels=(Channel.EMAIL,)),))
    first = await send(process)
    await process.trigger(recipient(), campaign_id="both")
    found = {each.action.id: each.end.exclusion for name, each in messages(world).items() if name != first.id}
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
    assert (follower.action.id, follower.cap_person) == ("second", messages(world)[follower.id].cap_person)
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
async def test_a_message_in_hand_counts_for_the_profile_that_absorbs_its_own(world: World) -> None:
    world.clock.time = NOON
    await world.channel(max_concurrency=1)
    await world.live("offers", category=Category.MARKETING)
    fields = [ProfileFields((f"email:{name}@example.com",), {}, "", "") for name in ("jane", "anna")]
    absorbed, survivor = [await world.profiles.create(CreateProfile(each), AUTHOR) for each in fields]
    async with at_work(Process(world)) as process:
        await process.trigger(recipient("email:warm@example.com"), campaign_id="offers")
        await until(lambda: process.is_idle)
        gate = process.provider.channels[0].gate
        gate.clear()
        await process.trigger(recipient("email:a@example.com"), recipient(), campaign_id="offers")
        await until(lambda: len(process.provider.begun) == 2)
        await ProfileMerger(world.transactions, world.clock).merge(MergeProfiles(survivor.id, absorbed.id), CALLER)
        world.clock.advance(40 * SECOND)
        gate.set()
        await until(lambda: states(world) == [SENT] * 3)
    of_persons = {row.person: list(entries.values()) for row, entries in counted(world.store).items()}
    assert profile_person(absorbed.key) not in of_persons
    assert of_persons[profile_person(survivor.key)] == [NOON + 40 * SECOND]


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
    assert excluded.end.exclusion is not None
    assert (excluded.end.exclusion.reason, excluded.end.exclusion.phase) == (ExclusionReason.NO_CONSENT, HAND_OFF)
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
