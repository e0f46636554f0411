"""Campaigns that are copied, put aside and found again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from clarion_client import (
    AsyncClient,
    CampaignState,
    Category,
    Channel,
    HealthProblemCode,
    InvalidRequestError,
    NotFoundError,
    PreconditionFailedError,
    QueueDisposal,
    TagUse,
)

from tests.campaigns import CONTEXT, campaign
from tests.e2e.wire.conftest import Sandbox


async def names(client: AsyncClient, **filters: object) -> list[str]:
    return [each.name.removeprefix("campaigns/") async for each in client.campaigns.list(**filters)]  # type: ignore[arg-type] # filters by name


async def test_an_archived_campaign_is_out_of_sight_and_comes_back_as_it_was(orders: AsyncClient) -> None:
    with pytest.raises(PreconditionFailedError) as refused:
        await orders.campaigns.archive("orders")
    assert refused.value.reason == "ILLEGAL_TRANSITION"
    await orders.campaigns.stop("orders", QueueDisposal.DRAIN)
    archived = await orders.campaigns.archive("orders")
    assert archived.state is CampaignState.ARCHIVED
    assert await names(orders) == []
    assert await names(orders, states=[CampaignState.ARCHIVED]) == ["orders"]
    with pytest.raises(PreconditionFailedError) as refused:
        await orders.trigger("orders", to="jane@example.com", context=CONTEXT)
    assert refused.value.reason == "CAMPAIGN_NOT_LIVE"
    with pytest.raises(PreconditionFailedError):
        await orders.campaigns.update(replace(archived, description="Other"), ["description"])
    assert (await orders.reports.get("orders")).targeted_count == 0
    assert (await orders.campaigns.unarchive("orders")).state is CampaignState.STOPPED


async def test_tags_change_in_every_state_and_are_no_part_of_a_version(orders: AsyncClient) -> None:
    live = await orders.campaigns.get("orders")
    tagged = await orders.campaigns.update(replace(live, tags=("Shop", "Jane")), ["tags"])
    assert (tagged.draft_pending, tagged.tags) == (False, ("Shop", "Jane"))
    assert (await orders.campaigns.version("orders", 1)).snapshot.tags == ()
    await orders.campaigns.stop("orders", QueueDisposal.DRAIN)
    stopped = await orders.campaigns.get("orders")
    await orders.campaigns.update(replace(stopped, tags=("SHOP",)))
    assert await names(orders, tags=["shop"]) == ["orders"]
    assert [use async for use in orders.campaigns.tags()] == [TagUse(tag="SHOP", campaign_count=1)]


async def test_tags_have_pages(orders: AsyncClient) -> None:
    await orders.campaigns.create(campaign("many", "orders", tags=["c", "B", "a"]))
    assert [use.tag async for use in orders.campaigns.tags(page_size=1)] == ["a", "B", "c"]


async def test_a_copy_is_a_draft_of_its_own(orders: AsyncClient) -> None:
    live = await orders.campaigns.update(replace(await orders.campaigns.get("orders"), description="New", tags=("a",)))
    copy = await orders.campaigns.duplicate("orders", "copy", display_name="A copy")
    assert (copy.name, copy.state, copy.live_version) == ("campaigns/copy", CampaignState.DRAFT, 0)
    assert (copy.display_name, copy.description, copy.tags) == ("A copy", "New", ("a",))
    assert copy.actions == live.actions
    of_version = await orders.campaigns.duplicate("orders", "earlier", version=1)
    assert of_version.description == ""
    with pytest.raises(NotFoundError):
        await orders.campaigns.duplicate("orders", "third", version=9)
    with pytest.raises(InvalidRequestError) as refused:
        await orders.campaigns.duplicate("orders", "No Id", display_name="a\nb")
    assert [violation.field for violation in refused.value.violations] == ["campaign_id", "display_name"]


async def test_a_version_stays_readable_after_the_draft_has_changed(orders: AsyncClient) -> None:
    live = await orders.campaigns.get("orders")
    await orders.campaigns.update(replace(live, description="New"))
    await orders.campaigns.activate("orders")
    first = await orders.campaigns.version("orders", 1)
    assert (first.campaign, first.version, first.snapshot.description) == ("campaigns/orders", 1, "")
    assert (await orders.campaigns.version("orders", 2)).snapshot.description == "New"
    with pytest.raises(NotFoundError) as missing:
        await orders.campaigns.version("orders", 3)
    assert missing.value.metadata["resource"] == "campaigns/orders/versions/3"


async def test_lists_are_filtered_by_channel_creator_and_time(orders: AsyncClient, sandbox: Sandbox) -> None:
    (first,) = [each async for each in orders.campaigns.list()]
    await orders.campaigns.create(campaign("later", "orders", category=Category.TRANSACTIONAL))
    assert await names(orders, channels=[Channel.EMAIL]) == ["later", "orders"]
    assert await names(orders, channels=[Channel.WEBHOOK]) == []
    assert await names(orders, creator="me") == ["later", "orders"]
    assert await names(orders, creator=first.creator) == ["later", "orders"]
    assert await names(orders, creator="apiKeys/other") == []
    assert first.create_time is not None
    assert await names(orders, max_create_time=first.create_time) == ["orders"]
    later = await orders.campaigns.get("later")
    assert later.update_time is not None
    assert await names(orders, min_update_time=later.update_time) == ["later"]


async def test_a_live_campaign_tells_that_its_channel_configuration_is_disabled(orders: AsyncClient) -> None:
    healthy = await orders.campaigns.get("orders")
    assert healthy.health is not None
    assert healthy.health.problems == ()
    channel = await orders.channels.get("orders")
    await orders.channels.update(replace(channel, disabled=True), ["disabled"])
    (listed,) = [each async for each in orders.campaigns.list()]
    for found in (listed, await orders.campaigns.get("orders")):
        assert found.health is not None
        (problem,) = found.health.problems
        assert problem.code is HealthProblemCode.CHANNEL_CONFIGURATION_DISABLED
        assert problem.channel_configuration == channel.name
    await orders.campaigns.stop("orders", QueueDisposal.CANCEL)
    assert (await orders.campaigns.get("orders")).health is None
