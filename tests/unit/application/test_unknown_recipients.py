"""Tests what a trigger makes of recipients whom no stored profile has."""

from __future__ import annotations

import asyncio

import pytest
from clarion_server.application.erasure.beginning import EraseProfile
from clarion_server.domain.campaigns.campaign_definition import UnknownRecipientPolicy
from clarion_server.domain.errors import InvalidFields, RequestIdReused
from clarion_server.domain.messages.message import MessageState

from tests.unit.application.recipients_with_profiles import (
    EVERYBODY,
    GREETING_ACTION,
    JANE,
    only_message,
    profile_of,
    profiles,
    refusals,
    stored,
    trigger,
)
from tests.unit.application.running import Process, executions, messages, recipient, until
from tests.unit.application.world import World

CREATE, REJECT = UnknownRecipientPolicy.CREATE, UnknownRecipientPolicy.REJECT


async def test_by_default_nothing_is_stored_about_an_unknown_recipient(world: World, process: Process) -> None:
    await process.trigger(recipient(profile={"plan": "gold"}))
    assert await profiles(world) == []


async def test_a_profile_is_made_of_what_the_call_says(world: World, process: Process) -> None:
    await world.live("welcome", unknown_recipient_policy=CREATE)
    await trigger(process, recipient("email:Jane@example.com", profile={"plan": "gold", "city": None}, locale="de"))
    (made,) = await profiles(world)
    assert list(map(str, made.identities)) == ["email:Jane@example.com"]
    assert (made.attributes, made.locale, made.create_time) == ({"plan": "gold"}, "de", world.clock.now())
    assert await world.profiles.lookup(JANE, EVERYBODY) == made


async def test_a_message_keeps_the_key_of_its_recipients_profile(world: World, process: Process) -> None:
    await world.live("welcome", unknown_recipient_policy=CREATE)
    known = await stored(world, JANE)
    await trigger(process, recipient("email:joe@example.com"), recipient("email:JANE@example.com"))
    (made,) = [profile for profile in await profiles(world) if profile.id != known.id]
    keys = {message.identity: message.profile_key for message in messages(world).values()}
    assert keys == {"email:JANE@example.com": known.key, "email:joe@example.com": made.key}


async def test_a_message_to_somebody_unknown_has_no_profile(world: World, process: Process) -> None:
    await world.live("welcome")
    await stored(world, JANE)
    await trigger(process, recipient("email:joe@example.com"))
    assert only_message(world).profile_key is None


async def test_a_trigger_never_changes_a_profile_that_exists(world: World, process: Process) -> None:
    await world.live("welcome", unknown_recipient_policy=CREATE, actions=(GREETING_ACTION,))
    before = await stored(world, JANE, attributes={"plan": "free"})
    await trigger(process, recipient(profile={"plan": "gold"}, locale="fr"))
    assert profile_of(only_message(world)) == {"plan": "gold"}
    assert await profiles(world) == [before]


async def test_triggers_for_one_stranger_in_one_commit_make_one_profile(world: World, process: Process) -> None:
    await world.live("welcome", unknown_recipient_policy=CREATE)
    written = ["email:jane@example.com", "email:Jane@example.com", "email:JANE@EXAMPLE.COM"]
    await asyncio.gather(*(trigger(process, recipient(each)) for each in written))
    assert len(await profiles(world)) == 1
    assert len(messages(world)) == 3


async def test_of_attributes_that_cannot_be_stored_no_profile_is_made(world: World, process: Process) -> None:
    await world.live("welcome", unknown_recipient_policy=CREATE)
    assert await refusals(process, recipient(profile={"first name": "Jane"})) == [
        ("recipients[0].profile.first name", "MALFORMED")
    ]
    assert await profiles(world) == []


