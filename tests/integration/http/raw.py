"""Provides a server on the loop of the test, and connections that send any bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from clarion_server.transport.api.methods import GuardedMethod
from clarion_server.transport.http.server import HttpServer, contract_app
from starlette.routing import BaseRoute

#: Far more than anything here takes.
SECONDS = 30
#: More turns of the loop than it takes to read what has arrived.
TURNS = 20


@dataclass(frozen=True, slots=True)
class Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def send_alone(self, data: bytes) -> None:
        """Sends a segment that the server, which runs on the same loop, reads before anything else is sent."""
        await self.send(data)
        for _ in range(TURNS):
            await asyncio.sleep(0)

    async def all(self) -> bytes:
        """Returns all data until the server closes the connection."""
        async with asyncio.timeout(SECONDS):
            return await self.reader.read()

    async def head(self) -> bytes:
        """Returns the head of the next answer."""
        async with asyncio.timeout(SECONDS):
            return await self.reader.readuntil(b"\r\n\r\n")


@asynccontextmanager
async def serving(
    methods: Iterable[GuardedMethod] = (), routes: Iterable[BaseRoute] = (), origins: Iterable[str] = ()
) -> AsyncIterator[int]:
    """Yields the port."""
    server = HttpServer(contract_app(methods, list(routes), list(origins)))
    port = server.listen("127.0.0.1:0", None)
    await server.start()
    try:
        yield port
    finally:
        await server.stop(0)


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Connection]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Connection(reader, writer)
    finally:
        writer.close()


async def answer(port: int, data: bytes) -> bytes:
    """Returns all data until the server closes the connection, which `connection: close` asks for."""
    async with connected(port) as connection:
        await connection.send(data)
        return await connection.all()
