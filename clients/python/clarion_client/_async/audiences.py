"""The methods of `client.audiences`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from functools import cached_property

from clarion.v1 import audience_pb2
from clarion.v1 import audience_service_pb2 as wire
from clarion.v1 import audience_service_pb2_grpc as rpc
from google.protobuf.field_mask_pb2 import FieldMask

from clarion_client._async.calls import AsyncCalls
from clarion_client._async.pager import AsyncPager, paged
from clarion_client._conversion import read, read_all, write
from clarion_client._names import full_identity, full_name, short_name
from clarion_client._values import Audience, AudienceCount, AudienceSample, UploadedIdentities

COLLECTION = "audiences"
#: How many identities the service takes in one call.
_IDENTITIES_PER_CALL = 1_000
#: The time for looking at all members, in seconds, unless the call gives its own. A million people take half a minute,
#: and several times as long while triggers come in.
_COUNTING = 600.0


class AsyncAudiences:
    """Keeps audiences, the people whom one trigger writes to: `client.audiences`. A name may be given as `gold` or
    `audiences/gold`. `timeout` is in seconds.
    """

    def __init__(self, calls: AsyncCalls) -> None:
        self._calls = calls

    @cached_property
    def _stub(self) -> rpc.AudienceServiceAsyncStub:
        return rpc.AudienceServiceStub(self._calls.channel)

    async def create(
        self, audience: Audience, *, validate_only: bool = False, timeout: float | None = None
    ) -> Audience:
        """Creates it under its name. `validate_only` runs every check, stores nothing and returns what would be
        stored.
        """
        request = wire.CreateAudienceRequest(
            audience_id=short_name(full_name(COLLECTION, audience.name)),
            audience=write(audience, audience_pb2.Audience),
            validate_only=validate_only,
        )
        answer = await self._calls.unary(self._stub.CreateAudience, request, repeatable=validate_only, timeout=timeout)
        return read(Audience, answer.audience)

    async def get(self, name: str, *, timeout: float | None = None) -> Audience:
        request = wire.GetAudienceRequest(name=full_name(COLLECTION, name))
        answer = await self._calls.unary(self._stub.GetAudience, request, repeatable=True, timeout=timeout)
        return read(Audience, answer.audience)

    def list(self, *, page_size: int = 0, timeout: float | None = None) -> AsyncPager[Audience]:
        """Lists audiences by name. `page_size` is 50 unless given, and at most 1,000."""
        request = wire.ListAudiencesRequest(page_size=page_size)
        return paged(
            self._calls,
            self._stub.ListAudiences,
            request,
            lambda page: read_all(Audience, page.audiences),
            timeout,
        )

    async def update(
        self,
        audience: Audience,
        fields: Iterable[str] | None = None,
        *,
        validate_only: bool = False,
        timeout: float | None = None,
    ) -> Audience:
        """Changes it to these values: all of them, or the top-level `fields` named. Refused (ConflictError) when
        the value's etag is not the stored one. `validate_only` runs every check, stores nothing and returns what would
        be stored.
        """
        request = wire.UpdateAudienceRequest(
            audience=write(audience, audience_pb2.Audience),
            update_mask=FieldMask(paths=["*"] if fields is None else fields),
            validate_only=validate_only,
        )
        answer = await self._calls.unary(self._stub.UpdateAudience, request, repeatable=validate_only, timeout=timeout)
        return read(Audience, answer.audience)

    async def delete(self, name: str, *, etag: str = "", timeout: float | None = None) -> None:
        """Deletes a sending policy that no campaign in use names."""
        request = wire.DeleteAudienceRequest(name=full_name(COLLECTION, name), etag=etag)
        await self._calls.unary(self._stub.DeleteAudience, request, repeatable=False, timeout=timeout)

    async def upload(
        self,
        name: str,
        identities: Iterable[str] = (),
        *,
        upload_id: str = "",
        complete: bool = False,
        timeout: float | None = None,
    ) -> UploadedIdentities:
        """Adds identities to the list of an audience: at once or, with an `upload_id`, to a new list, which takes the
        place of the present one when a call says `complete`. Returns how many were added and which were refused, by
        their positions. It may be repeated. Makes one call for every 1,000 of them, to each of which `timeout` applies.
        """
        wanted = [full_identity(identity) for identity in identities]
        starts = range(0, max(len(wanted), 1), _IDENTITIES_PER_CALL)
        answers: list[UploadedIdentities] = []
        for start in starts:
            request = wire.UploadIdentitiesRequest(
                name=full_name(COLLECTION, name),
                identities=wanted[start : start + _IDENTITIES_PER_CALL],
                upload_id=upload_id,
                complete=complete and start == starts[-1],
            )
            answer = await self._calls.unary(self._stub.UploadIdentities, request, repeatable=True, timeout=timeout)
            answers.append(read(UploadedIdentities, answer))
        return _united(answers)

    async def count(self, name: str, *, timeout: float = _COUNTING) -> AudienceCount:
        """Counts the members, and those for whom the condition fails by cause. A million people take half a minute."""
        request = wire.CountAudienceRequest(name=full_name(COLLECTION, name))
        answer = await self._calls.unary(self._stub.CountAudience, request, repeatable=True, timeout=timeout)
        return read(AudienceCount, answer)

    async def sample(self, name: str, size: int = 10, *, timeout: float = _COUNTING) -> AudienceSample:
        """Returns up to `size` members, which is 100 at most. Where there are fewer it takes as long as `count`."""
        request = wire.SampleAudienceRequest(name=full_name(COLLECTION, name), sample_size=size)
        answer = await self._calls.unary(self._stub.SampleAudience, request, repeatable=True, timeout=timeout)
        return read(AudienceSample, answer)


def _united(answers: Sequence[UploadedIdentities]) -> UploadedIdentities:
    """Returns the answers to calls of 1,000 identities each as one."""
    return dataclasses.replace(
        answers[-1],
        added_count=sum(answer.added_count for answer in answers),
        repeated_count=sum(answer.repeated_count for answer in answers),
        rejected=[
            dataclasses.replace(each, index=each.index + position * _IDENTITIES_PER_CALL)
            for position, answer in enumerate(answers)
            for each in answer.rejected
        ],
    )
