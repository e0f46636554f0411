"""Holds the parts of the client that differ between asyncio and threads, for asyncio.

`_sync/runtime.py` has the same names for threads. Both files are written by hand, unlike the rest of
`_sync`.
"""

from __future__ import annotations

import asyncio
from asyncio import Condition, sleep
from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine, Iterable
from typing import Any, TypeVar

import grpc

from clarion_client._settings import Settings

__all__ = [
    "CALL_ENDED",
    "Background",
    "Condition",
    "EventLoop",
    "Source",
    "each",
    "ended_call",
    "event_loop_of_call",
    "open_channel",
    "sleep",
]

T = TypeVar("T")

#: Items that are sent one by one.
Source = AsyncIterable[T] | Iterable[T]

#: Runs the calls of a client.
EventLoop = asyncio.AbstractEventLoop

#: The exceptions of a call that failed.
CALL_ENDED = (grpc.RpcError, asyncio.CancelledError)
HIDDEN_STATUS = "Internal error from Core"


def ended_call(error: BaseException) -> grpc.RpcError:
    """Returns the error with which a call really ended. Raises the given error again when the caller's own task was
    cancelled.

    gRPC hides the true end in two cases. When the service ends a call while a request is being written, an internal
    error may replace the status (grpc/grpc#36066); only another call can find it out. When a channel is closed, its
    calls end with CancelledError, as if the caller's task had been cancelled.
    """
    if isinstance(error, grpc.RpcError):
        hidden = error.details() == HIDDEN_STATUS
        return grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, details="The call was cut off.") if hidden else error
    task = asyncio.current_task()
    if task is None or task.cancelling():
        raise error
    return grpc.aio.AioRpcError(grpc.StatusCode.CANCELLED, details="The client was closed during the call.")


def event_loop_of_call(first: EventLoop | None) -> EventLoop:
    """Returns the running event loop. Raises RuntimeError when `first`, that of the client's first call, is another:
    gRPC's channel belongs to it.
    """
    running = asyncio.get_running_loop()
    if first not in (None, running):
        raise RuntimeError(
            "The client belongs to the event loop of its first call. Make one for each event loop, within the coroutine"
            " that asyncio.run runs."
        )
    return running


def open_channel(settings: Settings) -> grpc.aio.Channel:
    """Opens a channel that belongs to the running event loop."""
    credentials = settings.credentials()
    if credentials is None:
        return grpc.aio.insecure_channel(settings.target, settings.options())
    return grpc.aio.secure_channel(settings.target, credentials, settings.options())


async def each(source: Source[T]) -> AsyncIterator[T]:
    """Iterates over a source of either kind."""
    if isinstance(source, AsyncIterable):
        async for item in source:
            yield item
    else:
        for item in source:
            yield item


class Background:
    """Runs work concurrently with the caller."""

    def __init__(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._task = asyncio.create_task(work())

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])
