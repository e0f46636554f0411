"""Serves the CampaignService of the contract."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from clarion.v1 import campaign_difference_pb2 as difference_pb
from clarion.v1 import campaign_life_cycle_pb2 as life_pb
from clarion.v1 import campaign_list_pb2 as list_pb
from clarion.v1 import campaign_pb2 as campaign_pb
from clarion.v1 import campaign_preview_pb2 as preview_pb
from clarion.v1 import campaign_service_pb2 as pb
from clarion.v1 import campaign_version_pb2 as version_pb
from clarion.v1 import trigger_sample_pb2 as sample_pb

from clarion_server.application.background import run_for_request, run_in_background
from clarion_server.application.campaigns.comparison import CampaignComparer, CompareVersions
from clarion_server.application.campaigns.drafts import (
    EDITABLE_FIELDS,
    CreateCampaign,
    DuplicateCampaign,
    ManageCampaigns,
    UpdateCampaign,
)
from clarion_server.application.campaigns.health import CampaignHealthReader
from clarion_server.application.campaigns.life_cycle import ActivateCampaign, CampaignLifeCycle
from clarion_server.application.campaigns.preview import CampaignPreviewer
from clarion_server.application.campaigns.trigger_sample import TriggerSampler
from clarion_server.domain.access.access import Caller
from clarion_server.domain.campaigns.campaign import Campaign, QueueDisposal
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.finding import errors_of
from clarion_server.domain.names import CAMPAIGNS
from clarion_server.domain.tags import folded
from clarion_server.domain.violation import Violation, required
from clarion_server.transport.api.convert.campaign_differences import to_difference
from clarion_server.transport.api.convert.campaign_health import to_campaign_with_health
from clarion_server.transport.api.convert.campaign_lists import to_campaign_list
from clarion_server.transport.api.convert.campaigns import to_campaign, to_draft, to_finding, to_version
from clarion_server.transport.api.convert.enums import QUEUE_DISPOSAL
from clarion_server.transport.api.convert.previews import to_command, to_preview
from clarion_server.transport.api.convert.request_parser import RequestParser
from clarion_server.transport.api.convert.samples import to_response
from clarion_server.transport.api.masks import read_mask
from clarion_server.transport.api.pagination import each_by, page_of
from clarion_server.transport.api.public_addresses import PublicAddresses
from clarion_server.transport.api.requests import converted
from clarion_server.transport.grpc.bypasses import check_may_bypass


class CampaignService:
    def __init__(
        self,
        campaigns: ManageCampaigns,
        life_cycle: CampaignLifeCycle,
        comparer: CampaignComparer,
        health: CampaignHealthReader,
        previewer: CampaignPreviewer,
        sampler: TriggerSampler,
        public_addresses: PublicAddresses,
    ) -> None:
        self._campaigns = campaigns
        self._life_cycle = life_cycle
        self._comparer = comparer
        self._health = health
        self._previewer = previewer
        self._sampler = sampler
        self._public_addresses = public_addresses

    async def create_campaign(self, request: pb.CreateCampaignRequest, caller: Caller) -> pb.CreateCampaignResponse:
        _need_campaign(request)
        command = CreateCampaign(
            request.campaign_id, await converted(to_draft, request.campaign), request.validate_only
        )
        campaign = await self._campaigns.create(command, caller)
        return pb.CreateCampaignResponse(campaign=await run_for_request(_written, campaign, request.validate_only))

    async def get_campaign(self, request: pb.GetCampaignRequest, caller: Caller) -> pb.GetCampaignResponse:
        campaign = await self._campaigns.get(CAMPAIGNS.parse(request.name), caller)
        health = await self._health.of([campaign], caller.visibility)
        return pb.GetCampaignResponse(campaign=await run_for_request(to_campaign_with_health, campaign, health))

    async def list_campaigns(
        self, request: list_pb.ListCampaignsRequest, caller: Caller
    ) -> list_pb.ListCampaignsResponse:
        asked = to_campaign_list(request, caller)

        async def convert(found: Sequence[Campaign]) -> list[campaign_pb.Campaign]:
            health = await self._health.of(found, caller.visibility)
            return await each_by(partial(to_campaign_with_health, health=health))(found)

        shown, token = await asked.page.fill(
            lambda after, limit: self._campaigns.page(replace(asked.query, after=after, limit=limit)),
            asked.position,
            convert,
        )
        return list_pb.ListCampaignsResponse(campaigns=shown, next_page_token=token)

    async def list_tags(self, request: list_pb.ListTagsRequest, caller: Caller) -> list_pb.ListTagsResponse:
        page = page_of(request, caller, str)
        found = await self._campaigns.tags(page.after[0] if page.after else None, page.limit, caller)
        shown, token = page.cut(found, lambda use: (folded(use.tag),))
        uses = [list_pb.TagUse(tag=use.tag, campaign_count=use.campaign_count) for use in shown]
        return list_pb.ListTagsResponse(tags=uses, next_page_token=token)

    async def duplicate_campaign(
        self, request: pb.DuplicateCampaignRequest, caller: Caller
    ) -> pb.DuplicateCampaignResponse:
        source_id = CAMPAIGNS.parse(request.name)
        command = DuplicateCampaign(source_id, request.campaign_id, request.version, request.display_name)
        duplicate = await self._campaigns.duplicate(command, caller)
        return pb.DuplicateCampaignResponse(campaign=await run_for_request(to_campaign, duplicate))

    async def update_campaign(self, request: pb.UpdateCampaignRequest, caller: Caller) -> pb.UpdateCampaignResponse:
        _need_campaign(request)
        mask = read_mask(request.update_mask, request.campaign, EDITABLE_FIELDS)
        command = UpdateCampaign(
            CAMPAIGNS.parse(request.campaign.name, "campaign.name"),
            await converted(to_draft, request.campaign),
            mask.fields,
            request.campaign.etag,
            mask.violations,
            request.validate_only,
        )
        campaign = await self._campaigns.update(command, caller)
        return pb.UpdateCampaignResponse(campaign=await run_for_request(_written, campaign, request.validate_only))

    async def delete_campaign(self, request: pb.DeleteCampaignRequest, caller: Caller) -> pb.DeleteCampaignResponse:
        await self._campaigns.delete(CAMPAIGNS.parse(request.name), request.etag, caller)
        return pb.DeleteCampaignResponse()

    async def list_campaign_versions(
        self, request: version_pb.ListCampaignVersionsRequest, caller: Caller
    ) -> version_pb.ListCampaignVersionsResponse:
        parser = RequestParser()
        campaign_id = parser.id(CAMPAIGNS, request.campaign, "campaign")
        page = page_of(request, caller, int, parser=parser)
        shown, token = await page.fill(
            lambda before, limit: self._campaigns.versions(campaign_id, before[0] if before else None, limit, caller),
            lambda version: (version.number,),
            each_by(partial(to_version, campaign_id=campaign_id)),
        )
        return version_pb.ListCampaignVersionsResponse(versions=shown, next_page_token=token)

    async def get_campaign_version(
        self, request: version_pb.GetCampaignVersionRequest, caller: Caller
    ) -> version_pb.GetCampaignVersionResponse:
        campaign_id = CAMPAIGNS.parse(request.campaign, "campaign")
        version = await self._campaigns.version(campaign_id, request.version, caller)
        return version_pb.GetCampaignVersionResponse(version=await run_for_request(to_version, version, campaign_id))

    async def diff_campaign_versions(
        self, request: difference_pb.DiffCampaignVersionsRequest, caller: Caller
    ) -> difference_pb.DiffCampaignVersionsResponse:
        campaign_id = CAMPAIGNS.parse(request.campaign, "campaign")
        command = CompareVersions(campaign_id, request.base_version, request.version, request.render_test_cases)
        comparison = await self._comparer.compare(command, caller)
        return difference_pb.DiffCampaignVersionsResponse(difference=await run_in_background(to_difference, comparison))

    async def review_campaign(
        self, request: life_pb.ReviewCampaignRequest, caller: Caller
    ) -> life_pb.ReviewCampaignResponse:
        campaign_id = CAMPAIGNS.parse(request.name)
        findings = await self._life_cycle.review(campaign_id, caller, strict=request.strict)
        comparison = await self._comparer.compare(CompareVersions(campaign_id), caller)
        difference = None if comparison.before is None else await run_in_background(to_difference, comparison)
        return life_pb.ReviewCampaignResponse(
            findings=map(to_finding, findings), activatable=not errors_of(findings), difference=difference
        )

    async def activate_campaign(
        self, request: life_pb.ActivateCampaignRequest, caller: Caller
    ) -> life_pb.ActivateCampaignResponse:
        check_may_bypass(request.bypass_reason, caller, "CampaignService/ActivateCampaign")
        command = ActivateCampaign(
            CAMPAIGNS.parse(request.name), request.etag, request.version, request.strict, request.bypass_reason
        )
        activation = await self._life_cycle.activate(command, caller)
        return life_pb.ActivateCampaignResponse(
            campaign=await run_for_request(to_campaign, activation.campaign),
            findings=map(to_finding, activation.warnings),
        )

    async def pause_campaign(
        self, request: life_pb.PauseCampaignRequest, caller: Caller
    ) -> life_pb.PauseCampaignResponse:
        campaign = await self._life_cycle.pause(CAMPAIGNS.parse(request.name), request.etag, caller)
        return life_pb.PauseCampaignResponse(campaign=await run_for_request(to_campaign, campaign))

    async def resume_campaign(
        self, request: life_pb.ResumeCampaignRequest, caller: Caller
    ) -> life_pb.ResumeCampaignResponse:
        campaign = await self._life_cycle.resume(CAMPAIGNS.parse(request.name), request.etag, caller)
        return life_pb.ResumeCampaignResponse(campaign=await run_for_request(to_campaign, campaign))

    async def stop_campaign(self, request: life_pb.StopCampaignRequest, caller: Caller) -> life_pb.StopCampaignResponse:
        campaign_id, disposal = _read_stop(request)
        campaign, queued_count = await self._life_cycle.stop(campaign_id, disposal, request.etag, caller)
        return life_pb.StopCampaignResponse(
            campaign=await run_for_request(to_campaign, campaign), queued_count=queued_count
        )

    async def archive_campaign(
        self, request: life_pb.ArchiveCampaignRequest, caller: Caller
    ) -> life_pb.ArchiveCampaignResponse:
        campaign = await self._life_cycle.archive(CAMPAIGNS.parse(request.name), request.etag, caller)
        return life_pb.ArchiveCampaignResponse(campaign=await run_for_request(to_campaign, campaign))

    async def unarchive_campaign(
        self, request: life_pb.UnarchiveCampaignRequest, caller: Caller
    ) -> life_pb.UnarchiveCampaignResponse:
        campaign = await self._life_cycle.unarchive(CAMPAIGNS.parse(request.name), request.etag, caller)
        return life_pb.UnarchiveCampaignResponse(campaign=await run_for_request(to_campaign, campaign))

    async def preview_campaign(
        self, request: preview_pb.PreviewCampaignRequest, caller: Caller
    ) -> preview_pb.PreviewCampaignResponse:
        preview = await self._previewer.preview(await converted(to_command, request), caller)
        return to_preview(preview)

    async def get_trigger_sample(
        self, request: sample_pb.GetTriggerSampleRequest, caller: Caller
    ) -> sample_pb.GetTriggerSampleResponse:
        campaign_id, addresses = CAMPAIGNS.parse(request.name), self._public_addresses.as_reached(request)
        return to_response(campaign_id, await self._sampler.sample(campaign_id, caller), addresses)


def _need_campaign(request: pb.CreateCampaignRequest | pb.UpdateCampaignRequest) -> None:
    if not request.HasField("campaign"):
        raise InvalidFields((required("campaign"),))


def _written(campaign: Campaign, validate_only: bool) -> campaign_pb.Campaign:
    message = to_campaign(campaign)
    if validate_only:
        # Nothing was stored, so there is no etag.
        message.ClearField("etag")
    return message


def _read_stop(request: life_pb.StopCampaignRequest) -> tuple[str, QueueDisposal]:
    parser = RequestParser()
    campaign_id = parser.id(CAMPAIGNS, request.name, "name")
    disposal = QUEUE_DISPOSAL.member(request.queue_disposal)
    if disposal is None:
        choices = ", ".join(QUEUE_DISPOSAL.names)
        parser.add(Violation("queue_disposal", "REQUIRED", f"Must be one of {choices}."))
    parser.check()
    assert disposal is not None, "check() raised otherwise"
    return campaign_id, disposal
