"""Streams that continue after a lost connection."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Generic, Protocol, TypeVar

import grpc

from clarion_client._async.calls import AsyncCalls, Metadata, new_request_id
from clarion_client._async.runtime import CALL_ENDED, ended_call
from clarion_client._errors import ClarionError, UnavailableError, error_of_call
from clarion_client._retry import Deadline

T_co = TypeVar("T_co", covariant=True)


class StreamCall(Protocol[T_co]):
    """Is a streaming call in flight."""

    def __aiter__(self) -> AsyncIterator[T_co]: ...

    def cancel(self) -> bool: ...


class OpenCall(Protocol[T_co]):
    """Starts a call that continues where the last one broke."""

    async def __call__(self, metadata: Metadata, /) -> StreamCall[T_co]: ...


class AsyncReconnecting(Generic[T_co]):
    """Returns the answers of a streaming call, and makes the call again after every transient failure.

    `finished` says whether the end of the call is the end of the stream. The failure is raised when the service has
    been away for `max_outage` seconds.
    """

    def __init__(
        self, calls: AsyncCalls, open_call: OpenCall[T_co], finished: Callable[[], bool], max_outage: float
    ) -> None:
        self._calls = calls
        self._open_call = open_call
        self._finished = finished
        self._max_outage = max_outage
        self._call: StreamCall[T_co] | None = None
        self._cancelled = False
        self._request_id = ""
        self._failures = 0
        self._outage_end = Deadline(max_outage)

    async def next_answer(self) -> T_co | None:
        """Returns the next answer, or None at the end of the stream."""
        while self._call is not None or not self._finished():
            try:
                answer = await self._receive()
            except ClarionError as failure:
                self._call = None
                if not self._finished():
                    await self._pause(failure)
            else:
                self._failures = 0
                return answer
        return None

    def cancel(self) -> None:
        """Ends the stream, and a call that another thread is just starting."""
        self._cancelled = True
        if self._call is not None:
            self._call.cancel()

    async def _receive(self) -> T_co:
        try:
            call = self._call = self._call or await self._connect()
            if self._cancelled:
                # Another thread cancelled while this one was starting the call.
                call.cancel()
            return await anext(aiter(call))
        except StopAsyncIteration:
            message = "The service ended the stream."
            raise UnavailableError(grpc.StatusCode.UNAVAILABLE, message) from None
        except CALL_ENDED as error:
            raise error_of_call(ended_call(error), self._request_id) from None

    async def _connect(self) -> StreamCall[T_co]:
        self._calls.refuse_when_unusable()
        self._request_id = new_request_id()
        return await self._open_call(self._calls.metadata(self._request_id))

    async def _pause(self, failure: ClarionError) -> None:
        if not self._failures:
            self._outage_end = Deadline(self._max_outage)
        self._failures += 1
        await self._calls.pause(failure, self._failures, self._outage_end, repeatable=True)
