"""What waiting, running side by side and ending a call mean with threads.

`_async/runtime.py` says it for asyncio. These two are written by hand; the rest of `_sync` is generated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from threading import Condition, Thread
from time import sleep
from typing import TypeVar

import grpc

from clarion_client._settings import Settings

__all__ = ["CALL_ENDED", "Background", "Condition", "Source", "each", "ended_call", "open_channel", "sleep"]

T = TypeVar("T")

#: What can be sent one by one.
Source = Iterable[T]

#: What a call raises that did not succeed.
CALL_ENDED = (grpc.RpcError,)


def ended_call(error: grpc.RpcError) -> grpc.RpcError:
    return error


def open_channel(settings: Settings) -> grpc.Channel:
    credentials = settings.credentials()
    if credentials is None:
        return grpc.insecure_channel(settings.target, settings.options())
    return grpc.secure_channel(settings.target, credentials, settings.options())


def each(source: Source[T]) -> Iterator[T]:
    return iter(source)


class Background:
    """Work beside the caller's."""

    def __init__(self, work: Callable[[], None]) -> None:
        # A source may block for ever; it must not keep the process alive.
        Thread(target=work, name="clarion-outbox", daemon=True).start()

    def stop(self) -> None:
        """Does not wait: nothing interrupts a thread that reads. The work notices by itself that it is over."""
