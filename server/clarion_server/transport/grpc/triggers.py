"""Serves the TriggerService of the contract."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from uuid import uuid4

import structlog
from clarion.v1 import trigger_service_pb2 as pb

from clarion_server.application.audience_runs.triggering import AudienceTriggering
from clarion_server.application.background import run_for_request
from clarion_server.application.triggering.admission import TriggerCommand
from clarion_server.application.triggering.trigger import Begun, TriggerAnswer, Triggering
from clarion_server.domain.access.access import Caller
from clarion_server.domain.errors import ClarionError, Unavailable
from clarion_server.domain.value import value
from clarion_server.transport.api.convert.audience_triggers import to_audience_command, to_audience_response
from clarion_server.transport.api.convert.triggers import to_command, to_response, to_stream_response
from clarion_server.transport.api.errors import internal_status, status_of
from clarion_server.transport.api.requests import Unread, check_decoded, converted, is_large, size_of

log = structlog.get_logger()

#: At most this many requests of a stream, and this many bytes of them, are read ahead of their answers.
MAX_UNANSWERED = 1_024
MAX_UNANSWERED_BYTES = 8 * 1024 * 1024


class TriggerService:
    def __init__(self, triggering: Triggering, audience_triggering: AudienceTriggering) -> None:
        self._triggering = triggering
        self._audience_triggering = audience_triggering
        self._readers: set[asyncio.Task[None]] = set()

    async def trigger(self, request: pb.TriggerRequest, caller: Caller) -> pb.TriggerResponse:
        # Checked before the request is converted, because conversion costs most under overload.
        self._triggering.check_capacity(len(request.recipients))
        command = await run_for_request(_to_large_command, request) if is_large() else to_command(request)
        return to_response(await self._triggering.trigger(command, caller))

    async def trigger_stream(
        self, requests: AsyncIterator[pb.TriggerStreamRequest | Unread], caller: Caller
    ) -> AsyncGenerator[pb.TriggerStreamResponse]:
        window = _Window()
        reader = asyncio.create_task(self._read(requests, caller, window))
        self._readers.add(reader)
        try:
            while (unanswered := await window.oldest()) is not None:
                yield await self._answer(unanswered, caller)
                window.answered(unanswered)
            await asyncio.wait([reader])
            if reader.cancelled():
                raise Unavailable
            reader.result()
        finally:
            reader.cancel()
            self._readers.discard(reader)

    async def trigger_audience(self, request: pb.TriggerAudienceRequest, caller: Caller) -> pb.TriggerAudienceResponse:
        command = await converted(to_audience_command, request)
        return to_audience_response(await self._audience_triggering.trigger(command, caller))

    def end_streams(self) -> None:
        """Stops reading all streams. Each ends as unavailable after the answers to what was read."""
        for reader in self._readers:
            reader.cancel()

    async def _read(
        self, requests: AsyncIterator[pb.TriggerStreamRequest | Unread], caller: Caller, window: _Window
    ) -> None:
        try:
            async for request in requests:
                size = size_of(request)
                if not window.fits(size):
                    await window.wait_until_fits(size)
                begun = None if isinstance(request, Unread) else self._begin(request, size, caller)
                window.add(begun or await self._load_and_begin(request, size, caller))
        finally:
            window.end()

    def _begin(self, request: pb.TriggerStreamRequest, size: int, caller: Caller) -> _Unanswered | None:
        """Begins a trigger without waiting; returns None when its campaign must be loaded first."""
        command: TriggerCommand | None = None
        try:
            command = to_command(check_decoded(request).trigger)
            begun = self._triggering.begin(command, caller)
        except Exception as error:  # noqa: BLE001 - raised when the request is answered
            # `_finish` calls `trigger`, which recognises a refused request that repeats an accepted one.
            return _Unanswered(size, command, None, error)
        return None if begun is None else _Unanswered(size, command, begun)

    async def _load_and_begin(
        self, request: pb.TriggerStreamRequest | Unread, size: int, caller: Caller
    ) -> _Unanswered:
        command: TriggerCommand | None = None
        try:
            if isinstance(request, Unread):
                command = await run_for_request(_read_large, request)
            else:
                command = to_command(request.trigger)
            return _Unanswered(size, command, await self._triggering.load_and_begin(command, caller))
        except Exception as error:  # noqa: BLE001 - see `_begin`
            return _Unanswered(size, command, None, error)

    async def _answer(self, unanswered: _Unanswered, caller: Caller) -> pb.TriggerStreamResponse:
        """Returns the answer to a request, or its error. Never raises, so that the stream goes on."""
        try:
            return to_stream_response(await self._finish(unanswered, caller))
        except ClarionError as error:
            return pb.TriggerStreamResponse(error=status_of(error))
        except Exception:
            request_id = uuid4().hex
            log.exception("stream_request_failed", request_id=request_id)
            return pb.TriggerStreamResponse(error=internal_status(request_id))

    async def _finish(self, unanswered: _Unanswered, caller: Caller) -> TriggerAnswer:
        if unanswered.command is None:
            assert unanswered.error is not None, "a request without a command has an error"
            raise unanswered.error
        answer = None if unanswered.begun is None else await self._triggering.finish(unanswered.begun)
        return answer or await self._triggering.trigger(unanswered.command, caller)


def _to_large_command(request: pb.TriggerRequest) -> TriggerCommand:
    return to_command(request, is_large=True)


def _read_large(request: Unread) -> TriggerCommand:
    return _to_large_command(check_decoded(request.decode()).trigger)


@value
class _Unanswered:
    """Is a request that was read: begun, or to be triggered from the start when it could not be begun."""

    size: int
    command: TriggerCommand | None
    begun: Begun | None
    error: Exception | None = None


class _Window:
    """Holds the requests that were read and not yet answered, in order, with a bound on their number and size."""

    def __init__(self) -> None:
        self._requests: deque[_Unanswered] = deque()
        self._ended = False
        self._count = 0
        self._bytes = 0
        self._added = asyncio.Event()
        self._freed = asyncio.Event()

    def fits(self, size: int) -> bool:
        """Returns whether one more request of that size fits. A request always fits when there is no other."""
        return not self._count or (self._count < MAX_UNANSWERED and self._bytes + size <= MAX_UNANSWERED_BYTES)

    async def wait_until_fits(self, size: int) -> None:
        """Returns when one more request of that size fits."""
        while not self.fits(size):
            self._freed.clear()
            await self._freed.wait()

    def add(self, request: _Unanswered) -> None:
        self._count += 1
        self._bytes += request.size
        self._requests.append(request)
        self._added.set()

    def answered(self, request: _Unanswered) -> None:
        self._count -= 1
        self._bytes -= request.size
        self._freed.set()

    def end(self) -> None:
        self._ended = True
        self._added.set()

    async def oldest(self) -> _Unanswered | None:
        """Waits for the oldest unanswered request and returns it; None after the last one."""
        while not self._requests:
            if self._ended:
                return None
            self._added.clear()
            await self._added.wait()
        return self._requests.popleft()
