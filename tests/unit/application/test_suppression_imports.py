"""Suppressions that are imported: each row by itself, and nothing is narrowed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from clarion_server.adapters.system import SystemIds
from clarion_server.application.ports.queries import SuppressionQuery
from clarion_server.application.suppressions.entries import CreateSuppression
from clarion_server.application.suppressions.importing import MAX_ROWS, ImportSuppressions
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.events.event import EventType
from clarion_server.domain.instant import HOUR
from clarion_server.domain.people.import_result import ImportOutcome, ImportResult
from clarion_server.domain.suppressions.suppression import Suppression, SuppressionReason, SuppressionScope

from tests.unit.application.running import events
from tests.unit.application.world import AUTHOR, World

CREATED, UPDATED, UNCHANGED, REJECTED, _ = ImportOutcome


@pytest.fixture
def imports(world: World) -> ImportSuppressions:
    return ImportSuppressions(world.transactions, world.clock, SystemIds())


def row(target: str = "jane@example.com", **fields: Any) -> CreateSuppression:
    return CreateSuppression(target, "address" if "@" in target else "domain", **fields)


def outcomes(results: list[ImportResult]) -> list[ImportOutcome]:
    return [each.outcome for each in results]


async def stored(world: World) -> list[Suppression]:
    query = SuppressionQuery(AUTHOR.visibility, limit=10_000)
    return await world.transactions.read(lambda unit: unit.suppressions.page(query))


async def test_a_bad_row_is_rejected_and_the_others_are_stored(world: World, imports: ImportSuppressions) -> None:
    results = await imports.import_rows([row("a@example.com"), row("nobody@"), row("b@example.com")], AUTHOR)
    assert outcomes(results) == [CREATED, REJECTED, CREATED]
    assert [(each.field, each.reason) for each in results[1].violations] == [("address", "MALFORMED")]
    assert {each.name for each in await stored(world)} == {results[0].name, results[2].name}


async def test_an_import_that_is_repeated_changes_nothing(world: World, imports: ImportSuppressions) -> None:
    rows = [row("Jane@example.com"), row("*.example.com", scope=SuppressionScope.MARKETING)]
    first = await imports.import_rows(rows, AUTHOR)
    before = await stored(world), len(events(world))
    again = await imports.import_rows([row("JANE@Example.com"), rows[1]], AUTHOR)
    assert outcomes(again) == [UNCHANGED, UNCHANGED]
    assert [each.name for each in again] == [each.name for each in first]
    assert (await stored(world), len(events(world))) == before


@pytest.mark.parametrize(
    ("earlier", "later", "outcome"),
    [
        ({"expire_time": 1}, {"expire_time": 2}, UPDATED),
        ({"expire_time": 1}, {}, UPDATED),
        ({"expire_time": 2}, {"expire_time": 1}, UNCHANGED),
        ({}, {"expire_time": 1}, UNCHANGED),
        ({"scope": SuppressionScope.MARKETING}, {}, UPDATED),
        ({}, {"scope": SuppressionScope.MARKETING}, UNCHANGED),
        ({}, {"reason": SuppressionReason.COMPLAINT}, CREATED),
    ],
)
async def test_a_row_makes_a_suppression_hold_for_longer_or_for_more_and_never_for_less(
    world: World,
    imports: ImportSuppressions,
    earlier: dict[str, Any],
    later: dict[str, Any],
    outcome: ImportOutcome,
) -> None:
    def ahead(fields: dict[str, Any]) -> dict[str, Any]:
        hours = {name: world.clock.now() + span * HOUR for name, span in fields.items() if name == "expire_time"}
        return fields | hours

    (first,) = await imports.import_rows([row(**ahead(earlier))], AUTHOR)
    (second,) = await imports.import_rows([row(**ahead(later))], AUTHOR)
    assert second.outcome is outcome
    assert (second.name == first.name) is (outcome is not CREATED)
    found = {each.name: each for each in await stored(world)}[second.name]
    lasting = earlier if outcome is UNCHANGED else later
    assert found.expire_time == ahead(lasting).get("expire_time")
    assert found.scope is lasting.get("scope", SuppressionScope.ALL)


async def test_rows_about_one_target_are_taken_in_their_order(world: World, imports: ImportSuppressions) -> None:
    rows = [row(scope=SuppressionScope.MARKETING), row(), row(scope=SuppressionScope.MARKETING)]
    results = await imports.import_rows(rows, AUTHOR)
    assert outcomes(results) == [CREATED, UPDATED, UNCHANGED]
    (only,) = await stored(world)
    assert (only.scope, {each.name for each in results}) == (SuppressionScope.ALL, {only.name})
    assert [event.type for event in events(world)] == [EventType.SUPPRESSION_CREATED, EventType.SUPPRESSION_UPDATED]


async def test_what_has_expired_is_created_anew(world: World, imports: ImportSuppressions) -> None:
    (first,) = await imports.import_rows([row(expire_time=world.clock.now() + HOUR)], AUTHOR)
    world.clock.advance(HOUR)
    (second,) = await imports.import_rows([row()], AUTHOR)
    assert second.outcome is CREATED
    assert [each.name for each in await stored(world)] == [second.name] != [first.name]


async def test_as_many_rows_as_are_allowed_are_stored_in_several_commits(
    world: World, imports: ImportSuppressions
) -> None:
    rows = [row(f"r{place}@example.com") for place in range(MAX_ROWS)]
    assert outcomes(await imports.import_rows(rows, AUTHOR)) == [CREATED] * MAX_ROWS
    assert len(await stored(world)) == MAX_ROWS
    for wrong in ([], [*rows, row()]):
        with pytest.raises(InvalidFields):
            await imports.import_rows(wrong, AUTHOR)


async def test_rows_hold_in_the_sandbox_of_their_caller_alone(world: World, imports: ImportSuppressions) -> None:
    await imports.import_rows([row()], AUTHOR)
    other = replace(AUTHOR, visibility=replace(AUTHOR.visibility, sandbox="staging"))
    assert outcomes(await imports.import_rows([row()], other)) == [CREATED]
