"""Profiles that are imported: each by itself, and what is not given stays."""

from __future__ import annotations

from typing import Any

import pytest
from clarion_server.adapters.system import SystemIds
from clarion_server.application.consent.consents import Person
from clarion_server.application.profiles.profile_import import MAX_ROWS, ImportedProfile, ImportProfiles
from clarion_server.application.profiles.profiles import ProfileFields
from clarion_server.bootstrap.people import choice_recorder
from clarion_server.domain.access.access import Caller, Scope, Visibility
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent.consent import ConsentChoice, ConsentScope
from clarion_server.domain.consent.consent_change import ConsentChange, ConsentSource
from clarion_server.domain.consent.topic import MAX_TOPICS
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.people.import_result import ImportOutcome, ImportResult
from clarion_server.domain.people.profile import Profile
from clarion_server.domain.violation import Violation

from tests.unit.application.consenting import EMAIL, NEWS, Consents, a, make_topic
from tests.unit.application.world import World

CREATED, UPDATED, UNCHANGED, REJECTED, _ = ImportOutcome
CALLER = Caller("apiKeys/1", Visibility("default"), frozenset({Scope.TRIGGER}))


@pytest.fixture
def imports(world: World) -> ImportProfiles:
    ids = SystemIds()
    return ImportProfiles(world.transactions, world.identities, choice_recorder(world.clock, ids), world.clock, ids)


def row(
    *identities: str,
    violations: tuple[Violation, ...] = (),
    choices: tuple[ConsentChange, ...] = (),
    **fields: Any,
) -> ImportedProfile:
    values: dict[str, Any] = {"attributes": {}, "locale": "", "time_zone": "", **fields}
    return ImportedProfile(ProfileFields(identities, violations=violations, **values), choices)


async def profiles(world: World) -> list[Profile]:
    return await world.profiles.page(None, 10_000, CALLER)


async def profile(world: World, identity: str) -> Profile:
    return await world.profiles.lookup(identity, CALLER)


def outcomes(results: list[ImportResult]) -> list[ImportOutcome]:
    return [result.outcome for result in results]


def reasons(result: ImportResult) -> list[tuple[str, str]]:
    return [(violation.field, violation.reason) for violation in result.violations]


async def test_unknown_people_are_created_and_known_ones_extended(world: World, imports: ImportProfiles) -> None:
    first = await imports.import_rows(
        [row("email:jane@example.com", attributes={"plan": "free"}, locale="de", time_zone="UTC")], CALLER
    )
    assert outcomes(first) == [CREATED]
    again = row("crm:1", "email:JANE@example.com", attributes={"city": "Köln"})
    (result,) = await imports.import_rows([again], CALLER)
    stored = await profile(world, "crm:1")
    assert (result.outcome, result.name) == (UPDATED, stored.name)
    assert list(map(str, stored.identities)) == ["email:jane@example.com", "crm:1"]
    assert (stored.attributes, stored.locale, stored.time_zone) == ({"plan": "free", "city": "Köln"}, "de", "UTC")
    assert await imports.import_rows([again], CALLER) == [ImportResult(UNCHANGED, stored.name)]
    assert await profile(world, "crm:1") == stored


async def test_null_removes_an_attribute_and_what_is_missing_stays(world: World, imports: ImportProfiles) -> None:
    await imports.import_rows([row("crm:1", attributes={"plan": "free", "city": "Köln"})], CALLER)
    await imports.import_rows([row("crm:1", attributes={"plan": None})], CALLER)
    assert (await profile(world, "crm:1")).attributes == {"city": "Köln"}


async def test_the_same_person_twice_in_one_call_is_created_and_updated(world: World, imports: ImportProfiles) -> None:
    results = await imports.import_rows(
        [row("crm:1", attributes={"a": 1}), row("crm:2"), row("crm:1", "crm:3", attributes={"b": 2}), row("crm:3")],
        CALLER,
    )
    assert outcomes(results) == [CREATED, CREATED, UPDATED, UNCHANGED]
    assert results[0].name == results[2].name == results[3].name
    assert (await profile(world, "crm:3")).attributes == {"a": 1, "b": 2}
    assert len(await profiles(world)) == 2


async def test_a_stored_profile_that_changes_twice_in_one_call_has_one_new_revision(
    world: World, imports: ImportProfiles
) -> None:
    await imports.import_rows([row("crm:1")], CALLER)
    await imports.import_rows([row("crm:1", attributes={"a": 1}), row("crm:1", locale="de")], CALLER)
    stored = await profile(world, "crm:1")
    assert (stored.revision, stored.attributes, stored.locale) == (2, {"a": 1}, "de")


