"""Audiences: made, changed, deleted, and their conditions checked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from clarion_server.adapters.conditions import CelConditionCompiler
from clarion_server.application.audiences.audiences import ManageAudiences
from clarion_server.application.resources import CreateResource, ResourceInput, UpdateResource
from clarion_server.domain.audiences.audience import Audience
from clarion_server.domain.errors import (
    AudienceConditionInvalid,
    EtagMismatch,
    InvalidFields,
    ResourceExists,
    ResourceNotFound,
)
from clarion_server.domain.violation import Violation

from tests.unit.application.consenting import make_topic
from tests.unit.application.world import AUTHOR, STRANGER, World

GOLD = Audience(
    sandbox="", id="", display_name="Gold", create_time=0, update_time=0, condition="profile.attributes.plan == 'gold'"
)


@pytest.fixture
def audiences(world: World) -> ManageAudiences:
    return ManageAudiences(world.transactions, CelConditionCompiler(), world.clock)


async def create(
    audiences: ManageAudiences, audience_id: str = "gold", *, validate_only: bool = False, **changes: Any
) -> Audience:
    command = CreateResource(audience_id, ResourceInput(replace(GOLD, **changes)), validate_only)
    return await audiences.create(command, AUTHOR)


async def update(
    audiences: ManageAudiences, etag: str = "", *, validate_only: bool = False, **changes: Any
) -> Audience:
    sent = ResourceInput(replace(GOLD, **changes))
    command = UpdateResource("gold", sent, frozenset(changes), etag, validate_only=validate_only)
    return await audiences.update(command, AUTHOR)


async def test_a_new_audience_is_kept_in_its_sandbox(world: World, audiences: ManageAudiences) -> None:
    created = await create(audiences)
    assert created == await audiences.get("gold", AUTHOR)
    assert (created.name, created.create_time) == ("audiences/gold", world.clock.now())
    with pytest.raises(ResourceExists):
        await create(audiences)
    with pytest.raises(ResourceNotFound):
        await audiences.get("gold", STRANGER)


async def test_everything_wrong_with_a_new_one_is_reported_by_paths_in_the_request(audiences: ManageAudiences) -> None:
    with pytest.raises(InvalidFields) as refused:
        await create(audiences, "Gold", display_name="", description="\0", condition="1 +")
    assert [(violation.field, violation.reason) for violation in refused.value.violations] == [
        ("audience_id", "MALFORMED"),
        ("audience.display_name", "REQUIRED"),
        ("audience.description", "MALFORMED"),
        ("audience.condition", "CONDITION_INVALID"),
    ]


async def test_a_condition_that_is_all_that_is_wrong_has_an_error_of_its_own(audiences: ManageAudiences) -> None:
    with pytest.raises(AudienceConditionInvalid) as refused:
        await create(audiences, condition="true &&\n (nobody || 1 + 'a' == 2)")
    error = refused.value
    assert (error.line, error.column) == (2, 3)
    assert error.violations == (
        Violation("audience.condition", "CONDITION_INVALID", "Line 2, column 3: Undeclared reference to 'nobody'."),
        Violation(
            "audience.condition",
            "CONDITION_INVALID",
            "Line 2, column 15: Found no matching overload for '_+_' applied to '(int, string)'.",
        ),
    )


async def test_a_condition_about_a_topic_needs_a_topic_of_its_sandbox(world: World, audiences: ManageAudiences) -> None:
    with pytest.raises(AudienceConditionInvalid) as refused:
        await create(audiences, condition="consent('EMAIL', 'news') == 'GRANTED'")
    assert (refused.value.line, refused.value.column, refused.value.description) == (
        1,
        8,
        "There is no topic 'news' in this sandbox.",
    )
    await make_topic(world)
    await create(audiences, condition="consent('EMAIL', 'news') == 'GRANTED'")


async def test_a_topic_may_be_missing_while_a_call_only_validates(audiences: ManageAudiences) -> None:
    about_a_topic = "consent('EMAIL', 'news') == 'GRANTED'"
    await create(audiences, validate_only=True, condition=about_a_topic)
    created = await create(audiences)
    await update(audiences, created.etag, validate_only=True, condition=about_a_topic)
    with pytest.raises(AudienceConditionInvalid):
        await update(audiences, created.etag, condition=about_a_topic)


async def test_validating_stores_nothing(audiences: ManageAudiences) -> None:
    await create(audiences, validate_only=True)
    with pytest.raises(ResourceNotFound):
        await audiences.get("gold", AUTHOR)


async def test_a_sandbox_has_so_many_audiences_at_most(audiences: ManageAudiences) -> None:
    audiences.kind = replace(audiences.kind, most=1)
    await create(audiences)
    with pytest.raises(InvalidFields) as refused:
        await create(audiences, "silver")
    assert [violation.reason for violation in refused.value.violations] == ["TOO_MANY"]


async def test_an_update_changes_the_named_fields_and_the_etag(audiences: ManageAudiences) -> None:
    created = await create(audiences)
    updated = await update(audiences, created.etag, condition="profile.locale == 'de'")
    assert (updated.display_name, updated.condition) == ("Gold", "profile.locale == 'de'")
    assert updated == await audiences.get("gold", AUTHOR)
    with pytest.raises(EtagMismatch):
        await update(audiences, created.etag, display_name="Other")
    with pytest.raises(AudienceConditionInvalid):
        await update(audiences, condition="profile.plan")


@pytest.mark.parametrize(("stored", "sent"), [(None, "true"), ("true", None)])
async def test_an_audience_stays_a_list_or_by_a_condition(
    audiences: ManageAudiences, stored: str | None, sent: str | None
) -> None:
    await create(audiences, condition=stored)
    with pytest.raises(InvalidFields) as refused:
        await update(audiences, condition=sent)
    assert [(violation.field, violation.reason) for violation in refused.value.violations] == [
        ("audience.condition", "IMMUTABLE")
    ]


async def test_a_deleted_audience_is_gone(audiences: ManageAudiences) -> None:
    created = await create(audiences)
    with pytest.raises(EtagMismatch):
        await audiences.delete("gold", '"0-0"', AUTHOR)
    await audiences.delete("gold", created.etag, AUTHOR)
    with pytest.raises(ResourceNotFound):
        await audiences.delete("gold", "", AUTHOR)


async def test_the_list_of_a_deleted_audience_is_left_to_be_purged(world: World, audiences: ManageAudiences) -> None:
    created = await create(audiences, condition=None)
    await audiences.delete("gold", created.etag, AUTHOR)
    assert await world.transactions.read(lambda unit: unit.audiences.lists_of(created)) != {}
    later = world.clock.now() + 1
    await world.transactions.write(lambda unit: unit.audiences.purge_lists(0, later, 10))
    assert await world.transactions.read(lambda unit: unit.audiences.lists_of(created)) == {}
