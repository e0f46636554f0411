"""TriggerService."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import structlog
from clarion.v1 import trigger_service_pb2 as pb

from clarion_server.application.triggering import Triggering
from clarion_server.domain.access import Caller
from clarion_server.domain.errors import ClarionError
from clarion_server.transport.grpc.convert.triggers import to_command, to_response
from clarion_server.transport.grpc.errors import internal_status, status_of
from clarion_server.transport.grpc.requests import check_decoded, size_of

log = structlog.get_logger()

#: How far a stream is read ahead of its answers.
MAX_UNANSWERED = 1_024
MAX_UNANSWERED_BYTES = 8 * 1024 * 1024

_Pending = tuple["asyncio.Task[pb.TriggerStreamResponse]", int]


class TriggerService:
    def __init__(self, triggering: Triggering) -> None:
        self._triggering = triggering

    async def trigger(self, request: pb.TriggerRequest, caller: Caller) -> pb.TriggerResponse:
        return to_response(await self._triggering.trigger(to_command(request), caller))

    async def trigger_stream(
        self, requests: AsyncIterator[pb.TriggerStreamRequest], caller: Caller
    ) -> AsyncIterator[pb.TriggerStreamResponse]:
        async with asyncio.TaskGroup() as tasks:
            window = _Window()
            reader = tasks.create_task(self._read(requests, caller, window, tasks))
            try:
                while (pending := await window.next()) is not None:
                    yield await pending
            finally:
                reader.cancel()

    async def _read(
        self,
        requests: AsyncIterator[pb.TriggerStreamRequest],
        caller: Caller,
        window: _Window,
        tasks: asyncio.TaskGroup,
    ) -> None:
        async for request in requests:
            size = size_of(request)
            await window.room(size)
            window.put(tasks.create_task(self._answer(request, caller)), size)
        window.end()

    async def _answer(self, request: pb.TriggerStreamRequest, caller: Caller) -> pb.TriggerStreamResponse:
        """Never raises: a request that fails has its error as its answer, and the stream goes on."""
        try:
            return pb.TriggerStreamResponse(accepted=await self.trigger(check_decoded(request).trigger, caller))
        except ClarionError as error:
            return pb.TriggerStreamResponse(error=status_of(error))
        except Exception:
            log.exception("stream_request_failed", caller=caller.name)
            return pb.TriggerStreamResponse(error=internal_status(""))


class _Window:
    """The requests that were read and not yet answered, in order, within bounds."""

    def __init__(self) -> None:
        self._pending: asyncio.Queue[_Pending | None] = asyncio.Queue()
        self._count = 0
        self._bytes = 0
        self._freed = asyncio.Event()

    async def room(self, size: int) -> None:
        """Returns when one more request of that size fits. A lone one always does."""
        while self._count >= MAX_UNANSWERED or (self._count and self._bytes + size > MAX_UNANSWERED_BYTES):
            self._freed.clear()
            await self._freed.wait()

    def put(self, answer: asyncio.Task[pb.TriggerStreamResponse], size: int) -> None:
        self._count += 1
        self._bytes += size
        self._pending.put_nowait((answer, size))

    def end(self) -> None:
        self._pending.put_nowait(None)

    async def next(self) -> asyncio.Task[pb.TriggerStreamResponse] | None:
        """The answer to the oldest request; None after the last one."""
        pending = await self._pending.get()
        if pending is None:
            return None
        answer, size = pending
        self._count -= 1
        self._bytes -= size
        self._freed.set()
        return answer
