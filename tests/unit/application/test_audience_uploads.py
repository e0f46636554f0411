"""Identities that are uploaded to the list of an audience: at once, or as a list that takes the place of another."""

from __future__ import annotations

from typing import Any

import pytest
from clarion_server.adapters.conditions import CelConditionCompiler
from clarion_server.application.audiences import uploading
from clarion_server.application.audiences.counting import AudienceCounter
from clarion_server.application.audiences.selection import AudienceSelector
from clarion_server.application.audiences.uploading import (
    MAX_IDENTITIES,
    AudienceUploads,
    Uploaded,
    UploadIdentities,
    purge_lists,
)
from clarion_server.domain.audiences.audience import Audience
from clarion_server.domain.errors import InvalidFields, ResourceNotFound
from clarion_server.domain.instant import DAY, HOUR
from clarion_server.domain.people.import_place import ImportPlace

from tests.unit.application.world import AUTHOR, START, STRANGER, World


@pytest.fixture
async def vip(world: World) -> Audience:
    """Returns an audience that is a list."""
    made = Audience(sandbox="default", id="vip", display_name="VIP", create_time=START, update_time=START)
    return await world.transactions.write(lambda unit: unit.audiences.add(made))


@pytest.fixture
def uploads(world: World, vip: Audience) -> AudienceUploads:
    return AudienceUploads(world.transactions, world.identities, world.clock)


async def upload(uploads: AudienceUploads, *identities: str, caller: Any = AUTHOR, **fields: Any) -> Uploaded:
    return await uploads.upload(UploadIdentities("vip", identities, **fields), caller)


async def listed(world: World) -> list[str]:
    selector = AudienceSelector(world.transactions, CelConditionCompiler(), world.clock)
    counted = await AudienceCounter(world.transactions, selector, world.clock).sample("vip", 100, AUTHOR)
    return [str(member.identity) for member in counted.sample]


async def test_identities_are_normalised_and_each_is_listed_once(world: World, uploads: AudienceUploads) -> None:
    first = await upload(uploads, "email:Jane@Example.com", "crm:1", "email:jane@example.com")
    assert (first.added_count, first.repeated_count, first.rejected) == (2, 1, [])
    second = await upload(uploads, "email:JANE@example.com", "phone:+44 7911 123456")
    assert (second.added_count, second.repeated_count) == (1, 1)
    assert second.identity_list is not None
    assert second.identity_list.identity_count == 3
    assert await listed(world) == ["crm:1", "email:Jane@Example.com", "phone:+44 7911 123456"]


async def test_what_is_no_identity_is_refused_with_its_place_and_the_rest_is_listed(
    world: World, uploads: AudienceUploads
) -> None:
    uploaded = await upload(uploads, "email:nobody", "crm:1", "", "phone:112")
    found = [(index, violation.field, violation.reason) for index, violation in uploaded.rejected]
    assert found == [
        (0, "identities[0]", "MALFORMED"),
        (2, "identities[2]", "REQUIRED"),
        (3, "identities[3]", "MALFORMED"),
    ]
    assert await listed(world) == ["crm:1"]


async def test_an_upload_takes_the_place_of_the_list_when_it_is_complete(
    world: World, uploads: AudienceUploads
) -> None:
    await upload(uploads, "crm:1")
    await upload(uploads, "crm:2", upload_id="new")
    assert await listed(world) == ["crm:1"]
    uploaded = await upload(uploads, "crm:3", upload_id="new", completes=True)
    assert uploaded.identity_list is not None
    assert uploaded.identity_list.identity_count == 2
    assert await listed(world) == ["crm:2", "crm:3"]


async def test_a_call_whose_answer_was_lost_may_be_repeated(world: World, uploads: AudienceUploads) -> None:
    for _ in range(2):
        await upload(uploads, "crm:1", upload_id="new")
    for _ in range(2):
        await upload(uploads, upload_id="new", completes=True)
    assert await listed(world) == ["crm:1"]


async def test_an_upload_whose_list_was_replaced_is_over(uploads: AudienceUploads) -> None:
    await upload(uploads, "crm:1", upload_id="old", completes=True)
    await upload(uploads, "crm:2", upload_id="new", completes=True)
    with pytest.raises(InvalidFields) as refused:
        await upload(uploads, "crm:3", upload_id="old")
    assert [(each.field, each.reason) for each in refused.value.violations] == [("upload_id", "ALREADY_USED")]


@pytest.mark.parametrize(
    ("identities", "fields", "expected"),
    [
        ((), {}, ("identities", "REQUIRED")),
        (("crm:1",) * (MAX_IDENTITIES + 1), {}, ("identities", "TOO_MANY")),
        (("crm:1",), {"completes": True}, ("upload_id", "REQUIRED")),
        (("crm:1",), {"upload_id": "a b"}, ("upload_id", "MALFORMED")),
        (("crm:1",), {"upload_id": "a" * 65}, ("upload_id", "MALFORMED")),
    ],
)
async def test_a_call_that_breaks_a_rule_is_refused(
    uploads: AudienceUploads, identities: tuple[str, ...], fields: dict[str, Any], expected: tuple[str, str]
) -> None:
    with pytest.raises(InvalidFields) as refused:
        await upload(uploads, *identities, **fields)
    assert [(each.field, each.reason) for each in refused.value.violations] == [expected]


