"""Streams the cells of a run of test cases."""

from __future__ import annotations

from typing import Self

import grpc
from clarion.v1 import test_case_service_pb2_grpc as rpc
from clarion.v1 import test_run_pb2

from clarion_client._async.calls import AsyncCalls, new_request_id
from clarion_client._async.reconnecting import StreamCall
from clarion_client._async.runtime import CALL_ENDED, ended_call
from clarion_client._conversion import read
from clarion_client._errors import UnavailableError, error_of_call
from clarion_client._values import TestCell, TestRun


class AsyncCellStream:
    """Iterates over the cells of `client.test_cases.run(...)` as they are tried. `end` then says what was tried."""

    def __init__(
        self,
        calls: AsyncCalls,
        stub: rpc.TestCaseServiceAsyncStub,
        request: test_run_pb2.TestCampaignRequest,
        timeout: float | None,
    ) -> None:
        self._calls = calls
        self._stub = stub
        self._request = request
        self._timeout = timeout
        self._request_id = ""
        self._call: StreamCall[test_run_pb2.TestCampaignResponse] | None = None
        self._end: TestRun | None = None

    @property
    def end(self) -> TestRun:
        """Returns what the run says at its end. Raises RuntimeError before it."""
        if self._end is None:
            raise RuntimeError("The run has not ended: iterate over all its cells first.")
        return self._end

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> TestCell:
        while self._end is None:
            answer = await self._receive()
            if answer.HasField("cell"):
                return read(TestCell, answer.cell)
            if answer.run.next_page_token:
                self._request.page_token = answer.run.next_page_token
                self._call = None
            else:
                self._end = read(TestRun, answer.run)
        raise StopAsyncIteration

    def close(self) -> None:
        """Ends a run whose other cells nobody wants."""
        if self._call is not None:
            self._call.cancel()

    async def _receive(self) -> test_run_pb2.TestCampaignResponse:
        try:
            call = self._call = self._call or self._open()
            return await anext(aiter(call))
        except StopAsyncIteration:
            message = "The service ended the run before its end."
            raise UnavailableError(grpc.StatusCode.UNAVAILABLE, message) from None
        except CALL_ENDED as error:
            raise error_of_call(ended_call(error), self._request_id) from None

    def _open(self) -> StreamCall[test_run_pb2.TestCampaignResponse]:
        self._calls.refuse_when_unusable()
        self._request_id = new_request_id()
        metadata = self._calls.metadata(self._request_id)
        return self._stub.TestCampaign(self._request, metadata=metadata, timeout=self._timeout)