async def test_neither_validating_nor_repeating_nor_reusing_a_request_makes_a_profile(
    world: World, process: Process
) -> None:
    await world.live("welcome", unknown_recipient_policy=CREATE)
    await trigger(process, validate_only=True)
    assert await profiles(world) == []
    await trigger(process, request_id="1")
    (made,) = await profiles(world)
    await world.erasures.erase(EraseProfile(made.id), EVERYBODY)
    assert (await trigger(process, request_id="1")).replayed
    with pytest.raises(RequestIdReused):
        await trigger(process, recipient("email:joe@example.com"), request_id="1")
    assert await profiles(world) == []


async def test_of_two_requests_under_one_id_in_one_commit_the_first_makes_its_profile(
    world: World, process: Process
) -> None:
    await world.live("welcome", unknown_recipient_policy=CREATE)
    await trigger(process, recipient("email:sent@clarion.test"))
    jane, joe = recipient(JANE), recipient("email:joe@example.com")
    answers = await asyncio.gather(
        trigger(process, jane, request_id="1"), trigger(process, joe, request_id="1"), return_exceptions=True
    )
    assert isinstance(answers[1], RequestIdReused)
    assert [list(map(str, each.identities)) for each in await profiles(world)] == [[JANE]]


#: Is somebody without a profile to whom no mail can be sent, and somebody to whom one can.
NOWHERE = recipient("phone:+4930123456")
SOMEWHERE = recipient("phone:+4930123457", address="joe@example.com")


async def identities_of_profiles(world: World) -> list[list[str]]:
    return [list(map(str, each.identities)) for each in await profiles(world)]


async def test_a_refused_call_makes_no_profile(world: World, process: Process) -> None:
    await world.live("welcome", unknown_recipient_policy=CREATE, identity_namespace="phone")
    assert await refusals(process, SOMEWHERE, NOWHERE) == [("recipients[1].address", "REQUIRED")]
    assert await refusals(process, NOWHERE, allow_partial=True) == [("recipients[0].address", "REQUIRED")]
    assert await profiles(world) == []


async def test_a_call_that_is_refused_for_a_known_recipient_makes_no_profile(world: World, process: Process) -> None:
    await world.live("welcome", unknown_recipient_policy=CREATE, identity_namespace="phone")
    known = await stored(world, "phone:+4930123458", attributes={"email": "nowhere"})
    broken = recipient("phone:+4930123458")
    assert await refusals(process, SOMEWHERE, broken) == [("recipients[1].profile.email", "MALFORMED")]
    assert await profiles(world) == [known]


async def test_a_rejected_recipient_of_an_accepted_call_gets_no_profile(world: World, process: Process) -> None:
    await world.live("welcome", unknown_recipient_policy=CREATE, identity_namespace="phone")
    await trigger(process, NOWHERE, SOMEWHERE, allow_partial=True)
    assert await identities_of_profiles(world) == [["phone:+4930123457"]]


async def test_of_two_requests_under_one_id_in_one_commit_the_second_makes_its_profile_if_the_first_is_refused(
    world: World, process: Process
) -> None:
    await world.live("welcome", unknown_recipient_policy=CREATE, identity_namespace="phone")
    await trigger(process, recipient("phone:+4930123459", address="sent@clarion.test"))
    answers = await asyncio.gather(
        trigger(process, NOWHERE, request_id="1"), trigger(process, SOMEWHERE, request_id="1"), return_exceptions=True
    )
    assert isinstance(answers[0], InvalidFields)
    assert await identities_of_profiles(world) == [["phone:+4930123457"]]
    assert {each.profile_key for each in messages(world).values() if each.identity == SOMEWHERE.identity} != {None}


async def test_of_three_requests_under_one_id_in_one_commit_the_first_that_is_not_refused_makes_its_profile(
    world: World, process: Process
) -> None:
    await world.live("welcome", unknown_recipient_policy=CREATE, identity_namespace="phone")
    known = await stored(world, "phone:+4930123458", attributes={"email": "nowhere"})
    third = recipient("phone:+4930123460", address="ann@example.com")
    answers = await asyncio.gather(
        *(trigger(process, each, request_id="1") for each in (recipient("phone:+4930123458"), SOMEWHERE, third)),
        return_exceptions=True,
    )
    assert [type(each) for each in answers[::2]] == [InvalidFields, RequestIdReused]
    (made,) = [each for each in await profiles(world) if each != known]
    assert list(map(str, made.identities)) == [SOMEWHERE.identity]
    assert only_message(world).profile_key == made.key