async def test_a_list_has_so_many_identities_at_most(
    world: World, uploads: AudienceUploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploading, "MAX_LISTED", 1)
    await upload(uploads, "crm:1")
    with pytest.raises(InvalidFields):
        await upload(uploads, "crm:2")
    assert await listed(world) == ["crm:1"]


async def test_an_audience_by_a_condition_has_no_list(world: World, uploads: AudienceUploads) -> None:
    made = Audience(
        sandbox="default", id="gold", display_name="Gold", create_time=START, update_time=START, condition="true"
    )
    await world.transactions.write(lambda unit: unit.audiences.add(made))
    with pytest.raises(InvalidFields) as refused:
        await uploads.upload(UploadIdentities("gold", ["crm:1"]), AUTHOR)
    assert [(each.field, each.reason) for each in refused.value.violations] == [("name", "NOT_ALLOWED")]


async def test_nobody_fills_a_list_of_another_sandbox(uploads: AudienceUploads) -> None:
    with pytest.raises(ResourceNotFound):
        await upload(uploads, "crm:1", caller=STRANGER)


async def purge_all(world: World, limit: int = 9) -> None:
    while await world.transactions.write(lambda unit: purge_lists(unit, world.clock.now(), limit)):
        pass


async def part(uploads: AudienceUploads, position: int, *identities: str, **fields: Any) -> Uploaded:
    """Sends a part of the upload `june` by a stream."""
    return await upload(
        uploads,
        *identities,
        upload_id="june",
        place=ImportPlace("default", "audiences/vip", "june", position),
        **fields,
    )


async def test_an_upload_that_was_left_for_a_day_begins_anew_when_it_is_repeated(
    world: World, uploads: AudienceUploads
) -> None:
    await part(uploads, 0, "crm:1", "crm:2")
    world.clock.advance(DAY + 1)
    await purge_all(world)
    with pytest.raises(InvalidFields) as refused:
        await part(uploads, 2, "crm:3", completes=True)
    assert [each.reason for each in refused.value.violations] == ["OUT_OF_RANGE"]
    repeated = await part(uploads, 0, "crm:1", "crm:2")
    assert (repeated.added_count, repeated.repeated_count) == (2, 0)
    await part(uploads, 2, "crm:3", completes=True)
    assert await listed(world) == ["crm:1", "crm:2", "crm:3"]


async def test_an_upload_that_was_replaced_and_is_repeated_later_has_all_its_identities(
    world: World, uploads: AudienceUploads
) -> None:
    await part(uploads, 0, "crm:1", completes=True)
    await upload(uploads, "crm:2", upload_id="july", completes=True)
    world.clock.advance(HOUR + 1)
    await purge_all(world)
    await part(uploads, 0, "crm:1", completes=True)
    assert await listed(world) == ["crm:1"]


async def test_an_upload_goes_on_with_its_list_and_answers_what_was_added_before(
    world: World, uploads: AudienceUploads
) -> None:
    await part(uploads, 0, "crm:1", "crm:2")
    world.clock.advance(DAY)
    await purge_all(world)
    await part(uploads, 2, "crm:3")
    again = await part(uploads, 2, "crm:3", completes=True)
    assert again.added_count == 1
    assert await listed(world) == ["crm:1", "crm:2", "crm:3"]


async def test_nobody_goes_on_with_an_upload_while_it_is_deleted(world: World, uploads: AudienceUploads) -> None:
    await part(uploads, 0, "crm:1", "crm:2")
    world.clock.advance(DAY + 1)
    assert await world.transactions.write(lambda unit: purge_lists(unit, world.clock.now(), 1)) == 1
    with pytest.raises(InvalidFields) as refused:
        await part(uploads, 2, "crm:3", completes=True)
    assert [(each.field, each.reason) for each in refused.value.violations] == [("upload_id", "ALREADY_USED")]
    await purge_all(world, 1)
    await part(uploads, 0, "crm:1", "crm:2", "crm:3", completes=True)
    assert await listed(world) == ["crm:1", "crm:2", "crm:3"]


async def test_an_upload_to_which_nothing_was_added_is_not_completed(world: World, uploads: AudienceUploads) -> None:
    await upload(uploads, "crm:1")
    await upload(uploads, "crm:2", upload_id="left")
    world.clock.advance(DAY + 1)
    await purge_all(world)
    with pytest.raises(InvalidFields) as refused:
        await upload(uploads, upload_id="left", completes=True)
    assert [(each.field, each.reason) for each in refused.value.violations] == [("upload_id", "UPLOAD_UNKNOWN")]
    assert await listed(world) == ["crm:1"]


async def test_replaced_and_abandoned_lists_are_purged(world: World, uploads: AudienceUploads) -> None:
    await upload(uploads, "crm:1")
    await upload(uploads, "crm:2", upload_id="abandoned")
    await upload(uploads, "crm:3", upload_id="new", completes=True)

    async def purge() -> int:
        return await world.transactions.write(lambda unit: purge_lists(unit, world.clock.now(), 9))

    world.clock.advance(HOUR)
    assert await purge() == 0
    world.clock.advance(1)
    assert [await purge(), await purge()] == [2, 0]
    world.clock.advance(DAY)
    assert [await purge(), await purge()] == [2, 0]
    assert await listed(world) == ["crm:3"]
