"""Sends triggers, one at a time or as a stream."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from functools import cached_property

from clarion.v1 import trigger_service_pb2 as wire
from clarion.v1 import trigger_service_pb2_grpc as rpc

from clarion_client._async.calls import AsyncCalls, Metadata, new_request_id
from clarion_client._async.reconnecting import AsyncReconnecting, StreamCall
from clarion_client._async.runtime import Source
from clarion_client._async.send_window import AsyncSendWindow
from clarion_client._conversion import read, write
from clarion_client._errors import ClarionError, error_of_status
from clarion_client._values import Accepted, AudienceAccepted, Trigger


class AsyncTriggers:
    """Does the work of `client.trigger` and `client.trigger_stream`."""

    def __init__(self, calls: AsyncCalls) -> None:
        self._calls = calls

    @cached_property
    def _stub(self) -> rpc.TriggerServiceAsyncStub:
        return rpc.TriggerServiceStub(self._calls.channel)

    async def send(self, trigger: Trigger, timeout: float | None) -> Accepted:
        # The id names the call in the service's log. Unless the caller gave another one, it is also the request id
        # under which the service recognises a repeated try.
        request_id = new_request_id()
        request = write(trigger, wire.TriggerRequest)
        request.request_id = request.request_id or request_id
        answer = await self._calls.unary(
            self._stub.Trigger, request, repeatable=True, timeout=timeout, request_id=request_id
        )
        return read(Accepted, answer)

    async def send_to_audience(self, request: wire.TriggerAudienceRequest, timeout: float | None) -> AudienceAccepted:
        request_id = new_request_id()
        request.request_id = request.request_id or request_id
        answer = await self._calls.unary(
            self._stub.TriggerAudience, request, repeatable=True, timeout=timeout, request_id=request_id
        )
        return read(AudienceAccepted, answer)

    async def stream(
        self, source: Source[Trigger], window_size: int, max_outage: float
    ) -> AsyncGenerator[tuple[Trigger, Accepted | ClarionError]]:
        window = AsyncSendWindow(source, window_size, _identified)

        async def open_call(metadata: Metadata, /) -> StreamCall[wire.TriggerStreamResponse]:
            return self._stub.TriggerStream(await window.connect(), metadata=metadata)

        answers = AsyncReconnecting(self._calls, open_call, window.finished, max_outage)
        try:
            while (answer := await answers.next_answer()) is not None:
                trigger, request = window.oldest
                result = await self._result(answer, request.trigger)
                await window.answered()
                yield trigger, result
        finally:
            answers.cancel()
            await window.close()
        if window.failure is not None:
            raise window.failure

    async def _result(
        self, answer: wire.TriggerStreamResponse, request: wire.TriggerRequest
    ) -> Accepted | ClarionError:
        if answer.HasField("accepted"):
            return read(Accepted, answer.accepted)
        failure = error_of_status(answer.error, request.request_id)
        try:
            # The answers behind a failure wait while it is tried again, which gives an overloaded service its pause.
            await self._calls.pause(failure, 1, self._calls.deadline(), repeatable=True)
            accepted = await self._calls.unary(self._stub.Trigger, request, repeatable=True)
            return read(Accepted, accepted)
        except ClarionError as error:
            return error


def _identified(trigger: Trigger) -> tuple[Trigger, wire.TriggerStreamRequest]:
    """Returns the trigger with a request id, which makes it safe to repeat, and its request."""
    request = write(trigger, wire.TriggerRequest)
    request.request_id = request.request_id or new_request_id()
    return replace(trigger, request_id=request.request_id), wire.TriggerStreamRequest(trigger=request)
