"""Serves the ExecutionService of the contract."""

from __future__ import annotations

from clarion.v1 import execution_pb2
from clarion.v1 import execution_service_pb2 as pb

from clarion_server.application.ports.queries import ExecutionQuery
from clarion_server.application.queries.lookups import ExecutionView, Lookups
from clarion_server.application.triggering.admission import request_id_violations
from clarion_server.application.triggering.cancel import CancelMessages
from clarion_server.domain.access.access import Caller
from clarion_server.domain.names import CAMPAIGNS, EXECUTIONS
from clarion_server.domain.triggering.execution import CancelOutcome
from clarion_server.domain.violation import required
from clarion_server.transport.api.convert.executions import to_execution
from clarion_server.transport.api.convert.request_parser import RequestParser
from clarion_server.transport.api.pagination import page_of

_OUTCOME = {outcome: pb.CancelExecutionResponse.Outcome.Value(f"OUTCOME_{outcome.name}") for outcome in CancelOutcome}


class ExecutionService:
    def __init__(self, lookups: Lookups, cancel: CancelMessages) -> None:
        self._lookups = lookups
        self._cancel = cancel

    async def get_execution(self, request: pb.GetExecutionRequest, caller: Caller) -> pb.GetExecutionResponse:
        seen = await self._lookups.execution(EXECUTIONS.parse(request.name), caller)
        return pb.GetExecutionResponse(execution=_to_execution(seen))

    async def list_executions(self, request: pb.ListExecutionsRequest, caller: Caller) -> pb.ListExecutionsResponse:
        parser = RequestParser()
        campaign_id = parser.optional_id(CAMPAIGNS, request.campaign, "campaign")
        if request.request_id and not request.campaign:
            parser.add(required("campaign"))
        for violation in request_id_violations(request.request_id):
            parser.add(violation)
        page = page_of(request, caller, str, parser=parser)
        query = ExecutionQuery(
            caller.visibility,
            request_id=request.request_id or None,
            before=page.after[0] if page.after else None,
            limit=page.limit,
        )
        found = await self._lookups.executions(query, campaign_id)
        shown, next_page_token = page.cut(found, lambda seen: (seen.execution.id,))
        return pb.ListExecutionsResponse(executions=map(_to_execution, shown), next_page_token=next_page_token)

    async def cancel_execution(self, request: pb.CancelExecutionRequest, caller: Caller) -> pb.CancelExecutionResponse:
        execution_id = EXECUTIONS.parse(request.name)
        cancellation = await self._cancel.cancel_execution(execution_id, caller)
        return pb.CancelExecutionResponse(
            outcome=_OUTCOME[cancellation.outcome],
            cancelled_count=cancellation.cancelled_count,
            too_late_count=cancellation.too_late_count,
            execution=_to_execution(await self._lookups.execution(execution_id, caller)),
        )


def _to_execution(seen: ExecutionView) -> execution_pb2.Execution:
    return to_execution(seen.execution, seen.campaign_id, seen.counts, seen.run)
