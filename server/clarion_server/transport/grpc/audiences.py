"""The AudienceService of the contract."""

from __future__ import annotations

from clarion.v1 import audience_pb2
from clarion.v1 import audience_service_pb2 as pb

from clarion_server.application.audiences.audiences import (
    EDITABLE_FIELDS,
    CreateAudience,
    ManageAudiences,
    UpdateAudience,
)
from clarion_server.application.audiences.counting import AudienceCounter
from clarion_server.application.audiences.uploading import MAX_IDENTITIES, AudienceUploads, UploadIdentities
from clarion_server.domain.access import Caller
from clarion_server.domain.audience import Audience
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.names import AUDIENCES
from clarion_server.domain.violation import out_of_range, required
from clarion_server.transport.api.convert.audiences import (
    to_audience,
    to_audience_input,
    to_failures,
    to_member,
    to_uploaded,
)
from clarion_server.transport.api.masks import read_mask
from clarion_server.transport.api.pagination import page_of

_DEFAULT_SAMPLE = 10
_LARGEST_SAMPLE = 100


class AudienceService:
    def __init__(self, audiences: ManageAudiences, uploads: AudienceUploads, counter: AudienceCounter) -> None:
        self._audiences = audiences
        self._uploads = uploads
        self._counter = counter

    async def create_audience(self, request: pb.CreateAudienceRequest, caller: Caller) -> pb.CreateAudienceResponse:
        _need_audience(request)
        command = CreateAudience(request.audience_id, to_audience_input(request.audience), request.validate_only)
        created = await self._audiences.create(command, caller)
        return pb.CreateAudienceResponse(audience=_written(created, request.validate_only))

    async def get_audience(self, request: pb.GetAudienceRequest, caller: Caller) -> pb.GetAudienceResponse:
        found = await self._audiences.get(AUDIENCES.parse(request.name), caller)
        return pb.GetAudienceResponse(audience=to_audience(found))

    async def list_audiences(self, request: pb.ListAudiencesRequest, caller: Caller) -> pb.ListAudiencesResponse:
        page = page_of(request, caller, str)
        found = await self._audiences.page(page.after[0] if page.after else None, page.limit, caller)
        shown, token = page.cut(found, lambda audience: (audience.id,))
        return pb.ListAudiencesResponse(audiences=map(to_audience, shown), next_page_token=token)

    async def update_audience(self, request: pb.UpdateAudienceRequest, caller: Caller) -> pb.UpdateAudienceResponse:
        _need_audience(request)
        mask = read_mask(request.update_mask, request.audience, EDITABLE_FIELDS)
        command = UpdateAudience(
            AUDIENCES.parse(request.audience.name, "audience.name"),
            to_audience_input(request.audience),
            mask.fields,
            request.audience.etag,
            mask.violations,
            request.validate_only,
        )
        updated = await self._audiences.update(command, caller)
        return pb.UpdateAudienceResponse(audience=_written(updated, request.validate_only))

    async def delete_audience(self, request: pb.DeleteAudienceRequest, caller: Caller) -> pb.DeleteAudienceResponse:
        await self._audiences.delete(AUDIENCES.parse(request.name), request.etag, caller)
        return pb.DeleteAudienceResponse()

    async def upload_identities(
        self, request: pb.UploadIdentitiesRequest, caller: Caller
    ) -> pb.UploadIdentitiesResponse:
        command = UploadIdentities(
            AUDIENCES.parse(request.name),
            # One more than the limit is enough to report too many. A request could hold millions.
            request.identities[: MAX_IDENTITIES + 1],
            request.upload_id,
            request.complete,
        )
        return to_uploaded(await self._uploads.upload(command, caller))

    async def count_audience(self, request: pb.CountAudienceRequest, caller: Caller) -> pb.CountAudienceResponse:
        counted = await self._counter.count(AUDIENCES.parse(request.name), caller)
        return pb.CountAudienceResponse(
            member_count=counted.member_count,
            evaluated_count=counted.evaluated_count,
            failures=to_failures(counted.failures),
        )

    async def sample_audience(self, request: pb.SampleAudienceRequest, caller: Caller) -> pb.SampleAudienceResponse:
        audience_id = AUDIENCES.parse(request.name)
        if request.sample_size < 0:
            raise InvalidFields((out_of_range("sample_size", "Must not be negative."),))
        size = min(request.sample_size or _DEFAULT_SAMPLE, _LARGEST_SAMPLE)
        found = await self._counter.sample(audience_id, size, caller)
        return pb.SampleAudienceResponse(
            members=map(to_member, found.sample),
            evaluated_count=found.evaluated_count,
            failures=to_failures(found.failures),
        )


def _need_audience(request: pb.CreateAudienceRequest | pb.UpdateAudienceRequest) -> None:
    if not request.HasField("audience"):
        raise InvalidFields((required("audience"),))


def _written(audience: Audience, validate_only: bool) -> audience_pb2.Audience:
    message = to_audience(audience)
    if validate_only:
        # Nothing was stored, so there is no etag.
        message.ClearField("etag")
    return message
