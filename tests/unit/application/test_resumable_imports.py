"""A row of an import is handled once, however often its request is sent."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from clarion_server.adapters.system import SystemIds
from clarion_server.application import resumable_imports
from clarion_server.application.audiences.uploading import AudienceUploads, Uploaded, UploadIdentities
from clarion_server.application.profiles.profile_import import ImportProfiles
from clarion_server.application.profiles.profiles import UpdateProfile
from clarion_server.application.suppressions.entries import CreateSuppression
from clarion_server.application.suppressions.importing import ImportSuppressions
from clarion_server.bootstrap.people import choice_recorder
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.audiences.audience import Audience
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.instant import DAY
from clarion_server.domain.people.import_place import ImportPlace
from clarion_server.domain.people.import_result import ImportOutcome, ImportResult

from tests.unit.application.test_profile_imports import CALLER, outcomes, profile, profiles, row
from tests.unit.application.world import START, World

CREATED, _, UNCHANGED, REJECTED, IMPORTED_BEFORE = ImportOutcome
PLACE = ImportPlace("default", "profiles", "june", 0)
COUNT = 250


@pytest.fixture
def imports(world: World) -> ImportProfiles:
    ids = SystemIds()
    return ImportProfiles(world.transactions, world.identities, choice_recorder(world.clock, ids), world.clock, ids)


@pytest.fixture
async def uploads(world: World) -> AudienceUploads:
    made = Audience(sandbox="default", id="vip", display_name="VIP", create_time=START, update_time=START)
    await world.transactions.write(lambda unit: unit.audiences.add(made))
    return AudienceUploads(world.transactions, world.identities, world.clock)


def people(count: int = COUNT) -> list[Any]:
    """More than one commit takes, with a row that is rejected."""
    rows = [row(f"crm:{number}", attributes={"plan": "free"}) for number in range(count)]
    return [*rows[:-1], row("phone:not a number")]


async def test_rows_that_were_handled_get_their_answers_again_and_are_left_alone(
    world: World, imports: ImportProfiles
) -> None:
    first = await imports.import_rows(people(), CALLER, PLACE)
    assert outcomes(first) == [CREATED] * (COUNT - 1) + [REJECTED]
    await change_plan(world, "crm:7", "gold")
    assert await imports.import_rows(people(), CALLER, PLACE) == first
    assert (await profile(world, "crm:7")).attributes == {"plan": "gold"}


async def test_only_the_rows_that_were_not_handled_are_handled(world: World, imports: ImportProfiles) -> None:
    """Finds the store as it is after a crash between the commits of a request."""
    first = await imports.import_rows(people()[:130], CALLER, PLACE)
    # One of a commit that had the rows from 100 to 200 to handle.
    await change_plan(world, "crm:129", "gold")
    whole = await imports.import_rows(people(), CALLER, PLACE)
    assert whole[:130] == first
    assert outcomes(whole) == [CREATED] * (COUNT - 1) + [REJECTED]
    assert len(await profiles(world)) == COUNT - 1
    assert (await profile(world, "crm:129")).attributes == {"plan": "gold"}


async def test_requests_may_be_cut_elsewhere_when_they_are_sent_again(imports: ImportProfiles) -> None:
    first = await imports.import_rows(people(), CALLER, PLACE)
    assert await imports.import_rows(people()[37:142], CALLER, replace(PLACE, position=37)) == first[37:142]


async def test_a_row_whose_answer_is_not_kept_was_imported_before(
    imports: ImportProfiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resumable_imports, "KEPT_RESULTS", 100)
    first = await imports.import_rows(people(), CALLER, PLACE)
    again = await imports.import_rows(people(), CALLER, PLACE)
    assert again[-50:] == first[-50:]
    assert set(again[:100]) == {ImportResult(IMPORTED_BEFORE)}


async def test_no_row_before_a_request_may_be_missing(world: World, imports: ImportProfiles) -> None:
    await imports.import_rows(people()[:10], CALLER, PLACE)
    with pytest.raises(InvalidFields) as refused:
        await imports.import_rows([row("crm:late")], CALLER, replace(PLACE, position=11))
    (violation,) = refused.value.violations
    assert (violation.field, violation.reason) == ("position", "OUT_OF_RANGE")
    assert "10" in violation.description
    assert len(await profiles(world)) == 10


@pytest.mark.parametrize(
    ("place", "field"),
    [
        (replace(PLACE, import_id=""), "import_id"),
        (replace(PLACE, import_id="a b"), "import_id"),
        (replace(PLACE, import_id="a" * 65), "import_id"),
        (replace(PLACE, position=-1), "position"),
    ],
)
async def test_a_place_that_breaks_rules_is_refused(imports: ImportProfiles, place: ImportPlace, field: str) -> None:
    with pytest.raises(InvalidFields) as refused:
        await imports.import_rows([], CALLER, place)
    assert [violation.field for violation in refused.value.violations] == [field, "profiles"]


async def test_two_sandboxes_import_under_the_same_id(imports: ImportProfiles) -> None:
    staging = replace(CALLER, visibility=Visibility("staging"))
    await imports.import_rows([row("crm:1")], CALLER, PLACE)
    there = await imports.import_rows([row("crm:1")], staging, replace(PLACE, sandbox="staging"))
    assert outcomes(there) == [CREATED]


async def test_an_import_is_forgotten_a_week_after_its_last_row(world: World, imports: ImportProfiles) -> None:
    await imports.import_rows([row("crm:1")], CALLER, PLACE)
    for now, purged in ((START + 7 * DAY, 0), (START + 7 * DAY + 1, 1)):
        purge = partial(resumable_imports.purge_imports, now=now, limit=9)
        assert await world.transactions.write(purge) == purged
    assert outcomes(await imports.import_rows([row("crm:1")], CALLER, PLACE)) == [UNCHANGED]


async def test_suppressions_are_stored_once(world: World) -> None:
    imports = ImportSuppressions(world.transactions, world.clock, SystemIds())
    place = replace(PLACE, collection="suppressions")
    rows = [suppression(f"a{number}@example.com") for number in range(COUNT)]
    first = await imports.import_rows(rows, CALLER, place)
    assert outcomes(first) == [CREATED] * COUNT
    assert await imports.import_rows(rows, CALLER, place) == first


async def test_identities_are_added_once_and_counted_as_before(world: World, uploads: AudienceUploads) -> None:
    texts = [*(f"crm:{number}" for number in range(COUNT)), "crm:1", "phone:nobody"]
    command = UploadIdentities("vip", texts, place=replace(PLACE, collection="audiences/vip"))
    first = await uploads.upload(command, CALLER)
    assert counts(first) == (COUNT, 1, [COUNT + 1])
    again = await uploads.upload(command, CALLER)
    assert counts(again) == counts(first)
    assert again.identity_list == first.identity_list


def counts(uploaded: Uploaded) -> tuple[int, int, list[int]]:
    return uploaded.added_count, uploaded.repeated_count, [index for index, _ in uploaded.rejected]


def suppression(address: str) -> CreateSuppression:
    return CreateSuppression(address, "address")


async def change_plan(world: World, identity: str, plan: str) -> None:
    stored = await profile(world, identity)
    fields = replace(row(identity).fields, attributes={"plan": plan})
    await world.profiles.update(UpdateProfile(stored.id, fields, frozenset({"attributes"})), CALLER)
