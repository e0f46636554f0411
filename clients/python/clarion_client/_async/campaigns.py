"""Defines the methods of `client.campaigns`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from clarion.v1 import (
    campaign_difference_pb2,
    campaign_life_cycle_pb2,
    campaign_list_pb2,
    campaign_pb2,
    campaign_preview_pb2,
    campaign_version_pb2,
    trigger_sample_pb2,
)
from clarion.v1 import campaign_service_pb2 as wire
from clarion.v1 import campaign_service_pb2_grpc as rpc
from google.protobuf.field_mask_pb2 import FieldMask

from clarion_client._async.calls import AsyncCalls
from clarion_client._async.pager import AsyncPager, paged
from clarion_client._conversion import enum_numbers, message_of, read, read_all, timestamp, write
from clarion_client._json_data import struct_of
from clarion_client._names import full_identity, full_name, short_name
from clarion_client._values import (
    Activation,
    Campaign,
    CampaignDifference,
    CampaignState,
    CampaignVersion,
    Category,
    Channel,
    Preview,
    QueueDisposal,
    Review,
    Stop,
    TagUse,
    TriggerSamples,
)


class AsyncCampaigns:
    """Writes, reviews and runs campaigns: `client.campaigns`. A name may be given as `order-confirmed` or
    `campaigns/order-confirmed`. A change with an `etag` raises ConflictError when somebody else changed the campaign
    since it was read. `timeout` is in seconds.
    """

    def __init__(self, calls: AsyncCalls) -> None:
        self._calls = calls

    @cached_property
    def _stub(self) -> rpc.CampaignServiceAsyncStub:
        return rpc.CampaignServiceStub(self._calls.channel)

    async def create(
        self, campaign: Campaign, *, validate_only: bool = False, timeout: float | None = None
    ) -> Campaign:
        """Creates a draft under the campaign's name. The service ignores output-only fields.
        `validate_only` runs every check, stores nothing and returns what would be stored.
        """
        written = write(campaign, campaign_pb2.Campaign)
        request = message_of(
            wire.CreateCampaignRequest,
            campaign_id=short_name(full_name("campaigns", written.name)),
            campaign=written,
            validate_only=validate_only,
        )
        answer = await self._calls.unary(self._stub.CreateCampaign, request, repeatable=validate_only, timeout=timeout)
        return read(Campaign, answer.campaign)

    async def get(self, name: str, *, timeout: float | None = None) -> Campaign:
        request = message_of(wire.GetCampaignRequest, name=full_name("campaigns", name))
        answer = await self._calls.unary(self._stub.GetCampaign, request, repeatable=True, timeout=timeout)
        return read(Campaign, answer.campaign)

    def list(
        self,
        *,
        states: Iterable[CampaignState] = (),
        categories: Iterable[Category] = (),
        tags: Iterable[str] = (),
        text: str = "",
        channels: Iterable[Channel] = (),
        creator: str = "",
        min_create_time: dt.datetime | None = None,
        max_create_time: dt.datetime | None = None,
        min_update_time: dt.datetime | None = None,
        max_update_time: dt.datetime | None = None,
        order_by: str = "",
        page_size: int = 0,
        timeout: float | None = None,
    ) -> AsyncPager[Campaign]:
        """Lists campaigns that match every filter given; the values of one filter are alternatives. Archived ones are
        listed when `states` asks for them. `creator` is the name of a key, or `me`. `order_by` is `name`, `create_time`
        or `update_time`, each with an optional ` desc`. `page_size` is 50 unless given, and at most 1,000.
        """
        request = message_of(
            campaign_list_pb2.ListCampaignsRequest,
            states=enum_numbers(CampaignState, states, "states"),
            categories=enum_numbers(Category, categories, "categories"),
            tags=tags,
            text=text,
            channels=enum_numbers(Channel, channels, "channels"),
            creator=creator,
            min_create_time=timestamp(min_create_time, "min_create_time"),
            max_create_time=timestamp(max_create_time, "max_create_time"),
            min_update_time=timestamp(min_update_time, "min_update_time"),
            max_update_time=timestamp(max_update_time, "max_update_time"),
            order_by=order_by,
            page_size=page_size,
        )
        return paged(
            self._calls, self._stub.ListCampaigns, request, lambda page: read_all(Campaign, page.campaigns), timeout
        )

    def tags(self, *, page_size: int = 0, timeout: float | None = None) -> AsyncPager[TagUse]:
        """Lists the tags of campaigns that are not archived."""
        request = message_of(campaign_list_pb2.ListTagsRequest, page_size=page_size)
        return paged(self._calls, self._stub.ListTags, request, lambda page: read_all(TagUse, page.tags), timeout)

    async def duplicate(
        self, name: str, copy: str, *, version: int = 0, display_name: str = "", timeout: float | None = None
    ) -> Campaign:
        """Makes a new draft, named `copy`, of the campaign's draft or of a `version`, with the same tags."""
        request = message_of(
            wire.DuplicateCampaignRequest,
            name=full_name("campaigns", name),
            campaign_id=short_name(full_name("campaigns", copy)),
            version=version,
            display_name=display_name,
        )
        answer = await self._calls.unary(self._stub.DuplicateCampaign, request, repeatable=False, timeout=timeout)
        return read(Campaign, answer.campaign)

    async def update(
        self,
        campaign: Campaign,
        fields: Iterable[str] | None = None,
        *,
        validate_only: bool = False,
        timeout: float | None = None,
    ) -> Campaign:
        """Changes the draft to these values: all of them, or the top-level `fields` named. Refused when the value's
        etag is not the stored one; without an etag whatever is stored is changed. `validate_only` runs every check,
        stores nothing and returns what would be stored.
        """
        request = message_of(
            wire.UpdateCampaignRequest,
            campaign=write(campaign, campaign_pb2.Campaign),
            update_mask=FieldMask(paths=["*"] if fields is None else fields),
            validate_only=validate_only,
        )
        answer = await self._calls.unary(self._stub.UpdateCampaign, request, repeatable=validate_only, timeout=timeout)
        return read(Campaign, answer.campaign)

    async def delete(self, name: str, *, etag: str = "", timeout: float | None = None) -> None:
        """Deletes a campaign that was never activated."""
        request = message_of(wire.DeleteCampaignRequest, name=full_name("campaigns", name), etag=etag)
        await self._calls.unary(self._stub.DeleteCampaign, request, repeatable=False, timeout=timeout)

    def versions(self, name: str, *, page_size: int = 0, timeout: float | None = None) -> AsyncPager[CampaignVersion]:
        """Lists the versions of a campaign, newest first."""
        request = message_of(
            campaign_version_pb2.ListCampaignVersionsRequest, campaign=full_name("campaigns", name), page_size=page_size
        )
        return paged(
            self._calls,
            self._stub.ListCampaignVersions,
            request,
            lambda page: read_all(CampaignVersion, page.versions),
            timeout,
        )

    async def version(self, name: str, number: int, *, timeout: float | None = None) -> CampaignVersion:
        """Returns one version of a campaign."""
        request = message_of(
            campaign_version_pb2.GetCampaignVersionRequest, campaign=full_name("campaigns", name), version=number
        )
        answer = await self._calls.unary(self._stub.GetCampaignVersion, request, repeatable=True, timeout=timeout)
        return read(CampaignVersion, answer.version)

    async def diff(
        self,
        name: str,
        *,
        base_version: int = 0,
        version: int = 0,
        render_test_cases: bool = False,
        timeout: float | None = None,
    ) -> CampaignDifference:
        """Tells how a `version` (by default the draft) differs from an earlier one (by default the live one). With
        `render_test_cases` it also tells which cells of the test cases come out differently, which takes a while.
        """
        request = message_of(
            campaign_difference_pb2.DiffCampaignVersionsRequest,
            campaign=full_name("campaigns", name),
            base_version=base_version,
            version=version,
            render_test_cases=render_test_cases,
        )
        answer = await self._calls.unary(self._stub.DiffCampaignVersions, request, repeatable=True, timeout=timeout)
        return read(CampaignDifference, answer.difference)

    async def review(self, name: str, *, strict: bool = False, timeout: float | None = None) -> Review:
        """Runs every check on the draft, and changes nothing. `strict` makes `SCHEMA_BREAKING` an error."""
        request = message_of(
            campaign_life_cycle_pb2.ReviewCampaignRequest, name=full_name("campaigns", name), strict=strict
        )
        answer = await self._calls.unary(self._stub.ReviewCampaign, request, repeatable=True, timeout=timeout)
        return read(Review, answer)

    async def activate(
        self,
        name: str,
        *,
        version: int = 0,
        etag: str = "",
        strict: bool = False,
        bypass_reason: str = "",
        timeout: float | None = None,
    ) -> Activation:
        """Makes the draft live, or an earlier `version` again. Raises PreconditionFailedError with `findings` when
        review finds errors; `strict` makes `SCHEMA_BREAKING` one. With a `bypass_reason` an administrator goes without
        the approvals that policies ask for.
        """
        request = message_of(
            campaign_life_cycle_pb2.ActivateCampaignRequest,
            name=full_name("campaigns", name),
            version=version,
            etag=etag,
            strict=strict,
            bypass_reason=bypass_reason,
        )
        answer = await self._calls.unary(self._stub.ActivateCampaign, request, repeatable=False, timeout=timeout)
        return read(Activation, answer)

    async def pause(self, name: str, *, etag: str = "", timeout: float | None = None) -> Campaign:
        """Refuses new triggers and keeps what was accepted in the queue."""
        request = message_of(campaign_life_cycle_pb2.PauseCampaignRequest, name=full_name("campaigns", name), etag=etag)
        answer = await self._calls.unary(self._stub.PauseCampaign, request, repeatable=False, timeout=timeout)
        return read(Campaign, answer.campaign)

    async def resume(self, name: str, *, etag: str = "", timeout: float | None = None) -> Campaign:
        """Accepts triggers again and releases the queue."""
        request = message_of(
            campaign_life_cycle_pb2.ResumeCampaignRequest, name=full_name("campaigns", name), etag=etag
        )
        answer = await self._calls.unary(self._stub.ResumeCampaign, request, repeatable=False, timeout=timeout)
        return read(Campaign, answer.campaign)

    async def stop(
        self, name: str, queue_disposal: QueueDisposal, *, etag: str = "", timeout: float | None = None
    ) -> Stop:
        """Refuses triggers for good, and sends (DRAIN) or cancels (CANCEL) what is queued."""
        (disposal,) = enum_numbers(QueueDisposal, [queue_disposal], "queue_disposal")
        request = message_of(
            campaign_life_cycle_pb2.StopCampaignRequest,
            name=full_name("campaigns", name),
            queue_disposal=disposal,
            etag=etag,
        )
        answer = await self._calls.unary(self._stub.StopCampaign, request, repeatable=False, timeout=timeout)
        return read(Stop, answer)

    async def archive(self, name: str, *, etag: str = "", timeout: float | None = None) -> Campaign:
        """Puts aside a draft, or a campaign that has ended: lists leave it out unless they ask for it."""
        request = message_of(
            campaign_life_cycle_pb2.ArchiveCampaignRequest, name=full_name("campaigns", name), etag=etag
        )
        answer = await self._calls.unary(self._stub.ArchiveCampaign, request, repeatable=False, timeout=timeout)
        return read(Campaign, answer.campaign)

    async def unarchive(self, name: str, *, etag: str = "", timeout: float | None = None) -> Campaign:
        """Brings an archived campaign back into the state in which it was archived."""
        request = message_of(
            campaign_life_cycle_pb2.UnarchiveCampaignRequest, name=full_name("campaigns", name), etag=etag
        )
        answer = await self._calls.unary(self._stub.UnarchiveCampaign, request, repeatable=False, timeout=timeout)
        return read(Campaign, answer.campaign)

    async def preview(
        self,
        name: str,
        context: Mapping[str, Any] | None = None,
        *,
        profile: Mapping[str, Any] | None = None,
        locale: str = "",
        identity: str = "",
        version: int = 0,
        action: str = "",
        rule: str = "",
        audiences: Iterable[str] = (),
        timeout: float | None = None,
    ) -> Preview:
        """Renders an action of the draft, or of a `version`, for this data and sends nothing. `action` is its id; by
        default it is the first one. `rule` is the id of the rule whose content to render; by default the first one that
        is true decides. `audiences` are the ids of those that the recipient belongs to, for rules that ask.
        """
        request = message_of(
            campaign_preview_pb2.PreviewCampaignRequest,
            name=full_name("campaigns", name),
            version=version,
            context=None if context is None else struct_of(context, "context"),
            profile=None if profile is None else struct_of(profile, "profile"),
            locale=locale,
            identity=full_identity(identity),
            action=action,
            rule=rule,
            audiences=audiences,
        )
        answer = await self._calls.unary(self._stub.PreviewCampaign, request, repeatable=True, timeout=timeout)
        return read(Preview, answer)

    async def sample(self, name: str, *, base_url: str = "", timeout: float | None = None) -> TriggerSamples:
        """Returns calls that trigger the live version at this client's target, ready to paste. `base_url` is the
        address of the HTTP endpoint, unless that is on the same host.
        """
        request = message_of(
            trigger_sample_pb2.GetTriggerSampleRequest,
            name=full_name("campaigns", name),
            target=self._calls.address,
            base_url=base_url,
        )
        answer = await self._calls.unary(self._stub.GetTriggerSample, request, repeatable=True, timeout=timeout)
        return read(TriggerSamples, answer)
