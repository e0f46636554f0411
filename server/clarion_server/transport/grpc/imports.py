"""Serves the ImportService of the contract."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

from clarion.v1 import import_service_pb2 as pb

from clarion_server.application.audiences.uploading import MAX_IDENTITIES, AudienceUploads, UploadIdentities
from clarion_server.application.background import run_for_request
from clarion_server.application.profiles.profile_import import ImportProfiles
from clarion_server.application.suppressions.entries import CreateSuppression
from clarion_server.application.suppressions.importing import MAX_ROWS, ImportSuppressions
from clarion_server.domain.access.access import Caller
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.names import AUDIENCES, PROFILES, SUPPRESSIONS
from clarion_server.domain.people.import_place import ImportPlace
from clarion_server.domain.violation import Violation
from clarion_server.transport.api.convert.audiences import to_stream_uploaded
from clarion_server.transport.api.convert.profiles import to_imported
from clarion_server.transport.api.convert.profiles import to_result as to_profile_result
from clarion_server.transport.api.convert.suppressions import to_command
from clarion_server.transport.api.convert.suppressions import to_result as to_suppression_result
from clarion_server.transport.api.request_streams import RequestStreams

Requests = AsyncIterator[object]


class ImportService:
    """Handles one request of a stream at a time. gRPC reads the next one when it is asked for, so that callers wait."""

    def __init__(
        self,
        profiles: ImportProfiles,
        suppressions: ImportSuppressions,
        uploads: AudienceUploads,
        streams: RequestStreams,
    ) -> None:
        self._profiles = profiles
        self._suppressions = suppressions
        self._uploads = uploads
        self._streams = streams

    async def import_profiles_stream(
        self, requests: Requests, caller: Caller
    ) -> AsyncGenerator[pb.ImportProfilesStreamResponse]:
        async for request in self._streams.requests_of(requests):
            place = ImportPlace(caller.sandbox, PROFILES.name, request.import_id, request.position)
            # A thread, since a thousand profiles take some ten milliseconds.
            rows = await run_for_request(to_imported, request)
            results = await self._profiles.import_rows(rows, caller, place)
            yield pb.ImportProfilesStreamResponse(position=request.position, results=map(to_profile_result, results))

    async def import_suppressions_stream(
        self, requests: Requests, caller: Caller
    ) -> AsyncGenerator[pb.ImportSuppressionsStreamResponse]:
        async for request in self._streams.requests_of(requests):
            place = ImportPlace(caller.sandbox, SUPPRESSIONS.name, request.import_id, request.position)
            rows = await run_for_request(_to_commands, request)
            results = await self._suppressions.import_rows(rows, caller, place)
            yield pb.ImportSuppressionsStreamResponse(
                position=request.position, results=map(to_suppression_result, results)
            )

    async def upload_identities_stream(
        self, requests: Requests, caller: Caller
    ) -> AsyncGenerator[pb.UploadIdentitiesStreamResponse]:
        async for request in self._streams.requests_of(requests):
            if request.append and request.complete:
                raise InvalidFields((Violation("complete", "NOT_ALLOWED", "Must not be with append."),))
            audience_id = AUDIENCES.parse(request.name)
            place = ImportPlace(caller.sandbox, AUDIENCES.format(audience_id), request.import_id, request.position)
            command = UploadIdentities(
                audience_id,
                request.identities[: MAX_IDENTITIES + 1],
                "" if request.append else request.import_id,
                request.complete,
                place,
            )
            yield to_stream_uploaded(request.position, await self._uploads.upload(command, caller))


def _to_commands(request: pb.ImportSuppressionsStreamRequest) -> list[CreateSuppression]:
    """Reads no more rows than it takes to find that there are too many."""
    return [to_command(row) for row in request.suppressions[: MAX_ROWS + 1]]
