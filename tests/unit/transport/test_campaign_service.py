"""CampaignService, from request to answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from clarion.v1 import campaign_life_cycle_pb2 as life_pb
from clarion.v1 import campaign_list_pb2 as list_pb
from clarion.v1 import (
    campaign_pb2,
    campaign_preview_pb2,
    campaign_version_pb2,
    category_pb2,
    email_content_pb2,
)
from clarion.v1 import campaign_service_pb2 as pb
from clarion_server.domain.errors import InvalidFields, InvalidPageToken
from clarion_server.domain.instant import HOUR
from clarion_server.transport.api.public_addresses import PublicAddresses
from clarion_server.transport.grpc.campaigns import CampaignService
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.struct_pb2 import Struct

from tests.unit.application.world import AUTHOR, STRANGER, World

NAME = "campaigns/order-confirmed"
CAMPAIGN = campaign_pb2.Campaign(
    name="campaigns/ignored",
    display_name="Order confirmed",
    category=category_pb2.CATEGORY_TRANSACTIONAL,
    actions=[
        campaign_pb2.Action(
            channel_configuration="channelConfigurations/orders",
            email=email_content_pb2.EmailContent(subject="Order {{ context.id }}", html="<p>Thank you</p>"),
        )
    ],
)
CAMPAIGN.context_schema.update({"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]})


@pytest.fixture
def world() -> Iterator[World]:
    with closing(World()) as made:
        yield made


@pytest.fixture
def service(world: World) -> CampaignService:
    return CampaignService(
        world.authoring,
        world.life_cycle,
        world.comparing,
        world.health,
        world.previewing,
        world.sampling,
        PublicAddresses(target="127.0.0.1:50051"),
    )


async def create(
    service: CampaignService, campaign_id: str = "order-confirmed", **fields: Any
) -> campaign_pb2.Campaign:
    campaign = campaign_pb2.Campaign()
    campaign.CopyFrom(CAMPAIGN)
    campaign.MergeFrom(campaign_pb2.Campaign(**fields))
    answer = await service.create_campaign(pb.CreateCampaignRequest(campaign_id=campaign_id, campaign=campaign), AUTHOR)
    return answer.campaign


async def ids(service: CampaignService, **query: Any) -> list[str]:
    answer = await service.list_campaigns(list_pb.ListCampaignsRequest(**query), AUTHOR)
    return [campaign.name.removeprefix("campaigns/") for campaign in answer.campaigns]


def violations(error: pytest.ExceptionInfo[InvalidFields]) -> list[tuple[str, str]]:
    return [(violation.field, violation.reason) for violation in error.value.violations]


async def test_a_campaign_goes_through_its_life(service: CampaignService, world: World) -> None:
    await world.channel()
    created = await create(service)
    assert (created.name, created.state) == (NAME, campaign_pb2.Campaign.STATE_DRAFT)
    review = await service.review_campaign(life_pb.ReviewCampaignRequest(name=NAME), AUTHOR)
    assert review.activatable
    request = life_pb.ActivateCampaignRequest(name=NAME, etag=created.etag)
    live = (await service.activate_campaign(request, AUTHOR)).campaign
    assert (live.state, live.live_version) == (campaign_pb2.Campaign.STATE_LIVE, 1)
    paused = (await service.pause_campaign(life_pb.PauseCampaignRequest(name=NAME, etag=live.etag), AUTHOR)).campaign
    assert paused.state == campaign_pb2.Campaign.STATE_PAUSED
    resumed = (await service.resume_campaign(life_pb.ResumeCampaignRequest(name=NAME), AUTHOR)).campaign
    assert resumed.state == campaign_pb2.Campaign.STATE_LIVE
    drain = life_pb.StopCampaignRequest.QUEUE_DISPOSAL_DRAIN
    stopped = await service.stop_campaign(life_pb.StopCampaignRequest(name=NAME, queue_disposal=drain), AUTHOR)
    assert (stopped.campaign.state, stopped.queued_count) == (campaign_pb2.Campaign.STATE_STOPPED, 0)
    assert (await service.get_campaign(pb.GetCampaignRequest(name=NAME), AUTHOR)).campaign == stopped.campaign


async def test_a_draft_can_be_deleted(service: CampaignService) -> None:
    created = await create(service)
    await service.delete_campaign(pb.DeleteCampaignRequest(name=NAME, etag=created.etag), AUTHOR)
    assert await ids(service) == []


async def test_a_request_without_a_campaign_is_refused(service: CampaignService) -> None:
    with pytest.raises(InvalidFields) as refused:
        await service.create_campaign(pb.CreateCampaignRequest(campaign_id="a"), AUTHOR)
    assert violations(refused) == [("campaign", "REQUIRED")]
    with pytest.raises(InvalidFields) as refused:
        await service.update_campaign(pb.UpdateCampaignRequest(), AUTHOR)
    assert violations(refused) == [("campaign", "REQUIRED")]


async def test_everything_wrong_with_an_update_is_reported_at_once(service: CampaignService) -> None:
    await create(service)
    campaign = campaign_pb2.Campaign(name=NAME, category=99)  # type: ignore[arg-type] # a number of another contract
    mask = FieldMask(paths=["state", "category", "display_name"])
    with pytest.raises(InvalidFields) as refused:
        await service.update_campaign(pb.UpdateCampaignRequest(campaign=campaign, update_mask=mask), AUTHOR)
    assert violations(refused) == [
        ("update_mask.paths[0]", "IMMUTABLE"),
        ("campaign.category", "UNKNOWN_VALUE"),
        ("campaign.display_name", "REQUIRED"),
    ]


async def test_an_update_without_a_mask_changes_what_is_populated(service: CampaignService) -> None:
    await create(service, description="Sent after checkout.", tags=["orders"])
    campaign = campaign_pb2.Campaign(name=NAME, tags=["checkout"])
    updated = (await service.update_campaign(pb.UpdateCampaignRequest(campaign=campaign), AUTHOR)).campaign
    assert (updated.description, list(updated.tags)) == ("Sent after checkout.", ["checkout"])


async def test_an_update_with_a_mask_can_empty_a_field(service: CampaignService) -> None:
    await create(service, description="Sent after checkout.", default_locale="de")
    request = pb.UpdateCampaignRequest(
        campaign=campaign_pb2.Campaign(name=NAME), update_mask=FieldMask(paths=["description", "default_locale"])
    )
    updated = (await service.update_campaign(request, AUTHOR)).campaign
    assert (updated.description, updated.default_locale) == ("", "en")


async def test_an_update_names_its_campaign_by_the_campaigns_name(service: CampaignService) -> None:
    with pytest.raises(InvalidFields) as refused:
        await service.update_campaign(
            pb.UpdateCampaignRequest(campaign=campaign_pb2.Campaign(name="order-confirmed")), AUTHOR
        )
    assert violations(refused) == [("campaign.name", "MALFORMED")]


async def test_campaigns_are_filtered_by_what_is_asked_for(service: CampaignService, world: World) -> None:
    await world.channel()
    await create(service, "orders", tags=["a"])
    await create(service, "offers", tags=["b"], category=category_pb2.CATEGORY_MARKETING, display_name=" Summer")
    await create(service, "resets", tags=["a", "b"], description="When a password is lost.")
    await service.activate_campaign(life_pb.ActivateCampaignRequest(name="campaigns/orders"), AUTHOR)
    assert await ids(service) == ["offers", "orders", "resets"]
    assert await ids(service, states=[campaign_pb2.Campaign.STATE_LIVE]) == ["orders"]
    assert await ids(service, categories=[category_pb2.CATEGORY_MARKETING]) == ["offers"]
    assert await ids(service, tags=["a"]) == ["orders", "resets"]
    assert await ids(service, text="PASSWORD") == ["resets"]
    assert await ids(service, tags=["a"], states=[campaign_pb2.Campaign.STATE_DRAFT]) == ["resets"]


@pytest.mark.parametrize(
    ("order_by", "expected"),
    [
        ("", ["a", "b", "c"]),
        ("name", ["a", "b", "c"]),
        ("name desc", ["c", "b", "a"]),
        ("create_time", ["b", "c", "a"]),
        ("create_time desc", ["a", "c", "b"]),
        ("update_time desc", ["b", "a", "c"]),
    ],
)
async def test_campaigns_come_in_the_order_asked_for_page_by_page(
    service: CampaignService, world: World, order_by: str, expected: list[str]
) -> None:
    for campaign_id in ("b", "c", "a"):
        await create(service, campaign_id)
        world.clock.advance(HOUR)
    await service.update_campaign(
        pb.UpdateCampaignRequest(campaign=campaign_pb2.Campaign(name="campaigns/b", description="New")), AUTHOR
    )
    shown, token = [], ""
    for _ in range(2):
        request = list_pb.ListCampaignsRequest(order_by=order_by, page_size=2, page_token=token)
        answer = await service.list_campaigns(request, AUTHOR)
        shown += [campaign.name.removeprefix("campaigns/") for campaign in answer.campaigns]
        token = answer.next_page_token
    assert (shown, token) == (expected, "")


async def test_a_token_is_good_for_its_own_query_alone(service: CampaignService) -> None:
    for campaign_id in ("a", "b"):
        await create(service, campaign_id)
    token = (await service.list_campaigns(list_pb.ListCampaignsRequest(page_size=1), AUTHOR)).next_page_token
    for request, caller in (
        (list_pb.ListCampaignsRequest(page_token=token, order_by="create_time"), AUTHOR),
        (list_pb.ListCampaignsRequest(page_token=token, text="a"), AUTHOR),
        (list_pb.ListCampaignsRequest(page_token=token), STRANGER),
        (list_pb.ListCampaignsRequest(page_token=token + "x"), AUTHOR),
    ):
        with pytest.raises(InvalidPageToken):
            await service.list_campaigns(request, caller)


async def test_everything_wrong_with_a_query_is_reported_at_once(service: CampaignService) -> None:
    request = list_pb.ListCampaignsRequest(states=[0, 99], categories=[0], order_by="name asc")  # type: ignore[list-item] # see above
    with pytest.raises(InvalidFields) as refused:
        await service.list_campaigns(request, AUTHOR)
    assert violations(refused) == [
        ("order_by", "MALFORMED"),
        ("states[0]", "UNKNOWN_VALUE"),
        ("states[1]", "UNKNOWN_VALUE"),
        ("categories[0]", "UNKNOWN_VALUE"),
    ]


async def test_a_query_is_bounded(service: CampaignService) -> None:
    within = list_pb.ListCampaignsRequest(
        tags=["x"] * 100, text="x" * 200, states=[campaign_pb2.Campaign.STATE_LIVE] * 100
    )
    await service.list_campaigns(within, AUTHOR)
    beyond = list_pb.ListCampaignsRequest(tags=["x"] * 101, text="x" * 201, states=[0] * 1_000_000)  # type: ignore[list-item] # see above
    with pytest.raises(InvalidFields) as refused:
        await service.list_campaigns(beyond, AUTHOR)
    assert violations(refused) == [("states", "TOO_MANY"), ("tags", "TOO_MANY"), ("text", "TOO_LONG")]


async def test_many_actions_are_one_violation(service: CampaignService) -> None:
    campaign = campaign_pb2.Campaign()
    campaign.CopyFrom(CAMPAIGN)
    campaign.actions.extend([CAMPAIGN.actions[0]] * 10_000)
    with pytest.raises(InvalidFields) as refused:
        await service.create_campaign(pb.CreateCampaignRequest(campaign_id="a", campaign=campaign), AUTHOR)
    assert violations(refused) == [("campaign.actions", "TOO_MANY")]


async def test_versions_come_newest_first_page_by_page(service: CampaignService, world: World) -> None:
    await world.live()
    await world.update(description="New")
    await world.activate()
    first = await service.list_campaign_versions(
        campaign_version_pb2.ListCampaignVersionsRequest(campaign=NAME, page_size=1), AUTHOR
    )
    request = campaign_version_pb2.ListCampaignVersionsRequest(
        campaign=NAME, page_size=1, page_token=first.next_page_token
    )
    second = await service.list_campaign_versions(request, AUTHOR)
    assert [version.version for version in (*first.versions, *second.versions)] == [2, 1]
    assert second.next_page_token == ""
    assert first.versions[0].snapshot.description == "New"


async def test_review_tells_findings_and_whether_they_block(service: CampaignService) -> None:
    await create(service)
    review = await service.review_campaign(life_pb.ReviewCampaignRequest(name=NAME), AUTHOR)
    assert not review.activatable
    assert review.findings[0].code == "CHANNEL_CONFIGURATION_MISSING"


@pytest.mark.parametrize("disposal", [0, 99])
async def test_who_stops_a_campaign_must_say_what_becomes_of_its_queue(service: CampaignService, disposal: Any) -> None:
    with pytest.raises(InvalidFields) as refused:
        await service.stop_campaign(life_pb.StopCampaignRequest(name=NAME, queue_disposal=disposal), AUTHOR)
    assert violations(refused) == [("queue_disposal", "REQUIRED")]


async def test_a_preview_shows_the_rendered_email(service: CampaignService, world: World) -> None:
    await world.channel()
    await create(service)
    context = Struct()
    context.update({"id": "4711"})
    answer = await service.preview_campaign(
        campaign_preview_pb2.PreviewCampaignRequest(name=NAME, context=context), AUTHOR
    )
    assert (answer.email.subject, answer.email.html) == ("Order 4711", "<p>Thank you</p>")
    assert getattr(answer.email, "from").address == "shop@example.com"
    assert not answer.email.HasField("reply_to")


async def test_a_preview_tells_everything_wrong_with_its_data(service: CampaignService) -> None:
    await create(service)
    request = campaign_preview_pb2.PreviewCampaignRequest(name=NAME, locale="!")
    request.profile.fields["x"].number_value = float("inf")
    with pytest.raises(InvalidFields) as refused:
        await service.preview_campaign(request, AUTHOR)
    assert [field for field, _ in violations(refused)] == ["profile.x", "locale", "context.id"]


@pytest.mark.parametrize(
    ("call", "request_type", "field"),
    [
        ("get_campaign", pb.GetCampaignRequest, "name"),
        ("delete_campaign", pb.DeleteCampaignRequest, "name"),
        ("list_campaign_versions", campaign_version_pb2.ListCampaignVersionsRequest, "campaign"),
        ("review_campaign", life_pb.ReviewCampaignRequest, "name"),
        ("activate_campaign", life_pb.ActivateCampaignRequest, "name"),
        ("pause_campaign", life_pb.PauseCampaignRequest, "name"),
        ("resume_campaign", life_pb.ResumeCampaignRequest, "name"),
        ("stop_campaign", life_pb.StopCampaignRequest, "name"),
        ("preview_campaign", campaign_preview_pb2.PreviewCampaignRequest, "name"),
    ],
)
async def test_every_call_says_which_field_has_no_name_in_it(
    service: CampaignService, call: str, request_type: Any, field: str
) -> None:
    with pytest.raises(InvalidFields) as refused:
        await getattr(service, call)(request_type(**{field: "order-confirmed"}), AUTHOR)
    assert violations(refused)[0] == (field, "MALFORMED")
