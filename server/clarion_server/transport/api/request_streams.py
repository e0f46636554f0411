"""Reads the streams of requests of long calls, and ends them when the service stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from clarion_server.domain.errors import Unavailable
from clarion_server.transport.api.requests import Unread, check_decoded


class RequestStreams:
    """Bounds the streams of requests that are open. An instance belongs to one event loop."""

    def __init__(self) -> None:
        self._reading: set[asyncio.Future[Any]] = set()
        self._ended = asyncio.Event()

    async def requests_of(self, stream: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """Yields the decoded requests of a stream. One is read when the caller of this asks for it.

        Raises InvalidFields for one that cannot be decoded, and Unavailable when the service stops.
        """
        while not self._ended.is_set():
            reading = asyncio.ensure_future(_next(stream))
            self._reading.add(reading)
            try:
                request = await reading
            except asyncio.CancelledError:
                if self._ended.is_set():
                    break
                raise
            finally:
                self._reading.discard(reading)
            if request is None:
                return
            yield check_decoded(request)
        raise Unavailable

    def end(self) -> None:
        """Reads no further requests. Each stream ends as unavailable after the answer to what was read."""
        self._ended.set()
        for reading in self._reading:
            reading.cancel()


async def _next(stream: AsyncIterator[Any]) -> Any:
    """Returns the next request, or None after the last one."""
    request = await anext(stream, None)
    return await request.read() if isinstance(request, Unread) else request
