"""Provides a TCP proxy whose connections come to harm when a test says so."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_CHUNK = 65_536


class FaultProxy:
    """`async with FaultProxy(connect) as proxy:` serves at `proxy.port` what `connect` connects to."""

    def __init__(self, connect: Callable[[], Awaitable[Streams]]) -> None:
        self._connect = connect
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._refusing = False

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    def reset(self) -> None:
        """Every connection ends on the spot; new ones are let through."""
        for writer in list(self._writers):
            _abort(writer)

    def cut(self) -> None:
        """Until `heal` every connection ends on the spot."""
        self._refusing = True
        self.reset()

    def stall(self) -> None:
        """Until `heal` nothing goes through, and nobody is told."""
        self._flowing.clear()

    def heal(self) -> None:
        self._refusing = False
        self._flowing.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._join((reader, writer))
        finally:
            self._tasks.discard(task)

    async def _join(self, theirs: Streams) -> None:
        """Both ways, until one side ends."""
        writers = {theirs[1]}
        self._writers |= writers
        try:
            if self._refusing:
                return
            ours = await self._connect()
            writers.add(ours[1])
            self._writers.add(ours[1])
            ways = [
                asyncio.create_task(self._pump(theirs[0], ours[1])),
                asyncio.create_task(self._pump(ours[0], theirs[1])),
            ]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        except OSError:
            # Nobody is there, which who connects learns by the end of its connection.
            return
        finally:
            for writer in writers:
                _abort(writer)
            self._writers -= writers

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(_CHUNK):
            await self._flowing.wait()
            writer.write(data)
            await writer.drain()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()


def _abort(writer: asyncio.StreamWriter) -> None:
    """Without a farewell: who is at the other end is reset."""
    raw = writer.get_extra_info("socket")
    if raw is not None and raw.family == socket.AF_INET and raw.fileno() >= 0:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
