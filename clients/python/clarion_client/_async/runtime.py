"""What waiting, running side by side and ending a call mean under asyncio.

`_sync/runtime.py` says it for threads. These two are written by hand; the rest of `_sync` is generated.
"""

from __future__ import annotations

import asyncio
from asyncio import Condition, sleep
from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine, Iterable
from typing import Any, TypeVar

import grpc

from clarion_client._settings import Settings

__all__ = ["CALL_ENDED", "Background", "Condition", "Source", "each", "ended_call", "open_channel", "sleep"]

T = TypeVar("T")

#: What can be sent one by one.
Source = AsyncIterable[T] | Iterable[T]

#: What a call raises that did not succeed.
CALL_ENDED = (grpc.RpcError, asyncio.CancelledError)
HIDDEN_STATUS = "Internal error from Core"


def ended_call(error: BaseException) -> grpc.RpcError:
    """Says how a call really ended, where gRPC does not.

    When the service ends a call while a request is written, an internal error may take the place of its status
    (grpc/grpc#36066); only another call can tell. And closing a channel ends its calls with CancelledError, as if the
    caller's task had been cancelled; when it really was, that goes on.
    """
    if isinstance(error, grpc.RpcError):
        hidden = error.details() == HIDDEN_STATUS
        return grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, details="The call was cut off.") if hidden else error
    task = asyncio.current_task()
    if task is None or task.cancelling():
        raise error
    return grpc.aio.AioRpcError(grpc.StatusCode.CANCELLED, details="The client was closed during the call.")


def open_channel(settings: Settings) -> grpc.aio.Channel:
    """The channel belongs to the event loop that runs."""
    credentials = settings.credentials()
    if credentials is None:
        return grpc.aio.insecure_channel(settings.target, settings.options())
    return grpc.aio.secure_channel(settings.target, credentials, settings.options())


async def each(source: Source[T]) -> AsyncIterator[T]:
    if isinstance(source, AsyncIterable):
        async for item in source:
            yield item
    else:
        for item in source:
            yield item


class Background:
    """Work beside the caller's."""

    def __init__(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._task = asyncio.create_task(work())

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])
