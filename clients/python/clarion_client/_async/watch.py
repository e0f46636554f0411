"""Streams the events of a watch."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from clarion.v1 import message_service_pb2 as wire
from clarion.v1 import message_service_pb2_grpc as rpc

from clarion_client._async.calls import AsyncCalls, Metadata
from clarion_client._async.reconnecting import AsyncReconnecting, StreamCall
from clarion_client._conversion import read
from clarion_client._values import Event


class AsyncEventWatch:
    """Iterates over the events of `client.messages.watch(...)`, each once and in order, across lost connections.

    Entering it (`async with`) returns as soon as the service watches, so no event of a later trigger is missed.
    Without that the watch begins when the first event is asked for. Leaving it ends the iteration, and so does `close`.
    """

    def __init__(
        self,
        calls: AsyncCalls,
        stub: rpc.MessageServiceAsyncStub,
        request: wire.WatchEventsRequest,
        max_outage: float,
    ) -> None:
        self._stub = stub
        self._request = request
        self._closed = False
        self._answers = AsyncReconnecting(calls, self._open, lambda: self._closed, max_outage)

    @property
    def resume_token(self) -> str:
        """Returns the position after the last event returned, where a later watch with the same filters continues.
        Store it after the event has been processed.
        """
        return self._request.resume_token

    async def __aenter__(self) -> Self:
        # The first answer holds a token alone, and says that the watch has begun.
        await self._receive()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        while (answer := await self._receive()) is not None:
            if answer.HasField("event"):
                return read(Event, answer.event)
        raise StopAsyncIteration

    def close(self) -> None:
        """Ends the watch. May be called from any thread, and again."""
        self._closed = True
        self._answers.cancel()

    async def _receive(self) -> wire.WatchEventsResponse | None:
        answer = await self._answers.next_answer()
        if answer is not None:
            self._request.resume_token = answer.resume_token
        return answer

    async def _open(self, metadata: Metadata, /) -> StreamCall[wire.WatchEventsResponse]:
        return self._stub.WatchEvents(self._request, metadata=metadata)
