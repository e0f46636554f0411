"""Defines the methods of `client.audiences`."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncGenerator, Iterable, Sequence
from typing import Any

from clarion.v1 import audience_service_pb2 as wire
from clarion.v1 import audience_service_pb2_grpc as rpc
from clarion.v1 import import_service_pb2 as stream_wire
from clarion.v1 import import_service_pb2_grpc as imports_rpc

from clarion_client._async.calls import AsyncCalls
from clarion_client._async.importing import Batch, import_id_or_new, imported, in_batches
from clarion_client._async.resources import AsyncDeletableResources, ResourceKind
from clarion_client._async.runtime import Source
from clarion_client._conversion import message_of, read
from clarion_client._names import full_identity, full_name
from clarion_client._values import Audience, AudienceCount, AudienceSample, UploadedIdentities

_KIND = ResourceKind(Audience, wire, rpc)
#: Says how many identities the service takes in one call.
_IDENTITIES_PER_CALL = 1_000
#: Is the time for looking at all members, in seconds, unless the call gives its own. A million people take half a
#: minute, and several times as long while triggers come in.
_COUNTING = 600.0


class AsyncAudiences(AsyncDeletableResources[Audience]):
    """Keeps audiences, the people whom one trigger writes to: `client.audiences`. A name may be given as `gold` or
    `audiences/gold`. `timeout` is in seconds.
    """

    def __init__(self, calls: AsyncCalls) -> None:
        super().__init__(calls, _KIND)

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
            request = message_of(
                wire.UploadIdentitiesRequest,
                name=full_name(_KIND.collection, name),
                identities=wanted[start : start + _IDENTITIES_PER_CALL],
                upload_id=upload_id,
                complete=complete and start == starts[-1],
            )
            answer = await self._calls.unary(self._stub.UploadIdentities, request, repeatable=True, timeout=timeout)
            answers.append(read(UploadedIdentities, answer))
        return _united(answers)

    async def upload_stream(
        self,
        name: str,
        identities: Source[str],
        *,
        append: bool = False,
        import_id: str = "",
        max_outage: float = 60.0,
    ) -> AsyncGenerator[tuple[Sequence[str], UploadedIdentities]]:
        """Uploads any number of identities, some in each request, and yields those of each request with their answer.
        They make a new list, which takes the place of the present one when all are uploaded, unless they are to
        `append` to it. The last answer belongs to no identities then.

        After a lost connection it goes on, and adds none of them twice, until the service has been away for
        `max_outage` seconds. An upload that ended early is continued by the same call under the same `import_id`.
        """
        upload, audience = import_id_or_new(import_id), full_name(_KIND.collection, name)

        def request_of(batch: Batch[Any, Any]) -> stream_wire.UploadIdentitiesStreamRequest:
            return message_of(
                stream_wire.UploadIdentitiesStreamRequest,
                name=audience,
                import_id=upload,
                position=batch.position,
                identities=batch.written,
                append=append,
                complete=batch.is_last,
            )

        stub = imports_rpc.ImportServiceStub(self._calls.channel)
        batches = in_batches(identities, full_identity, ends=not append)
        async for batch, answer in imported(self._calls, stub.UploadIdentitiesStream, batches, request_of, max_outage):
            yield batch.rows, read(UploadedIdentities, answer)

    async def count(self, name: str, *, timeout: float = _COUNTING) -> AudienceCount:
        """Counts the members, and those for whom the condition fails by cause. A million people take half a minute."""
        request = message_of(wire.CountAudienceRequest, name=full_name(_KIND.collection, name))
        answer = await self._calls.unary(self._stub.CountAudience, request, repeatable=True, timeout=timeout)
        return read(AudienceCount, answer)

    async def sample(
        self, name: str, size: int = 10, *, at_random: bool = False, timeout: float = _COUNTING
    ) -> AudienceSample:
        """Returns up to `size` members, which is 100 at most: the first ones, or some `at_random`, each with the same
        probability. The first ones of an audience that has fewer take as long as `count`.
        """
        request = message_of(
            wire.SampleAudienceRequest, name=full_name(_KIND.collection, name), sample_size=size, random=at_random
        )
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
