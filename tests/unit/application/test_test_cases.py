"""Test cases: made, changed, copied and deleted beside their campaign."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from clarion_server.application.campaigns.drafts import DuplicateCampaign
from clarion_server.application.campaigns.test_cases import ManageTestCases, TestCases
from clarion_server.application.resources import CreateResource, ResourceInput, UpdateResource
from clarion_server.domain.campaigns.test_case import MAX_CONTEXT, MAX_PROFILE, MAX_TEST_CASES, TestCase
from clarion_server.domain.errors import EtagMismatch, InvalidFields, ResourceExists, ResourceNotFound
from clarion_server.domain.names import campaign_of_test_case

from tests.unit.application.world import AUTHOR, STRANGER, World

PLAIN = TestCase(sandbox="", id="", campaign_id="order-confirmed", create_time=0, update_time=0)


def cases_of(world: World, campaign_id: str = "order-confirmed") -> ManageTestCases:
    return TestCases(world.transactions, world.clock).of(campaign_id, AUTHOR.visibility)


async def create(world: World, case_id: str = "plain", *, validate_only: bool = False, **changes: Any) -> TestCase:
    command = CreateResource(case_id, ResourceInput(replace(PLAIN, **changes)), validate_only)
    return await cases_of(world).create(command, AUTHOR)


async def update(world: World, etag: str = "", **changes: Any) -> TestCase:
    command = UpdateResource("plain", ResourceInput(replace(PLAIN, **changes)), frozenset(changes), etag)
    return await cases_of(world).update(command, AUTHOR)


async def test_a_test_case_lives_beside_its_campaign(world: World) -> None:
    live = await world.live()
    created = await create(world, context={"order": {"id": "7"}}, locale="de")
    assert created.name == "campaigns/order-confirmed/testCases/plain"
    assert await cases_of(world).get("plain", AUTHOR) == created
    changed = await update(world, created.etag, display_name="One book")
    assert (changed.display_name, changed.locale, changed.revision) == ("One book", "de", 2)
    assert await cases_of(world).page(None, 9, AUTHOR) == [changed]
    assert await world.get() == live, "no draft and no revision of the campaign came of it"
    await cases_of(world).delete("plain", changed.etag, AUTHOR)
    assert await cases_of(world).page(None, 9, AUTHOR) == []


async def test_every_broken_rule_is_told_at_once(world: World) -> None:
    await world.draft()
    with pytest.raises(InvalidFields) as refused:
        await create(
            world,
            "No Id",
            display_name="a\nb",
            locale="deutsch!",
            context={"text": "x" * MAX_CONTEXT},
            profile={"text": "x" * MAX_PROFILE},
        )
    fields = [each.field for each in refused.value.violations]
    assert fields == [
        "test_case_id", "test_case.display_name", "test_case.locale", "test_case.context", "test_case.profile"
    ]  # fmt: skip


async def test_the_largest_data_are_taken(world: World) -> None:
    await world.draft()
    text = "x" * (MAX_CONTEXT - len('{"text":""}'))
    assert (await create(world, context={"text": text})).context == {"text": text}


async def test_a_campaign_has_so_many_test_cases_and_no_more(world: World) -> None:
    await world.draft()
    for number in range(MAX_TEST_CASES):
        await create(world, f"case-{number}")
    with pytest.raises(InvalidFields, match="100 test cases already"):
        await create(world)


async def test_a_campaign_that_is_not_there_is_told_last(world: World) -> None:
    """With `validate_only`, files are checked before their campaign is created."""
    with pytest.raises(InvalidFields):
        await create(world, validate_only=True, locale="deutsch!")
    with pytest.raises(ResourceNotFound, match="campaigns/order-confirmed"):
        await create(world, validate_only=True)


async def test_checking_alone_stores_nothing(world: World) -> None:
    await world.draft()
    await create(world, validate_only=True)
    with pytest.raises(ResourceNotFound):
        await cases_of(world).get("plain", AUTHOR)


async def test_a_name_is_taken_once(world: World) -> None:
    await world.draft()
    await create(world)
    with pytest.raises(ResourceExists):
        await create(world)


async def test_who_changes_what_somebody_changed_meanwhile_is_refused(world: World) -> None:
    await world.draft()
    created = await create(world)
    await update(world, locale="de")
    with pytest.raises(EtagMismatch):
        await update(world, created.etag, locale="fr")
    with pytest.raises(EtagMismatch):
        await cases_of(world).delete("plain", created.etag, AUTHOR)


async def test_another_sandbox_sees_no_test_case_and_no_campaign(world: World) -> None:
    await world.draft()
    await create(world)
    strange = TestCases(world.transactions, world.clock).of("order-confirmed", STRANGER.visibility)
    for attempt in (strange.get("plain", STRANGER), strange.page(None, 9, STRANGER)):
        with pytest.raises(ResourceNotFound):
            await attempt


async def test_a_duplicate_has_copies(world: World) -> None:
    await world.draft()
    created = await create(world, locale="de")
    await world.authoring.duplicate(DuplicateCampaign("order-confirmed", "copy"), AUTHOR)
    copied = await cases_of(world, "copy").get("plain", AUTHOR)
    assert copied == replace(created, campaign_id="copy", key=copied.key)
    await update(world, locale="fr")
    assert (await cases_of(world, "copy").get("plain", AUTHOR)).locale == "de"


async def test_a_deleted_campaign_takes_its_test_cases_along(world: World) -> None:
    await world.draft()
    await create(world)
    await world.authoring.delete("order-confirmed", "", AUTHOR)
    await world.draft()
    assert await cases_of(world).page(None, 9, AUTHOR) == []


@pytest.mark.parametrize(
    "name",
    ["", "plain", "campaigns/x", "campaigns/x/testCases", "campaigns/X/testCases/y", "x/testCases/y",
     "campaigns/x/testCases/y/z", "campaigns/x/versions/1"],
)  # fmt: skip
def test_a_name_without_a_campaign_is_refused(name: str) -> None:
    with pytest.raises(InvalidFields) as refused:
        campaign_of_test_case(name, "name")
    assert [each.field for each in refused.value.violations] == ["name"]


def test_the_name_tells_the_campaign() -> None:
    assert campaign_of_test_case("campaigns/order-confirmed/testCases/plain", "name") == "order-confirmed"
