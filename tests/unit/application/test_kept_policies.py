"""Messages keep the time zone by whose clock their sending policy decided, and where it came from."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from clarion_server.application.profiles.profiles import CreateProfile, ProfileFields, UpdateProfile
from clarion_server.domain.category import Category
from clarion_server.domain.instant import DAY
from clarion_server.domain.messages.exclusion import ExclusionReason
from clarion_server.domain.messages.kept_policy import KeptPolicy
from clarion_server.domain.messages.message import Lane, Message
from clarion_server.domain.people.profile import Profile
from clarion_server.domain.sending_policies.frequency_cap import CalendarPeriod, FrequencyCap
from clarion_server.domain.sending_policies.sending_policy import TimeZoneSource, WhenClosed
from clarion_server.domain.sourced_value import SourcedValue, ValueSource

from tests.unit.application.running import Process, claimed, messages, recipient
from tests.unit.application.sending_policies import Policies, utc
from tests.unit.application.suppressing import suppress
from tests.unit.application.world import AUTHOR, World

#: 12:00 in Berlin, and 23:30.
NOON, NIGHT = utc("10T10:00"), utc("10T21:30")
BERLIN = KeptPolicy("default", SourcedValue("Europe/Berlin", ValueSource.POLICY))
TOKYO = KeptPolicy("default", SourcedValue("Asia/Tokyo", ValueSource.PROFILE))
NO_CLOCK = KeptPolicy("default")
SLIDING, CALENDAR = FrequencyCap(1, sliding=DAY), FrequencyCap(1, period=CalendarPeriod.DAY)


@pytest.fixture
async def process(world: World) -> AsyncIterator[Process]:
    """Belongs to a world with the live marketing campaign `offers`, at noon in Berlin. It is not started."""
    world.clock.time = NOON
    await world.live("offers", category=Category.MARKETING)
    made = Process(world)
    yield made
    await made.close()


async def send(process: Process, to: str = "email:jane@example.com") -> Message:
    before = set(messages(process.world))
    await process.trigger(recipient(to), campaign_id="offers")
    (name,) = set(messages(process.world)) - before
    return messages(process.world)[name]


async def store_jane(world: World, time_zone: str) -> Profile:
    fields = ProfileFields(("email:jane@example.com",), {}, "", time_zone)
    return await world.profiles.create(CreateProfile(fields), AUTHOR)


async def move_jane(world: World, jane: Profile, time_zone: str) -> None:
    fields = ProfileFields((), {}, "", time_zone)
    await world.profiles.update(UpdateProfile(jane.id, fields, frozenset({"time_zone"})), AUTHOR)


async def test_the_zone_of_the_profile_is_kept_and_else_that_of_the_policy(
    world: World, policies: Policies, process: Process
) -> None:
    await policies.make()
    await store_jane(world, "Asia/Tokyo")
    assert (await send(process)).sending_policy == TOKYO
    assert (await send(process, "email:anna@example.com")).sending_policy == BERLIN


async def test_a_fixed_zone_is_kept_as_the_policys(world: World, policies: Policies, process: Process) -> None:
    await policies.make(time_zone_source=TimeZoneSource.FIXED)
    await store_jane(world, "Asia/Tokyo")
    assert (await send(process)).sending_policy == BERLIN


async def test_calendar_caps_ask_for_a_clock_and_sliding_ones_do_not(
    world: World, policies: Policies, process: Process
) -> None:
    await policies.make(quiet_hours=(), caps=(SLIDING,))
    await store_jane(world, "Asia/Tokyo")
    assert (await send(process)).sending_policy == NO_CLOCK
    await policies.change(caps=(CALENDAR,))
    capped = await send(process)
    assert capped.end.exclusion is not None
    assert (capped.end.exclusion.reason, capped.sending_policy) == (ExclusionReason.CAPPED, TOKYO)


async def test_a_cap_of_other_messages_asks_for_no_clock(world: World, policies: Policies, process: Process) -> None:
    other = FrequencyCap(1, period=CalendarPeriod.DAY, categories=(Category.TRANSACTIONAL,))
    await policies.make(quiet_hours=(), caps=(SLIDING, other))
    await store_jane(world, "Asia/Tokyo")
    assert (await send(process)).sending_policy == NO_CLOCK


async def test_a_message_that_another_reason_excludes_keeps_no_zone(
    world: World, policies: Policies, process: Process
) -> None:
    await policies.make(when_closed=WhenClosed.EXCLUDE)
    world.clock.time = NIGHT
    assert (await send(process)).sending_policy == BERLIN
    await suppress(world)
    message = await send(process)
    assert message.end.exclusion is not None
    assert (message.end.exclusion.reason, message.sending_policy) == (ExclusionReason.SUPPRESSED, NO_CLOCK)


@pytest.mark.parametrize("name", ["sent", "quiet", "capped"])
async def test_no_clock_is_asked_for_magic_recipients(policies: Policies, process: Process, name: str) -> None:
    await policies.make()
    assert (await send(process, f"email:{name}@clarion.test")).sending_policy == NO_CLOCK


async def test_a_claim_keeps_the_zone_in_which_the_message_leaves(
    world: World, policies: Policies, process: Process
) -> None:
    await policies.make(caps=(CALENDAR,))
    jane = await store_jane(world, "")
    message = await send(process)
    assert message.sending_policy == BERLIN
    await move_jane(world, jane, "Asia/Tokyo")
    assert len((await claimed(world, lane=Lane.MARKETING)).messages) == 1
    assert messages(world)[message.id].sending_policy == TOKYO


async def test_a_claim_keeps_the_zone_in_which_it_excludes(world: World, policies: Policies, process: Process) -> None:
    await policies.make(when_closed=WhenClosed.EXCLUDE)
    jane = await store_jane(world, "")
    message = await send(process)
    await move_jane(world, jane, "Asia/Tokyo")
    world.clock.time = utc("10T15:00")
    assert (await claimed(world, lane=Lane.MARKETING)).messages == []
    excluded = messages(world)[message.id]
    assert excluded.end.exclusion is not None
    assert (excluded.end.exclusion.reason, excluded.sending_policy) == (ExclusionReason.QUIET_HOURS, TOKYO)


async def test_a_claim_that_excludes_for_another_reason_leaves_the_zone_that_was_kept(
    world: World, policies: Policies, process: Process
) -> None:
    await policies.make()
    jane = await store_jane(world, "")
    message = await send(process)
    await move_jane(world, jane, "Asia/Tokyo")
    await suppress(world)
    assert (await claimed(world, lane=Lane.MARKETING)).messages == []
    assert messages(world)[message.id].sending_policy == BERLIN


async def test_people_of_several_zones_keep_each_their_own(world: World, policies: Policies, process: Process) -> None:
    await policies.make()
    for number, zone in enumerate(("Asia/Tokyo", "Europe/Berlin", "", "Asia/Tokyo")):
        fields = ProfileFields((f"email:p{number}@example.com",), {}, "", zone)
        await world.profiles.create(CreateProfile(fields), AUTHOR)
    to = [recipient(f"email:p{number}@example.com") for number in range(4)]
    await process.trigger(*to, campaign_id="offers")
    kept = [each.sending_policy for _, each in sorted(messages(world).items())]
    in_berlin = KeptPolicy("default", SourcedValue("Europe/Berlin", ValueSource.PROFILE))
    assert kept == [TOKYO, in_berlin, BERLIN, TOKYO]
