"""Serves the AudienceService of the contract."""

from __future__ import annotations

from clarion.v1 import audience_service_pb2 as pb

from clarion_server.application.audiences.counting import AudienceCounter
from clarion_server.application.audiences.uploading import MAX_IDENTITIES, AudienceUploads, UploadIdentities
from clarion_server.application.resources import ManageResources
from clarion_server.domain.access.access import Caller
from clarion_server.domain.audiences.audience import Audience
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.names import AUDIENCES
from clarion_server.domain.violation import out_of_range
from clarion_server.transport.api.convert.audiences import (
    to_audience,
    to_audience_input,
    to_failures,
    to_member,
    to_uploaded,
)
from clarion_server.transport.grpc.resources import StandardMethods

_DEFAULT_SAMPLE = 10
_LARGEST_SAMPLE = 100


class AudienceService:
    def __init__(
        self, audiences: ManageResources[Audience], uploads: AudienceUploads, counter: AudienceCounter
    ) -> None:
        self._uploads = uploads
        self._counter = counter
        standard = StandardMethods(pb, audiences, to_audience_input, to_audience)
        self.create_audience = standard.create
        self.get_audience = standard.get
        self.list_audiences = standard.list
        self.update_audience = standard.update
        self.delete_audience = standard.delete

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
        found = await self._counter.sample(audience_id, size, caller, at_random=request.random)
        return pb.SampleAudienceResponse(
            members=map(to_member, found.sample),
            evaluated_count=found.evaluated_count,
            failures=to_failures(found.failures),
        )
