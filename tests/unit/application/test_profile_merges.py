"""Two profiles of one person become one, for good."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from clarion_server.application.consent.consents import Person
from clarion_server.application.erasure.beginning import EraseProfile
from clarion_server.application.profiles.profile_merge import MergeProfiles, ProfileMerger
from clarion_server.application.profiles.profiles import CreateProfile, ProfileFields
from clarion_server.domain.access.access import Caller, Scope, Visibility
from clarion_server.domain.campaigns.campaign_definition import UnknownRecipientPolicy
from clarion_server.domain.category import Category
from clarion_server.domain.consent.consent import ConsentChoice
from clarion_server.domain.consent.consent_change import ConsentSource
from clarion_server.domain.errors import EtagMismatch, InvalidFields, ResourceNotFound, TooManyIdentities
from clarion_server.domain.events.event import EventType, ProfileMerge
from clarion_server.domain.instant import DAY
from clarion_server.domain.messages.exclusion import ExclusionReason
from clarion_server.domain.messages.message import Lane, MessageState
from clarion_server.domain.people.profile import Profile

from tests.unit.application.consenting import ALL, EMAIL, NEWS, Consents, a, make_topic
from tests.unit.application.running import Process, claimed, events, messages, recipient, states
from tests.unit.application.world import START, World

GRANTED, DENIED = ConsentChoice.GRANTED, ConsentChoice.DENIED
CALLER = Caller("apiKeys/admin", Visibility("default"), frozenset({Scope.ADMIN}))


@pytest.fixture
def merger(world: World) -> ProfileMerger:
    return ProfileMerger(world.transactions, world.clock)


@pytest.fixture
async def consents(world: World) -> Consents:
    await make_topic(world)
    return Consents(world)


async def create(world: World, *identities: str, attributes: Mapping[str, Any] | None = None, **fields: str) -> Profile:
    given = ProfileFields(identities, attributes or {}, fields.get("locale", ""), fields.get("time_zone", ""))
    return await world.profiles.create(CreateProfile(given), CALLER)


async def merge(merger: ProfileMerger, survivor: Profile, absorbed: Profile) -> Profile:
    return await merger.merge(MergeProfiles(survivor.id, absorbed.id, survivor.etag, absorbed.etag), CALLER)


def person(profile: Profile) -> Person:
    return Person(profile_id=profile.id)


async def test_the_survivor_gets_what_it_lacks_and_keeps_what_it_has(world: World, merger: ProfileMerger) -> None:
    survivor = await create(world, "email:jane@example.com", attributes={"plan": "gold", "a": 1}, locale="de")
    absorbed = await create(
        world, "crm:1", "crm:2", attributes={"plan": "free", "b": 2}, locale="fr", time_zone="Europe/Paris"
    )
    merged = await merge(merger, survivor, absorbed)
    assert list(map(str, merged.identities)) == ["email:jane@example.com", "crm:1", "crm:2"]
    assert merged.attributes == {"plan": "gold", "a": 1, "b": 2}
    assert (merged.locale, merged.time_zone, merged.id) == ("de", "Europe/Paris", survivor.id)
    assert await world.profiles.page(None, 10, CALLER) == [merged]
    assert await world.profiles.lookup("crm:2", CALLER) == merged


async def test_the_survivor_was_first_seen_when_the_older_one_was(world: World, merger: ProfileMerger) -> None:
    older = await create(world, "crm:1")
    world.clock.advance(DAY)
    newer, newest = await create(world, "crm:2"), await create(world, "crm:3")
    assert (newer.first_seen_time, older.first_seen_time) == (START + DAY, START)
    newest = await merge(merger, newest, newer)
    assert newest.first_seen_time == START + DAY
    await merge(merger, newest, older)
    assert (await world.profiles.get(newest.id, CALLER)).first_seen_time == START


async def test_the_absorbed_name_answers_as_the_survivor_through_every_later_merge(
    world: World, merger: ProfileMerger
) -> None:
    first, second, third = [await create(world, f"crm:{number}") for number in range(3)]
    second = await merge(merger, second, first)
    third = await merge(merger, third, second)
    for name in (first, second, third):
        assert await world.profiles.get(name.id, CALLER) == third
    await world.erasures.erase(EraseProfile(first.id), CALLER)
    for name in (first, second, third):
        with pytest.raises(ResourceNotFound):
            await world.profiles.get(name.id, CALLER)


async def test_a_merge_is_an_event_of_the_survivor(world: World, merger: ProfileMerger) -> None:
    survivor, absorbed = await create(world, "crm:1"), await create(world, "crm:2")
    await merge(merger, survivor, absorbed)
    (event,) = events(world)
    assert (event.type, event.subject) == (EventType.PROFILE_MERGED, survivor.name)
    assert event.detail == ProfileMerge(absorbed.name, CALLER.name)


@pytest.mark.parametrize("reverse", [False, True])
async def test_of_two_choices_in_one_scope_the_denial_holds(
    world: World, merger: ProfileMerger, consents: Consents, *, reverse: bool
) -> None:
    one, other = await create(world, "crm:1"), await create(world, "crm:2")
    await consents.change(a(EMAIL, DENIED, time=START), person=person(one))
    await consents.change(a(EMAIL, GRANTED, time=START + 1), person=person(other))
    merged = await merge(merger, *((other, one) if reverse else (one, other)))
    view = await consents.of(person(merged))
    assert {scope: consent.choice for scope, consent in view.consents.items()} == {EMAIL: DENIED}
    assert len(view.changes) >= 2


@pytest.mark.parametrize("reverse", [False, True])
async def test_a_grant_of_one_half_does_not_answer_a_denial_of_the_other(
    world: World, merger: ProfileMerger, consents: Consents, *, reverse: bool
) -> None:
    one, other = await create(world, "crm:1"), await create(world, "crm:2")
    await consents.change(a(ALL, DENIED, time=START), person=person(one))
    await consents.change(a(NEWS, GRANTED, time=START + 1), person=person(other))
    world.clock.advance(DAY)
    merged = await merge(merger, *((other, one) if reverse else (one, other)))
    view = await consents.of(person(merged))
    assert (view.consents[NEWS].choice, view.consents[NEWS].time) == (DENIED, world.clock.now())
    newest = view.changes[0]
    assert (newest.scope, newest.source, newest.actor) == (NEWS, ConsentSource.MERGE, CALLER.name)
    assert (newest.previous_choice, newest.key) == (GRANTED, view.consents[NEWS].change_key)
    world.clock.advance(DAY)
    await consents.change(a(NEWS, GRANTED), person=person(merged))
    assert (await consents.of(person(merged))).consents[NEWS].choice is GRANTED


async def test_a_grant_that_answered_the_persons_own_denial_still_does(
    world: World, merger: ProfileMerger, consents: Consents
) -> None:
    one, other = await create(world, "crm:1"), await create(world, "crm:2")
    await consents.change(a(ALL, DENIED, time=START), person=person(one))
    await consents.change(a(NEWS, GRANTED, time=START + 1), person=person(one))
    before = (await consents.of(person(one))).consents
    merged = await merge(merger, other, one)
    assert (await consents.of(person(merged))).consents == before


async def test_too_many_identities_leave_both_as_they_are(world: World, merger: ProfileMerger) -> None:
    one = await create(world, *(f"a:{number}" for number in range(12)))
    other = await create(world, *(f"b:{number}" for number in range(12)))
    with pytest.raises(TooManyIdentities):
        await merge(merger, one, other)
    assert await world.profiles.page(None, 10, CALLER) == [one, other]
    assert events(world) == []


async def test_attributes_that_are_too_large_together_leave_both_as_they_are(
    world: World, merger: ProfileMerger
) -> None:
    one, other = [await create(world, f"crm:{name}", attributes={name: name * 17_000}) for name in "ab"]
    with pytest.raises(InvalidFields) as refused:
        await merge(merger, one, other)
    assert [(each.field, each.reason) for each in refused.value.violations] == [("absorbed", "TOO_LONG")]
    assert await world.profiles.page(None, 10, CALLER) == [one, other]


async def test_of_two_merges_in_opposite_directions_one_succeeds(world: World, merger: ProfileMerger) -> None:
    one, other = await create(world, "crm:1"), await create(world, "crm:2")
    answers = await asyncio.gather(merge(merger, one, other), merge(merger, other, one), return_exceptions=True)
    assert [type(answer) for answer in answers] == [Profile, EtagMismatch]
    with pytest.raises(EtagMismatch):
        await merger.merge(MergeProfiles(other.id, one.id), CALLER)
    assert len(await world.profiles.page(None, 10, CALLER)) == 1


@pytest.mark.parametrize("which", ["survivor_etag", "absorbed_etag"])
async def test_an_old_etag_of_either_is_refused(world: World, merger: ProfileMerger, which: str) -> None:
    one, other = await create(world, "crm:1"), await create(world, "crm:2")
    with pytest.raises(EtagMismatch):
        await merger.merge(MergeProfiles(one.id, other.id, **{which: '"0-0"'}), CALLER)
    assert await world.profiles.page(None, 10, CALLER) == [one, other]


async def test_profiles_of_other_sandboxes_cannot_be_merged(world: World, merger: ProfileMerger) -> None:
    one, other = await create(world, "crm:1"), await create(world, "crm:2")
    stranger = Caller("apiKeys/2", Visibility("staging"), frozenset({Scope.ADMIN}))
    with pytest.raises(ResourceNotFound):
        await merger.merge(MergeProfiles(one.id, other.id), stranger)


async def test_triggers_for_both_while_they_are_merged_make_no_third_profile(
    world: World, merger: ProfileMerger
) -> None:
    await world.live("welcome", unknown_recipient_policy=UnknownRecipientPolicy.CREATE)
    process = Process(world)
    one, other = await create(world, "email:a@example.com"), await create(world, "email:b@example.com")
    both = [recipient("email:a@example.com"), recipient("email:b@example.com")]
    triggers = [process.trigger(*both, campaign_id="welcome") for _ in range(10)]
    await asyncio.gather(*triggers[:5], merge(merger, one, other), *triggers[5:])
    await process.close()
    assert len(await world.profiles.page(None, 10, CALLER)) == 1
    assert len(messages(world)) == 20


async def test_messages_that_wait_stay_and_are_checked_by_the_choices_of_the_survivor(
    world: World, merger: ProfileMerger, consents: Consents
) -> None:
    await world.live("offers", category=Category.MARKETING)
    await world.live("reset")
    one, other = await create(world, "crm:1"), await create(world, "email:b@example.com")
    await consents.change(a(EMAIL, DENIED), person=person(one))
    process = Process(world)
    for campaign_id in ("offers", "reset"):
        await process.trigger(recipient("email:b@example.com"), campaign_id=campaign_id)
    await merge(merger, one, other)
    assert states(world) == [MessageState.QUEUED] * 2
    (reset,) = (await claimed(world)).messages
    assert reset.address == "b@example.com"
    assert (await claimed(world, lane=Lane.MARKETING)).messages == []
    (offer,) = messages(world, MessageState.EXCLUDED).values()
    assert offer.end.exclusion is not None
    assert offer.end.exclusion.reason is ExclusionReason.NO_CONSENT
    await process.close()
