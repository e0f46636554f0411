"""Tests the people of a batch, who are looked up in several steps."""

from __future__ import annotations

import pytest
from clarion_server.application.consent.consents import Person
from clarion_server.application.people import GivenIdentities, People
from clarion_server.application.ports.profiles import SandboxIdentity
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.profiles.profiles import CreateProfile, ProfileFields
from clarion_server.domain.consent.consent import ConsentChoice

from tests.unit.application.consenting import ALL, Consents, a
from tests.unit.application.world import AUTHOR, World

ANNA, BERTA, CARL = (
    (("default", f"email:{name}@example.com"), SandboxIdentity("default", "email", f"{name}@example.com"))
    for name in ("anna", "berta", "carl")
)


def _wanted(*identities: SandboxIdentity) -> GivenIdentities:
    values = [each.normal_value for each in identities]
    return {("default", "email"): {f"email:{value}": value for value in values}}


async def store(world: World, *names: str) -> None:
    for name in names:
        fields = ProfileFields((f"email:{name}@example.com",), {}, "", "")
        await world.profiles.create(CreateProfile(fields), AUTHOR)


async def test_whoever_was_asked_for_earlier_stays_known_and_may_get_a_profile_later(world: World) -> None:
    await store(world, "anna")

    def read(unit: UnitOfWork) -> People:
        people = People(unit, with_choices=True)
        people.look_up(_wanted(ANNA[1], BERTA[1]))
        people.look_up(_wanted(BERTA[1], CARL[1]))
        return people

    people = await world.transactions.read(read)
    assert set(people.known["default"]) == {ANNA[0][1]}
    assert [people.identity(*given) for given, _ in (ANNA, BERTA, CARL)] == [ANNA[1], BERTA[1], CARL[1]]
    await store(world, "berta")

    def renew(unit: UnitOfWork) -> None:
        people._unit = unit
        people.renew({BERTA[1]})

    await world.transactions.read(renew)
    assert set(people.known["default"]) == {ANNA[0][1], BERTA[0][1]}


@pytest.mark.parametrize("with_choices", [True, False])
async def test_whoever_is_found_later_comes_with_choices_where_they_are_asked_for(
    world: World, with_choices: bool
) -> None:
    jane = (("default", "email:jane@example.com"), SandboxIdentity("default", "email", "jane@example.com"))

    def read(unit: UnitOfWork) -> People:
        people = People(unit, with_choices=with_choices)
        people.look_up(_wanted(jane[1]))
        return people

    people = await world.transactions.read(read)
    assert not people.known["default"]
    await Consents(world).change(a(ALL, ConsentChoice.DENIED), person=Person(identity="email:jane@example.com"))

    def renew(unit: UnitOfWork) -> None:
        people._unit = unit
        people.renew({jane[1]})

    await world.transactions.read(renew)
    (known,) = people.known["default"].values()
    assert [consent.scope for consent in known.choices] == ([ALL] if with_choices else [])
