"""Members of an audience at random: each with the same probability, and not by looking at all of them."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from clarion_server.adapters.conditions import CelConditionCompiler
from clarion_server.application.audiences import random_members
from clarion_server.application.audiences.counting import AudienceCounter, Counted
from clarion_server.application.audiences.selection import AudienceSelector
from clarion_server.application.audiences.uploading import AudienceUploads, UploadIdentities
from clarion_server.application.erasure.beginning import EraseProfile
from clarion_server.domain.audiences.audience import Audience
from clarion_server.domain.audiences.condition import FailureCause
from clarion_server.domain.errors import AudienceConditionInvalid

from tests.unit.application.test_audience_selection import add
from tests.unit.application.world import AUTHOR, START, STRANGER, World

#: Of 20 members 5 are chosen in each of so many samples: a member is in 100 of them on average, with a deviation of 9.
SAMPLES = 400
EXPECTED, TOLERANCE = 100, 36


async def audience(world: World, condition: str | None) -> None:
    made = Audience(
        sandbox="default", id="some", display_name="Some", create_time=START, update_time=START, condition=condition
    )
    await world.transactions.write(lambda unit: unit.audiences.add(made))


class Sampling:
    def __init__(self, world: World) -> None:
        selector = AudienceSelector(world.transactions, CelConditionCompiler(), world.clock)
        self._counter = AudienceCounter(world.transactions, selector, world.clock, Random(4711))

    async def sample(self, size: int) -> Counted:
        return await self._counter.sample("some", size, AUTHOR, at_random=True)

    async def counts(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for _ in range(SAMPLES):
            members = names(await self.sample(5))
            assert len(set(members)) == 5
            found.update(members)
        return found


def names(counted: Counted) -> list[str]:
    return [str(member.identity) if member.profile is None else member.profile.name for member in counted.sample]


def assert_uniform(counts: Counter[str], members: set[str]) -> None:
    assert set(counts) == members
    assert all(abs(count - EXPECTED) <= TOLERANCE for count in counts.values())


@pytest.fixture
async def gold(world: World) -> set[str]:
    """Twenty members among others, and somebody in another sandbox."""
    members = set()
    for number in range(30):
        profile = await add(world, f"n{number}", **({"plan": "gold"} if number % 3 else {"plan": "free"}))
        if number % 3:
            members.add(profile.name)
        await add(world, f"n{number}", STRANGER, plan="gold")
    await audience(world, "profile.attributes.plan == 'gold'")
    return members


@pytest.mark.parametrize("few", [random_members.FEW, 0])
async def test_each_member_is_chosen_with_the_same_probability(
    world: World, gold: set[str], few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(random_members, "FEW", few)
    assert_uniform(await Sampling(world).counts(), gold)


@pytest.mark.parametrize("few", [random_members.FEW, 0])
async def test_a_sample_of_all_members_has_each_once(
    world: World, gold: set[str], few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(random_members, "FEW", few)
    found = await Sampling(world).sample(100)
    assert len(found.sample) == len(gold)
    assert set(names(found)) == gold


async def test_no_more_profiles_are_drawn_than_the_bound(
    world: World, gold: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(random_members, "FEW", 0)
    monkeypatch.setattr(random_members, "DRAWS", 10)
    found = await Sampling(world).sample(100)
    assert found.evaluated_count <= 10
    assert set(names(found)) < gold


async def test_people_for_whom_the_condition_fails_are_counted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random_members, "FEW", 0)
    await add(world, "nobody")
    await audience(world, "profile.attributes.plan == 'gold'")
    found = await Sampling(world).sample(10)
    assert (found.sample, found.failures.counts) == ([], {FailureCause.MISSING_VALUE: 1})


async def test_a_condition_that_became_invalid_is_refused(world: World) -> None:
    await audience(world, "profile.plan")
    with pytest.raises(AudienceConditionInvalid):
        await Sampling(world).sample(1)


@pytest.fixture
async def listed(world: World) -> set[str]:
    await audience(world, None)
    texts = {f"crm:{number}" for number in range(20)}
    uploads = AudienceUploads(world.transactions, world.identities, world.clock)
    await uploads.upload(UploadIdentities("some", sorted(texts)), AUTHOR)
    return texts


@pytest.mark.parametrize("skipped", [random_members._SKIPPED, 3])
async def test_each_identity_of_a_list_is_chosen_with_the_same_probability(
    world: World, listed: set[str], skipped: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(random_members, "_SKIPPED", skipped)
    assert_uniform(await Sampling(world).counts(), listed)


async def test_all_of_a_list_are_found_without_somebody_who_was_erased(world: World, listed: set[str]) -> None:
    assert set(names(await Sampling(world).sample(100))) == listed
    await world.erasures.erase(EraseProfile(identity="crm:7", keeps_suppression=False), AUTHOR)
    assert set(names(await Sampling(world).sample(100))) == listed - {"crm:7"}
