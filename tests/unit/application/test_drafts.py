"""Drafts: written, read, changed, deleted."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from clarion_server.application.campaigns.drafts import EDITABLE_FIELDS, CreateCampaign, Draft, UpdateCampaign
from clarion_server.application.ports.queries import CampaignQuery
from clarion_server.domain.campaign_states import CampaignState
from clarion_server.domain.campaigns.campaign import QueueDisposal
from clarion_server.domain.campaigns.campaign_definition import CampaignDefinition, Schedule
from clarion_server.domain.category import Category
from clarion_server.domain.errors import (
    EtagMismatch,
    IllegalTransition,
    InvalidFields,
    ResourceExists,
    ResourceNotFound,
)
from clarion_server.domain.instant import HOUR
from clarion_server.domain.violation import Violation

from tests.unit.application.world import AUTHOR, DEFINITION, STRANGER, World

UNREAD = Violation("category", "UNKNOWN_VALUE", "Must be one of TRANSACTIONAL, MARKETING.")


def fields_of(error: pytest.ExceptionInfo[InvalidFields]) -> list[str]:
    return [violation.field for violation in error.value.violations]


async def test_a_new_campaign_is_a_draft_of_its_creator(world: World) -> None:
    campaign = await world.draft()
    assert campaign == await world.get()
    assert (campaign.name, campaign.state, campaign.definition) == (
        "campaigns/order-confirmed",
        CampaignState.DRAFT,
        DEFINITION,
    )
    assert (campaign.creator, campaign.updater) == (AUTHOR.name, AUTHOR.name)
    assert campaign.create_time == campaign.update_time == world.clock.now()
    assert campaign.draft_pending
    assert campaign.live_version == 0


async def test_a_name_is_taken_once_in_a_sandbox(world: World) -> None:
    await world.draft()
    with pytest.raises(ResourceExists) as refused:
        await world.draft()
    assert refused.value.resource == "campaigns/order-confirmed"
    elsewhere = await world.authoring.create(CreateCampaign("order-confirmed", Draft(DEFINITION)), STRANGER)
    assert elsewhere.sandbox == STRANGER.sandbox


async def test_everything_wrong_with_a_new_campaign_is_reported_by_paths_in_the_request(world: World) -> None:
    draft = Draft(replace(DEFINITION, display_name="", category=None), (UNREAD,))
    with pytest.raises(InvalidFields) as refused:
        await world.authoring.create(CreateCampaign("Order", draft), AUTHOR)
    assert fields_of(refused) == ["campaign_id", "campaign.category", "campaign.display_name"]
    reasons = [violation.reason for violation in refused.value.violations]
    assert reasons == ["MALFORMED", "UNKNOWN_VALUE", "REQUIRED"]


async def test_a_campaign_of_another_sandbox_is_not_there(world: World) -> None:
    await world.draft()
    with pytest.raises(ResourceNotFound) as refused:
        await world.authoring.get("order-confirmed", STRANGER)
    assert refused.value.resource == "campaigns/order-confirmed"


async def test_a_campaign_is_shown_as_its_schedule_has_it_now(world: World) -> None:
    now = world.clock.now()
    await world.live(schedule=Schedule(now + HOUR, now + 2 * HOUR))
    assert (await world.get()).state is CampaignState.SCHEDULED
    world.clock.advance(HOUR)
    assert (await world.get()).state is CampaignState.LIVE
    world.clock.advance(HOUR)
    assert (await world.get()).state is CampaignState.COMPLETED


async def test_a_page_shows_the_campaigns_of_the_sandbox(world: World) -> None:
    for campaign_id in ("b", "a"):
        await world.draft(campaign_id)
    page = await world.authoring.page(CampaignQuery(AUTHOR.visibility))
    assert [campaign.id for campaign in page] == ["a", "b"]
    assert await world.authoring.page(CampaignQuery(STRANGER.visibility)) == []


async def test_an_update_changes_the_named_fields_alone(world: World) -> None:
    before = await world.draft(description="Sent after checkout.", tags=("orders",))
    world.clock.advance(HOUR)
    after = await world.update(tags=("checkout",), default_locale="de")
    assert after == await world.get()
    assert after.definition == replace(before.definition, default_locale="de")
    assert after.tags == ("checkout",)
    assert after.etag != before.etag
    assert (after.create_time, after.update_time) == (before.create_time, before.create_time + HOUR)


async def test_every_field_of_a_definition_can_be_changed(world: World) -> None:
    await world.draft()
    other = CampaignDefinition("Other", Category.MARKETING, DEFINITION.actions, "x", "de", "crm")
    command = UpdateCampaign("order-confirmed", Draft(other, tags=("y",)), EDITABLE_FIELDS)
    updated = await world.authoring.update(command, AUTHOR)
    assert (updated.definition, updated.tags) == (other, ("y",))


async def test_an_update_that_breaks_a_rule_changes_nothing(world: World) -> None:
    before = await world.draft()
    with pytest.raises(InvalidFields) as refused:
        await world.update(display_name="", tags=("a", "a"))
    assert fields_of(refused) == ["campaign.display_name", "campaign.tags[1]"]
    assert await world.get() == before


async def test_violations_of_fields_that_stay_as_they_are_do_no_harm(world: World) -> None:
    await world.draft()
    draft = Draft(replace(DEFINITION, category=None, description="New"), (UNREAD,))
    updated = await world.authoring.update(UpdateCampaign("order-confirmed", draft, frozenset({"description"})), AUTHOR)
    assert (updated.definition.description, updated.definition.category) == ("New", Category.TRANSACTIONAL)
    with pytest.raises(InvalidFields) as refused:
        await world.authoring.update(UpdateCampaign("order-confirmed", draft, frozenset({"category"})), AUTHOR)
    assert fields_of(refused) == ["campaign.category"]


async def test_violations_of_the_request_are_reported_with_those_of_the_draft(world: World) -> None:
    await world.draft()
    mask = Violation("update_mask.paths[1]", "IMMUTABLE", "'state' cannot be changed.")
    draft = Draft(replace(DEFINITION, display_name=""))
    command = UpdateCampaign("order-confirmed", draft, frozenset({"display_name"}), violations=(mask,))
    with pytest.raises(InvalidFields) as refused:
        await world.authoring.update(command, AUTHOR)
    assert fields_of(refused) == ["update_mask.paths[1]", "campaign.display_name"]


async def test_an_update_from_an_outdated_reading_is_refused(world: World) -> None:
    read = await world.draft()
    await world.update(etag=read.etag, description="First")
    with pytest.raises(EtagMismatch):
        await world.update(etag=read.etag, description="Second")
    assert (await world.get()).definition.description == "First"


async def test_updates_at_the_same_time_lose_nothing(world: World) -> None:
    await world.draft()
    changes: list[dict[str, Any]] = [{"description": "x"}, {"tags": ("y",)}, {"default_locale": "de"}]
    await asyncio.gather(*(world.update(**change) for change in changes))
    campaign = await world.get()
    definition = campaign.definition
    assert (definition.description, campaign.tags, definition.default_locale) == ("x", ("y",), "de")


async def test_editing_a_live_campaign_edits_a_draft_beside_it(world: World) -> None:
    live = await world.live()
    edited = await world.update(description="New")
    assert (edited.state, edited.live_version, edited.draft_pending) == (CampaignState.LIVE, 1, True)
    (version,) = await world.authoring.versions("order-confirmed", None, 10, AUTHOR)
    assert version.definition == live.definition
    back = await world.update(description=live.definition.description)
    assert not back.draft_pending


async def test_the_etag_of_a_campaign_that_its_schedule_moved_is_good_for_an_update(world: World) -> None:
    await world.live(schedule=Schedule(world.clock.now() + HOUR))
    world.clock.advance(HOUR)
    seen = await world.get()
    assert (await world.stored()).state is CampaignState.SCHEDULED
    updated = await world.update(etag=seen.etag, description="New")
    assert updated.state is CampaignState.LIVE
    assert await world.stored() == updated


async def test_a_stopped_campaign_cannot_be_changed(world: World) -> None:
    await world.live()
    await world.life_cycle.stop("order-confirmed", QueueDisposal.DRAIN, "", AUTHOR)
    with pytest.raises(IllegalTransition) as refused:
        await world.update(description="New")
    assert (refused.value.transition, refused.value.state) == ("update", "STOPPED")


async def test_a_campaign_that_was_never_activated_can_be_deleted(world: World) -> None:
    campaign = await world.draft()
    await world.authoring.delete("order-confirmed", campaign.etag, AUTHOR)
    with pytest.raises(ResourceNotFound):
        await world.get()


async def test_a_campaign_that_was_activated_stays(world: World) -> None:
    live = await world.live()
    with pytest.raises(IllegalTransition) as refused:
        await world.authoring.delete("order-confirmed", "", AUTHOR)
    assert refused.value.allowed_states == ("DRAFT",)
    assert await world.get() == live


async def test_a_deletion_from_an_outdated_reading_is_refused(world: World) -> None:
    read = await world.draft()
    await world.update(description="New")
    with pytest.raises(EtagMismatch):
        await world.authoring.delete("order-confirmed", read.etag, AUTHOR)


async def test_versions_are_listed_newest_first(world: World) -> None:
    await world.live()
    for description in ("two", "three"):
        await world.update(description=description)
        await world.activate()
    newest = await world.authoring.versions("order-confirmed", None, 2, AUTHOR)
    oldest = await world.authoring.versions("order-confirmed", 2, 2, AUTHOR)
    assert [version.number for version in newest + oldest] == [3, 2, 1]
    with pytest.raises(ResourceNotFound):
        await world.authoring.versions("order-confirmed", None, 2, STRANGER)


async def test_every_committed_change_is_announced(world: World) -> None:
    await world.draft()
    updated = await world.update(description="New")
    assert world.announced == [updated]
    with pytest.raises(InvalidFields):
        await world.update(display_name="")
    assert world.announced == [updated]
    await world.authoring.delete("order-confirmed", "", AUTHOR)
    assert world.announced == [updated, updated]