async def test_identities_of_two_profiles_are_rejected_and_the_rest_is_stored(
    world: World, imports: ImportProfiles
) -> None:
    await imports.import_rows([row("email:a@example.com"), row("phone:+447911123456")], CALLER)
    before = await profiles(world)
    results = await imports.import_rows([row("email:a@example.com", "phone:+447911123456"), row("crm:9")], CALLER)
    assert outcomes(results) == [REJECTED, CREATED]
    assert reasons(results[0]) == [("identities", "IDENTITY_CONFLICT")]
    assert (await profiles(world))[:2] == before


async def test_every_row_is_rejected_for_all_that_is_wrong_with_it(world: World, imports: ImportProfiles) -> None:
    unread = Violation("attributes.x", "NOT_A_NUMBER", "Must be a finite number.")
    results = await imports.import_rows(
        [
            row("email:jane", "crm:1", "crm:1", violations=(unread,)),
            row(),
            row("crm:2", attributes={"a b": 1}, locale="x y", time_zone="GMT+2"),
            row("crm:3"),
        ],
        CALLER,
    )
    assert outcomes(results) == [REJECTED, REJECTED, REJECTED, CREATED]
    assert reasons(results[0]) == [
        ("attributes.x", "NOT_A_NUMBER"),
        ("identities[0]", "MALFORMED"),
        ("identities[2]", "DUPLICATE"),
    ]
    assert reasons(results[1]) == [("identities", "REQUIRED")]
    assert reasons(results[2]) == [
        ("attributes.a b", "MALFORMED"),
        ("locale", "MALFORMED"),
        ("time_zone", "MALFORMED"),
    ]
    assert len(await profiles(world)) == 1


async def test_a_profile_with_too_many_identities_keeps_those_it_has(world: World, imports: ImportProfiles) -> None:
    await imports.import_rows([row(*(f"crm:{number}" for number in range(12)))], CALLER)
    (result,) = await imports.import_rows([row("crm:0", *(f"crm:{number}" for number in range(20, 31)))], CALLER)
    assert reasons(result) == [("identities", "TOO_MANY")]
    assert len((await profile(world, "crm:0")).identities) == 12


async def test_nothing_is_imported_into_other_sandboxes(world: World, imports: ImportProfiles) -> None:
    there = Caller("apiKeys/2", Visibility("staging"), frozenset({Scope.TRIGGER}))
    await imports.import_rows([row("crm:1", attributes={"a": 1})], CALLER)
    assert outcomes(await imports.import_rows([row("crm:1")], there)) == [CREATED]
    assert (await profile(world, "crm:1")).attributes == {"a": 1}


async def test_as_many_rows_as_a_call_takes_are_imported(world: World, imports: ImportProfiles) -> None:
    rows = [row(f"crm:{number}", attributes={"number": number}) for number in range(MAX_ROWS)]
    assert set(outcomes(await imports.import_rows(rows, CALLER))) == {CREATED}
    assert set(outcomes(await imports.import_rows(rows, CALLER))) == {UNCHANGED}
    assert len(await profiles(world)) == MAX_ROWS


@pytest.mark.parametrize(("count", "reason"), [(0, "REQUIRED"), (MAX_ROWS + 1, "TOO_MANY")])
async def test_a_call_without_rows_and_one_with_too_many_is_refused(
    world: World, imports: ImportProfiles, count: int, reason: str
) -> None:
    with pytest.raises(InvalidFields) as caught:
        await imports.import_rows([row(f"crm:{number}") for number in range(count)], CALLER)
    assert [(violation.field, violation.reason) for violation in caught.value.violations] == [("profiles", reason)]
    assert await profiles(world) == []


# Choices.

GRANTED, DENIED = ConsentChoice.GRANTED, ConsentChoice.DENIED
IMPORT, PAGE = ConsentSource.IMPORT, ConsentSource.PREFERENCE_PAGE


async def choices(world: World, identity: str) -> dict[ConsentScope, ConsentChoice]:
    found = await Consents(world).of(Person(identity=identity))
    return {scope: consent.choice for scope, consent in found.consents.items()}


async def test_choices_enter_the_history_of_those_who_are_imported(world: World, imports: ImportProfiles) -> None:
    await make_topic(world)
    rows = [row("crm:1", choices=(a(NEWS, GRANTED, IMPORT), a(EMAIL, GRANTED, IMPORT))), row("crm:2")]
    assert outcomes(await imports.import_rows(rows, CALLER)) == [CREATED, CREATED]
    assert await choices(world, "crm:1") == {NEWS: GRANTED, EMAIL: GRANTED}
    assert await choices(world, "crm:2") == {}
    (first, *_) = (await Consents(world).of(Person(identity="crm:1"))).changes
    assert (first.source, first.actor) == (IMPORT, CALLER.name)
    assert outcomes(await imports.import_rows(rows, CALLER)) == [UNCHANGED, UNCHANGED]


