"""The parts of the client that differ between asyncio and threads, for threads.

`_async/runtime.py` has the same names for asyncio. Both files are written by hand, unlike the rest of
`_sync`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from threading import Condition, Thread
from time import sleep
from typing import TypeVar

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
Source = Iterable[T]

#: Stands for the event loop of the asynchronous client. Here there is none: all threads share a client.
EventLoop = object

#: The exceptions of a call that failed.
CALL_ENDED = (grpc.RpcError,)


def ended_call(error: grpc.RpcError) -> grpc.RpcError:
    return error


def event_loop_of_call(first: EventLoop | None) -> EventLoop | None:
    return first


def open_channel(settings: Settings) -> grpc.Channel:
    credentials = settings.credentials()
    if credentials is None:
        return grpc.insecure_channel(settings.target, settings.options())
    return grpc.secure_channel(settings.target, credentials, settings.options())


def each(source: Source[T]) -> Iterator[T]:
    return iter(source)


class Background:
    """Runs work concurrently with the caller."""

    def __init__(self, work: Callable[[], None]) -> None:
        # A daemon, because a source that blocks for ever must not keep the process alive.
        Thread(target=work, name="clarion-trigger-source", daemon=True).start()

    def stop(self) -> None:
        """Returns at once, because a thread that reads cannot be interrupted. The work ends by itself after `close`."""
