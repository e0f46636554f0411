"""Serves the SuppressionService of the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from clarion.v1 import suppression_pb2
from clarion.v1 import suppression_service_pb2 as pb

from clarion_server.application.background import run_for_request
from clarion_server.application.ports.queries import SuppressionQuery
from clarion_server.application.suppressions.entries import CreateSuppression, ManageSuppressions
from clarion_server.application.suppressions.importing import MAX_ROWS, ImportSuppressions
from clarion_server.domain.access.access import Caller
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.names import SUPPRESSIONS
from clarion_server.domain.suppressions.suppression import Suppression, target_key
from clarion_server.domain.suppressions.suppression_rules import target_violations
from clarion_server.domain.violation import Violation, required
from clarion_server.transport.api.convert.enums import CATEGORY, CHANNEL, SUPPRESSION_REASON, SUPPRESSION_SCOPE
from clarion_server.transport.api.convert.request_parser import RequestParser
from clarion_server.transport.api.convert.suppressions import to_command, to_result, to_suppression
from clarion_server.transport.api.pagination import page_of
from clarion_server.transport.api.requests import converted


class SuppressionService:
    def __init__(self, suppressions: ManageSuppressions, imports: ImportSuppressions) -> None:
        self._suppressions = suppressions
        self._imports = imports

    async def create_suppression(
        self, request: pb.CreateSuppressionRequest, caller: Caller
    ) -> pb.CreateSuppressionResponse:
        if not request.HasField("suppression"):
            raise InvalidFields((required("suppression"),))
        created = await self._suppressions.create(to_command(request.suppression), caller)
        return pb.CreateSuppressionResponse(suppression=to_suppression(created))

    async def get_suppression(self, request: pb.GetSuppressionRequest, caller: Caller) -> pb.GetSuppressionResponse:
        found = await self._suppressions.get(SUPPRESSIONS.parse(request.name), caller)
        return pb.GetSuppressionResponse(suppression=to_suppression(found))

    async def list_suppressions(
        self, request: pb.ListSuppressionsRequest, caller: Caller
    ) -> pb.ListSuppressionsResponse:
        parser = RequestParser()
        keys = frozenset(_target_filter(parser, request))
        channels = parser.members(CHANNEL, request.channels, "channels")
        reasons = parser.members(SUPPRESSION_REASON, request.reasons, "reasons")
        scopes = parser.members(SUPPRESSION_SCOPE, request.scopes, "scopes")
        page = page_of(request, caller, str, parser=parser)
        query = SuppressionQuery(
            caller.visibility,
            target_keys=keys,
            channels=frozenset(channels),
            reasons=frozenset(reasons),
            scopes=frozenset(scopes),
            before=page.after[0] if page.after else None,
            limit=page.limit,
        )
        shown, token = page.cut(await self._suppressions.page(query), lambda suppression: (suppression.id,))
        return pb.ListSuppressionsResponse(suppressions=map(to_suppression, shown), next_page_token=token)

    async def delete_suppression(
        self, request: pb.DeleteSuppressionRequest, caller: Caller
    ) -> pb.DeleteSuppressionResponse:
        await self._suppressions.delete(SUPPRESSIONS.parse(request.name), request.override_reason, caller)
        return pb.DeleteSuppressionResponse()

    async def import_suppressions(
        self, request: pb.ImportSuppressionsRequest, caller: Caller
    ) -> pb.ImportSuppressionsResponse:
        results = await self._imports.import_rows(await converted(_to_commands, request), caller)
        return pb.ImportSuppressionsResponse(results=map(to_result, results))

    async def export_suppressions(
        self, request: pb.ExportSuppressionsRequest, caller: Caller
    ) -> AsyncIterator[pb.ExportSuppressionsResponse]:
        after = SUPPRESSIONS.parse(request.after, "after") if request.after else None
        async for page in self._suppressions.pages(after, caller):
            if page:
                yield pb.ExportSuppressionsResponse(suppressions=await run_for_request(_exported, page))
        yield pb.ExportSuppressionsResponse(complete=True)

    async def check_suppression(
        self, request: pb.CheckSuppressionRequest, caller: Caller
    ) -> pb.CheckSuppressionResponse:
        parser = RequestParser()
        channel = parser.member(CHANNEL, request.channel, "channel") or Channel.EMAIL
        parser.check()
        checked = await self._suppressions.check(request.address, channel, caller)
        return pb.CheckSuppressionResponse(
            suppressions=map(to_suppression, checked.suppressions),
            excluded_categories=map(CATEGORY.number, checked.excluded_categories),
        )


def _exported(page: Sequence[Suppression]) -> list[suppression_pb2.Suppression]:
    return list(map(to_suppression, page))


def _to_commands(request: pb.ImportSuppressionsRequest) -> list[CreateSuppression]:
    """Reads no more rows than it takes to find that there are too many."""
    return [to_command(row) for row in request.suppressions[: MAX_ROWS + 1]]


def _target_filter(parser: RequestParser, request: pb.ListSuppressionsRequest) -> list[str]:
    """Returns the key of the address or the domain that the list is limited to, of which there is one at most."""
    given = [field for field in ("address", "domain") if getattr(request, field)]
    for field in given:
        for violation in target_violations(getattr(request, field), field):
            parser.add(violation)
    if len(given) > 1:
        parser.add(Violation("domain", "NOT_ALLOWED", "Must be empty when an address is given."))
    return [target_key(getattr(request, field)) for field in given]
