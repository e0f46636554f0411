"""Exports of profiles: every one once, as it is when its turn comes."""

from __future__ import annotations

from clarion_server.application.erasure.beginning import EraseProfile
from clarion_server.application.profiles.profile_export import ExportedProfile, ExportProfiles
from clarion_server.application.profiles.profiles import CreateProfile, ProfileFields
from clarion_server.domain.consent.consent import ConsentChoice

from tests.unit.application.consenting import EMAIL, Consents, a
from tests.unit.application.running import CALLER
from tests.unit.application.world import STRANGER, World


async def store(world: World, *identities: str) -> None:
    for identity in identities:
        await world.profiles.create(CreateProfile(ProfileFields((identity,), {}, "", "")), CALLER)


async def exported(world: World, after: str | None = None) -> list[ExportedProfile]:
    return [each async for page in ExportProfiles(world.transactions).pages(after, CALLER) for each in page]


def identities(found: list[ExportedProfile]) -> list[str]:
    return [str(each.profile.identities[0]) for each in found]


async def test_every_profile_is_exported_once_over_several_pages(world: World) -> None:
    names = [f"crm:{number}" for number in range(250)]
    await store(world, *names)
    assert identities(await exported(world)) == names


async def test_an_export_goes_on_behind_a_profile_that_may_be_gone(world: World) -> None:
    await store(world, "crm:1", "crm:2", "crm:3")
    _, second, _ = await exported(world)
    await world.erasures.erase(EraseProfile(second.profile.id), CALLER)
    assert identities(await exported(world, second.profile.id)) == ["crm:3"]


async def test_choices_come_with_their_people(world: World) -> None:
    await store(world, "email:jane@example.com", "crm:joe")
    await Consents(world).change(a(EMAIL, ConsentChoice.DENIED))
    jane, joe = await exported(world)
    assert (set(jane.consents), set(joe.consents)) == ({EMAIL}, set())


async def test_what_is_created_meanwhile_comes_at_the_end_and_what_is_deleted_is_left_out(world: World) -> None:
    await store(world, *(f"crm:{number}" for number in range(101)))
    pages = ExportProfiles(world.transactions).pages(None, CALLER)
    first = await anext(pages)
    (last,) = await exported(world, first[-1].profile.id)
    await world.erasures.erase(EraseProfile(last.profile.id), CALLER)
    await store(world, "crm:new")
    assert [identities(list(page)) async for page in pages] == [["crm:new"], []]


async def test_the_profiles_of_another_sandbox_are_not_exported(world: World) -> None:
    await store(world, "crm:1")
    assert [page async for page in ExportProfiles(world.transactions).pages(None, STRANGER)] == [[]]
