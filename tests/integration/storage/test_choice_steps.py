"""Choices are recorded in a constant number of statements, however many there are of however many people."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial

import pytest
from clarion_server.adapters.storage.store import SqlStore
from clarion_server.adapters.system import SystemIds
from clarion_server.application.consent.consents import Person
from clarion_server.application.profiles.profile_import import ImportedProfile, ImportProfiles
from clarion_server.application.profiles.profile_merge import MergeProfiles, ProfileMerger
from clarion_server.application.profiles.profiles import CreateProfile, ProfileFields
from clarion_server.bootstrap.people import choice_recorder
from clarion_server.domain.consent.consent import ConsentChoice, ConsentScope
from clarion_server.domain.consent.consent_change import ConsentChange, ConsentSource

from tests.integration.storage.statements import recorded
from tests.unit.application.consenting import Consents, make_topic
from tests.unit.application.running import CALLER
from tests.unit.application.world import World

GRANTED, DENIED = ConsentChoice.GRANTED, ConsentChoice.DENIED
TOPICS = [f"t{number}" for number in range(20)]


@pytest.fixture
async def world(store: SqlStore) -> AsyncIterator[World]:
    made = World(store)
    for topic in TOPICS:
        await make_topic(made, topic)
    yield made
    made.transactions.close()


def changes(count: int, choice: ConsentChoice = GRANTED, time: int = 0) -> tuple[ConsentChange, ...]:
    return tuple(
        ConsentChange(ConsentScope(topic=topic), choice, time, ConsentSource.IMPORT) for topic in TOPICS[:count]
    )


async def statements_of(store: SqlStore, work: Callable[[], Awaitable[object]]) -> int:
    with recorded(store) as statements:
        await work()
    return len(statements)


async def test_an_import_of_many_choices_takes_as_many_statements_as_one_of_a_choice(
    world: World, store: SqlStore
) -> None:
    ids = SystemIds()
    imports = ImportProfiles(world.transactions, world.identities, choice_recorder(world.clock, ids), world.clock, ids)

    def rows(people: Sequence[str], count: int, choice: ConsentChoice, time: int) -> Callable[[], Awaitable[object]]:
        given = [
            ImportedProfile(ProfileFields((f"crm:{person}",), {}, "", ""), changes(count, choice, time))
            for person in people
        ]
        return lambda: imports.import_rows(given, CALLER)

    one, many = ["a"], ["b", "c", "d"]
    for choice, time in ((DENIED, 20), (GRANTED, 10), (GRANTED, 10)):
        # New ones, older ones, and those once more.
        of_one = await statements_of(store, rows(one, 1, choice, time))
        assert await statements_of(store, rows(many, 20, choice, time)) == of_one


async def test_many_choices_of_a_person_take_as_many_statements_as_one(world: World, store: SqlStore) -> None:
    consents = Consents(world)
    await consents.change(*changes(1))
    of_one = await statements_of(store, lambda: consents.change(*changes(1, DENIED)))
    assert await statements_of(store, lambda: consents.change(*changes(20, DENIED))) == of_one


async def test_a_merge_of_many_choices_takes_as_many_statements_as_one_of_a_choice(
    world: World, store: SqlStore
) -> None:
    consents, merger = Consents(world), ProfileMerger(world.transactions, world.clock)
    counts = []
    for count in (1, 20):
        halves = []
        for half, (choice, time) in enumerate(((DENIED, 10), (GRANTED, 20))):
            identity = f"crm:{count}-{half}"
            fields = ProfileFields((identity,), {}, "", "")
            halves.append(await world.profiles.create(CreateProfile(fields), CALLER))
            own = [ConsentChange(each.scope, choice, time, ConsentSource.PREFERENCE_PAGE) for each in changes(count)]
            await consents.change(*own, person=Person(identity=identity))
        command = MergeProfiles(halves[0].id, halves[1].id)
        counts.append(await statements_of(store, partial(merger.merge, command, CALLER)))
    assert counts[0] == counts[1]
