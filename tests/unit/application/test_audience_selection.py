"""Tests the members of an audience: whom its condition is true of, or its list. Whoever it fails for is none, and
counted.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest
from clarion_server.adapters.conditions import CelConditionCompiler
from clarion_server.application.audiences import selection
from clarion_server.application.audiences.selection import SNAPSHOT_SPAN, AudienceSelector, SelectedPage
from clarion_server.application.erasure.beginning import EraseProfile
from clarion_server.application.profiles.profiles import CreateProfile, ProfileFields
from clarion_server.domain.audiences.audience import Audience
from clarion_server.domain.audiences.condition import MAX_SAMPLES, ConditionInvalid, FailureCause
from clarion_server.domain.consent.consent import ConsentChoice
from clarion_server.domain.people.identity import Identity, IdentityKey
from clarion_server.domain.people.profile import Profile

from tests.unit.application.consenting import NEWS, Consents, a, make_topic
from tests.unit.application.world import AUTHOR, START, STRANGER, World

MISSING, WRONG_TYPE, OTHER = FailureCause


def by(condition: str) -> Audience:
    return Audience(
        sandbox="default", id="some", display_name="Some", create_time=START, update_time=START, condition=condition
    )


@pytest.fixture
def selector(world: World) -> AudienceSelector:
    return AudienceSelector(world.transactions, CelConditionCompiler(), world.clock)


async def add(world: World, name: str, caller: Any = AUTHOR, **attributes: Any) -> Profile:
    fields = ProfileFields((f"email:{name}@example.com",), attributes, "de", "")
    return await world.profiles.create(CreateProfile(fields), caller)


async def pages(selector: AudienceSelector, audience: Audience) -> list[SelectedPage]:
    return [page async for page in selector.pages(audience, START)]


async def names(selector: AudienceSelector, audience: Audience) -> list[str]:
    found = [member.profile for page in await pages(selector, audience) for member in page.members]
    return [profile.name for profile in found if profile is not None]


async def test_members_are_the_profiles_of_the_sandbox_that_a_condition_is_true_of(
    world: World, selector: AudienceSelector
) -> None:
    stored = [await add(world, name, plan=plan) for name, plan in (("a", "gold"), ("b", "free"), ("c", "gold"))]
    await add(world, "d", STRANGER, plan="gold")
    assert await names(selector, by("profile.attributes.plan == 'gold'")) == [stored[0].name, stored[2].name]


async def test_people_for_whom_a_condition_fails_are_no_members_and_are_counted_by_cause(
    world: World, selector: AudienceSelector
) -> None:
    stored = [await add(world, f"n{index}", **attributes) for index, attributes in enumerate(_TEN)]
    (page,) = await pages(selector, by("profile.attributes.age > 18"))
    assert page.members == []
    assert page.evaluated_count == len(_TEN)
    assert page.failures.counts == {MISSING: 3, WRONG_TYPE: 2}
    assert page.failures.total == 5
    assert page.failures.samples[WRONG_TYPE] == [stored[3].name, stored[4].name]


_TEN: list[dict[str, Any]] = [{}, {}, {}, {"age": "19"}, {"age": "old"}, *({"age": age} for age in range(14, 19))]


async def test_some_of_the_people_are_named_for_each_cause(world: World, selector: AudienceSelector) -> None:
    for index in range(MAX_SAMPLES + 1):
        await add(world, f"n{index}")
    (page,) = await pages(selector, by("profile.attributes.age > 18"))
    assert page.failures.counts == {MISSING: MAX_SAMPLES + 1}
    assert len(page.failures.samples[MISSING]) == MAX_SAMPLES


async def test_a_choice_is_the_persons_present_one_whatever_silence_means(
    world: World, selector: AudienceSelector
) -> None:
    await make_topic(world)
    choices = Consents(world)
    await choices.change(a(NEWS, ConsentChoice.GRANTED))
    jane = await world.profiles.lookup("email:jane@example.com", AUTHOR)
    silent = await add(world, "silent")
    assert await names(selector, by("consent('EMAIL', 'news') == 'GRANTED'")) == [jane.name]
    assert await names(selector, by("consent('EMAIL', 'news') == 'NONE'")) == [silent.name]
    world.clock.advance(1)
    await choices.change(a(NEWS, ConsentChoice.DENIED))
    assert await names(selector, by("consent('EMAIL', 'news') == 'DENIED'")) == [jane.name]


async def test_a_member_of_a_list_is_an_identity_as_it_was_written(world: World, selector: AudienceSelector) -> None:
    listed = [Identity(IdentityKey("email", f"{name}@example.com".lower()), f"{name}@example.com") for name in "aB"]
    audience = await world.transactions.write(lambda unit: unit.audiences.add(replace(by(""), condition=None)))
    assert audience.listed is not None
    key = audience.listed
    await world.transactions.write(lambda unit: unit.audiences.add_members(key, listed, START))
    (page,) = await pages(selector, audience)
    assert [member.identity for member in page.members] == listed
    assert page.evaluated_count == 2


async def test_a_selection_reads_one_state_whatever_is_stored_meanwhile(
    world: World, selector: AudienceSelector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, "PAGE", 1)
    for name in "abc":
        await add(world, name, plan="gold")
    counts = []
    async with aclosing(selector.pages(by("profile.attributes.plan == 'gold'"), START)) as found:
        async for page in found:
            counts.append((len(page.members), page.snapshot_count))
            for profile in await world.profiles.page(None, 9, AUTHOR):
                await world.erasures.erase(EraseProfile(profile.id), AUTHOR)
    assert counts == [(1, 1), (1, 1), (1, 1), (0, 1)]


async def test_what_is_left_after_some_minutes_is_read_from_another_state(
    world: World, selector: AudienceSelector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, "PAGE", 1)
    stored = [await add(world, name, plan="gold") for name in "abc"]
    found = []
    async for page in selector.pages(by("profile.attributes.plan == 'gold'"), START):
        found += [(member.profile and member.profile.name, page.snapshot_count) for member in page.members]
        world.clock.advance(SNAPSHOT_SPAN)
        await add(world, f"later{page.evaluated_count}-{len(found)}-{world.clock.now()}", plan="gold")
    assert found == [(profile.name, 1 + index) for index, profile in enumerate(stored)]


async def test_a_condition_of_an_earlier_release_that_is_none_any_more_is_refused(selector: AudienceSelector) -> None:
    with pytest.raises(ConditionInvalid):
        await pages(selector, by("profile.plan == 'gold'"))
