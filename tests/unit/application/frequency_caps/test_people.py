"""Frequency caps count people, whatever their identities, and what messages are about."""

from __future__ import annotations

from dataclasses import replace

import pytest
from clarion_server.application.erasure.beginning import EraseProfile
from clarion_server.application.profiles.profile_merge import MergeProfiles, ProfileMerger
from clarion_server.application.profiles.profiles import CreateProfile, ProfileFields, UpdateProfile
from clarion_server.domain.campaigns.campaign_definition import Action, UnknownRecipientPolicy
from clarion_server.domain.category import Category
from clarion_server.domain.content.webhook import WebhookContent, WebhookProvider
from clarion_server.domain.instant import DAY, HOUR
from clarion_server.domain.messages.message import Lane
from clarion_server.domain.people.cap_person import profile_person
from clarion_server.domain.people.profile import Profile
from clarion_server.domain.sending_policies.frequency_cap import CalendarPeriod, FrequencyCap
from clarion_server.domain.sending_policies.sending_policy import TimeZoneSource

from tests.cap_entries import counted
from tests.fakes import NEVER
from tests.unit.application.consenting import make_topic
from tests.unit.application.erasing import sweep
from tests.unit.application.frequency_caps.capping import (
    HAND_OFF,
    NOON,
    ONE_A_DAY,
    attempt,
    capped,
    is_capped,
    send,
    times,
)
from tests.unit.application.running import CALLER, Process, claimed, messages, recipient
from tests.unit.application.sending_policies import Policies, utc
from tests.unit.application.world import AUTHOR, World


async def purge(world: World) -> None:
    """Deletes what can count no more."""
    await world.transactions.write(lambda unit: unit.caps.purge(world.clock.now(), "", 100))


async def store(world: World, *identities: str, time_zone: str = "") -> Profile:
    return await world.profiles.create(CreateProfile(ProfileFields(identities, {}, "", time_zone)), AUTHOR)


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
    assert [each.end.exclusion for each in messages(world).values()].count(None) == 1


async def test_whoever_has_the_address_of_a_recipient_is_the_person(world: World, process: Process) -> None:
    await store(world, "email:jane@example.com")
    await send(process)
    await process.trigger(recipient("email:anna@example.com", address="jane@example.com"), campaign_id="offers")
    assert [each.end.exclusion for each in messages(world).values()].count(None) == 1


async def test_on_a_channel_without_addresses_the_forms_of_an_identity_are_one_person(
    world: World, process: Process
) -> None:
    await world.channel("hook", provider=WebhookProvider("https://shop.example/hook"))
    actions = (Action("hook", "hook", WebhookContent("{}")),)
    await world.live("calls", category=Category.MARKETING, actions=actions, identity_namespace="phone")
    await send(process, "phone:+447911123456", campaign_id="calls")
    assert await is_capped(process, "phone:+44 7911 123456", campaign_id="calls")


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


@pytest.mark.parametrize(
    ("campaign_id", "lane", "source"),
    [
        ("offers", Lane.MARKETING, TimeZoneSource.PROFILE),
        # Neither choices nor a clock ask who somebody is.
        ("reset", Lane.TRANSACTIONAL, TimeZoneSource.FIXED),
    ],
)
async def test_a_waiting_message_to_an_address_counts_for_the_profile_that_got_it_meanwhile(
    world: World, policies: Policies, process: Process, campaign_id: str, lane: Lane, source: TimeZoneSource
) -> None:
    await policies.change(time_zone_source=source, caps=(replace(ONE_A_DAY, categories=tuple(Category)),))
    waiting = await send(process, campaign_id=campaign_id, send_time=NOON + HOUR)
    jane = await store(world, "email:jane@work.example")
    await send(process, "email:jane@work.example", campaign_id)
    assert len((await claimed(world, lane=lane)).messages) == 1
    fields = ProfileFields(("email:jane@work.example", "email:jane@example.com"), {}, "", "")
    await world.profiles.update(UpdateProfile(jane.id, fields, frozenset({"identities"})), AUTHOR)
    world.clock.advance(HOUR)
    assert not (await claimed(world, lane=lane)).messages
    assert messages(world)[waiting.id].end.exclusion == capped(HAND_OFF)
    assert times(world) == [NOON]


async def test_a_message_from_before_the_cap_gives_back_its_room(
    world: World, policies: Policies, process: Process
) -> None:
    await policies.change(caps=())
    await send(process, send_time=NOON + HOUR)
    await policies.change(caps=(ONE_A_DAY,))
    jane = await store(world, "email:jane@example.com")
    world.clock.advance(HOUR)
    await attempt(process, NEVER)
    assert [each.cap_person for each in messages(world).values()] == [profile_person(jane.key)]
    assert times(world) == []


async def test_a_message_that_has_waited_longer_than_the_window_counts_for_the_profile_that_absorbed_its_own(
    world: World, process: Process
) -> None:
    jane, anna = await store(world, "email:jane@example.com"), await store(world, "email:anna@example.com")
    waiting = await send(process, "email:anna@example.com")
    world.clock.advance(2 * DAY)
    await purge(world)
    await send(process)
    await ProfileMerger(world.transactions, world.clock).merge(MergeProfiles(jane.id, anna.id), CALLER)
    assert [each.cap_person for each in messages(world).values()] == [profile_person(jane.key)] * 2
    assert len((await claimed(world, lane=Lane.MARKETING)).messages) == 1
    assert messages(world)[waiting.id].end.exclusion == capped(HAND_OFF)


async def test_what_is_counted_for_the_owner_of_an_address_outlives_whoever_was_written_to_there(
    world: World, process: Process
) -> None:
    await store(world, "email:jane@example.com")
    await process.trigger(recipient("email:anna@example.com", address="jane@example.com"), campaign_id="offers")
    await attempt(process, None)
    await world.erasures.erase(EraseProfile(identity="email:anna@example.com"), AUTHOR)
    await sweep(world)
    assert await is_capped(process)


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
        assert (await send(process, campaign_id=campaign_id)).end.exclusion is None
    assert [await is_capped(process, campaign_id=each) for each in ("news", "sale", "offers")] == [True, True, False]


async def test_a_changed_tag_decides_about_further_messages_and_not_about_what_is_counted(
    world: World, policies: Policies, process: Process
) -> None:
    await world.live("sale", category=Category.MARKETING, tags=("Sale",))
    await policies.change(caps=(replace(ONE_A_DAY, tag="sale"),))
    await send(process, campaign_id="sale")
    await world.update("sale", tags=("winter",))
    assert (await send(process, campaign_id="sale")).end.exclusion is None
    await world.update("sale", tags=("SALE",))
    assert await is_capped(process, campaign_id="sale")
