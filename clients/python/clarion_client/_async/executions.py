"""Defines the methods of `client.executions`."""

from __future__ import annotations

from functools import cached_property

from clarion.v1 import execution_service_pb2 as wire
from clarion.v1 import execution_service_pb2_grpc as rpc

from clarion_client._async.calls import AsyncCalls
from clarion_client._async.pager import AsyncPager, paged
from clarion_client._conversion import message_of, read, read_all
from clarion_client._names import full_name, full_name_or_empty
from clarion_client._values import Execution, ExecutionCancellation


class AsyncExecutions:
    """Finds and cancels accepted triggers: `client.executions`. `timeout` is in seconds."""

    def __init__(self, calls: AsyncCalls) -> None:
        self._calls = calls

    @cached_property
    def _stub(self) -> rpc.ExecutionServiceAsyncStub:
        return rpc.ExecutionServiceStub(self._calls.channel)

    async def get(self, name: str, *, timeout: float | None = None) -> Execution:
        request = message_of(wire.GetExecutionRequest, name=full_name("executions", name))
        answer = await self._calls.unary(self._stub.GetExecution, request, repeatable=True, timeout=timeout)
        return read(Execution, answer.execution)

    def list(
        self, *, campaign: str = "", request_id: str = "", page_size: int = 0, timeout: float | None = None
    ) -> AsyncPager[Execution]:
        """Lists executions that match every filter given, newest first. `request_id` needs `campaign`."""
        request = message_of(
            wire.ListExecutionsRequest,
            campaign=full_name_or_empty("campaigns", campaign),
            request_id=request_id,
            page_size=page_size,
        )
        return paged(
            self._calls, self._stub.ListExecutions, request, lambda page: read_all(Execution, page.executions), timeout
        )

    async def cancel(self, name: str, *, timeout: float | None = None) -> ExecutionCancellation:
        """Cancels every message that no process has begun to hand off, and says how many were in time."""
        request = message_of(wire.CancelExecutionRequest, name=full_name("executions", name))
        answer = await self._calls.unary(self._stub.CancelExecution, request, repeatable=True, timeout=timeout)
        return read(ExecutionCancellation, answer)