async def test_a_call_that_is_accepted_for_what_another_one_stores_makes_its_profiles_too(
    world: World, process: Process
) -> None:
    await world.live("welcome", unknown_recipient_policy=CREATE, identity_namespace="phone")
    await trigger(process, recipient("phone:+4930123459", address="sent@clarion.test"))
    told = recipient(NOWHERE.identity, profile={"email": "told@example.com"})
    await asyncio.gather(trigger(process, NOWHERE, SOMEWHERE), trigger(process, told))
    assert sorted(await identities_of_profiles(world)) == [["phone:+4930123456"], ["phone:+4930123457"]]
    assert None not in [each.profile_key for each in messages(world).values() if "clarion.test" not in each.address]


async def test_an_unknown_recipient_is_rejected_where_the_campaign_says_so(world: World, process: Process) -> None:
    await world.live("welcome", unknown_recipient_policy=REJECT)
    await stored(world, JANE)
    await stored(world, "email:joe@example.com")
    three = [recipient(JANE), recipient("email:stranger@example.com"), recipient("email:JOE@example.com")]
    unknown = ("recipients[1].identity", "PROFILE_UNKNOWN")
    assert await refusals(process, *three) == [unknown]
    assert await refusals(process, *three, validate_only=True) == [unknown]
    assert not executions(world)
    answer = await trigger(process, *three, allow_partial=True)
    outcomes = [[violation.reason for violation in result.violations] for result in answer.execution.results()]
    assert outcomes == [[], ["PROFILE_UNKNOWN"], []]
    assert {message.identity for message in messages(world).values()} == {JANE, "email:JOE@example.com"}
    assert await refusals(process, three[1], allow_partial=True) == [("recipients[0].identity", "PROFILE_UNKNOWN")]


async def test_only_where_profiles_are_made_an_identity_among_email_addresses_must_be_one(
    world: World, process: Process
) -> None:
    number = recipient("email:4711", address="jane@example.com")
    await world.live("welcome")
    await trigger(process, number)
    assert only_message(world).identity == "email:4711"
    await world.update("welcome", unknown_recipient_policy=CREATE)
    await world.activate("welcome")
    process.campaigns.invalidate(await world.get("welcome"))
    assert await refusals(process, number) == [("recipients[0].identity", "MALFORMED")]


async def test_a_refusal_gives_the_reserved_capacity_back(world: World) -> None:
    await world.live("order-confirmed", unknown_recipient_policy=REJECT)
    await stored(world, JANE)
    process = Process(world)
    async with process.sending():
        with pytest.raises(InvalidFields):
            await process.trigger(recipient("email:stranger@example.com"))
        await process.trigger(recipient(), recipient("email:stranger@example.com"), allow_partial=True)
        await until(lambda: len(messages(world, MessageState.SENT)) == 1)
        await until(lambda: process.is_idle)


async def test_a_refused_request_is_not_remembered(world: World, process: Process) -> None:
    await world.live("welcome", unknown_recipient_policy=REJECT)
    assert await refusals(process, request_id="1") == [("recipients[0].identity", "PROFILE_UNKNOWN")]
    await stored(world, JANE)
    assert not (await trigger(process, request_id="1")).replayed


@pytest.mark.parametrize("policy", [CREATE, REJECT])
async def test_a_magic_recipient_is_nobody(world: World, process: Process, policy: UnknownRecipientPolicy) -> None:
    await world.live("welcome", unknown_recipient_policy=policy)
    await trigger(process, recipient("email:sent+1@clarion.test"))
    assert await profiles(world) == []
    assert only_message(world).address == "sent+1@clarion.test"