async def test_an_import_never_lifts_a_denial_and_says_so(world: World, imports: ImportProfiles) -> None:
    await make_topic(world)
    await Consents(world).change(a(NEWS, DENIED, PAGE), person=Person(identity="crm:1"))
    world.clock.advance(1)
    grants = row("crm:1", attributes={"a": 1}, choices=(a(NEWS, GRANTED, IMPORT),))
    (result,) = await imports.import_rows([grants], CALLER)
    assert result.outcome is UPDATED
    assert [(note.field, note.reason) for note in result.notes] == [("consents[0]", "DENIAL_STANDS")]
    assert await choices(world, "crm:1") == {NEWS: DENIED}
    assert (await profile(world, "crm:1")).attributes == {"a": 1}


async def test_an_imported_denial_ends_a_grant(world: World, imports: ImportProfiles) -> None:
    await make_topic(world)
    await imports.import_rows([row("crm:1", choices=(a(NEWS, GRANTED, IMPORT),))], CALLER)
    world.clock.advance(1)
    (result,) = await imports.import_rows([row("crm:1", choices=(a(NEWS, DENIED, IMPORT),))], CALLER)
    assert result.outcome is UPDATED
    assert await choices(world, "crm:1") == {NEWS: DENIED}


async def test_choices_of_one_person_in_two_rows_follow_one_another(world: World, imports: ImportProfiles) -> None:
    await make_topic(world)
    rows = [
        row("crm:1", choices=(a(NEWS, DENIED, IMPORT, 5),)),
        row("crm:1", choices=(a(NEWS, GRANTED, IMPORT, 9), a(EMAIL, GRANTED, IMPORT, 7))),
        row("crm:1", choices=(a(EMAIL, GRANTED, IMPORT, 3), a(NEWS, GRANTED, IMPORT, 2), a(NEWS, GRANTED, IMPORT, 2))),
        row("crm:1", choices=(a(NEWS, GRANTED, IMPORT, 2),)),
    ]
    results = await imports.import_rows(rows, CALLER)
    assert outcomes(results) == [CREATED, UPDATED, UPDATED, UNCHANGED]
    assert [(note.field, note.reason) for note in results[1].notes] == [("consents[0]", "DENIAL_STANDS")]
    view = await Consents(world).of(Person(identity="crm:1"))
    assert {scope: (each.choice, each.time) for scope, each in view.consents.items()} == {
        NEWS: (DENIED, 5),
        EMAIL: (GRANTED, 7),
    }
    entries = [(each.scope, each.choice, each.time, each.previous_choice) for each in view.changes[::-1]]
    assert entries == [(NEWS, DENIED, 5, None), (EMAIL, GRANTED, 7, None), (NEWS, GRANTED, 2, DENIED)]
    assert {each.change_key for each in view.consents.values()} == {each.key for each in view.changes[1:]}


async def test_a_row_with_choices_that_break_rules_is_rejected(world: World, imports: ImportProfiles) -> None:
    unknown = a(ConsentScope(topic="nothing"), GRANTED, IMPORT)
    made = a(EMAIL, DENIED, ConsentSource.MERGE)
    results = await imports.import_rows([row("crm:1", choices=(unknown, made)), row("crm:2")], CALLER)
    assert outcomes(results) == [REJECTED, CREATED]
    assert reasons(results[0]) == [("consents[0].topic", "UNKNOWN_VALUE"), ("consents[1].source", "NOT_ALLOWED")]
    most, too_many = (row("crm:3", choices=(a(EMAIL, DENIED, IMPORT),) * count) for count in (400, 401))
    results = await imports.import_rows([too_many, most], CALLER)
    assert outcomes(results) == [REJECTED, CREATED]
    assert reasons(results[0]) == [("consents", "TOO_MANY")]


async def test_whoever_has_a_choice_in_every_scope_is_imported_as_exported(
    world: World, imports: ImportProfiles
) -> None:
    topics = [f"t{number}" for number in range(MAX_TOPICS)]
    for topic in topics:
        await make_topic(world, topic)
    scopes = [ConsentScope(channel, topic) for topic in (None, *topics) for channel in (None, *Channel)]
    every = row("crm:1", choices=tuple(a(scope, DENIED, IMPORT) for scope in scopes))
    assert outcomes(await imports.import_rows([every], CALLER)) == [CREATED]
    assert outcomes(await imports.import_rows([every], CALLER)) == [UNCHANGED]
