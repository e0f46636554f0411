"""Serves for the servers that misbehave on demand: it counts their connections, and cuts them."""

from __future__ import annotations

import asyncio
import socket
import ssl
from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import Self


class ConnectionEnded(Exception):
    """Ends a connection at once."""


class ScriptedServer(ABC):
    """Serves as long as its `async with`."""

    host = "127.0.0.1"

    def __init__(self, tls: ssl.SSLContext | None, receive_buffer: int | None = None) -> None:
        """With `tls`, connections begin with a handshake. `receive_buffer` is the system's for each connection, in
        octets; None: as large as it likes.
        """
        self.connection_count = 0
        self.most_connections = 0
        """At the same time."""
        self._tls = tls
        self._receive_buffer = receive_buffer
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._changed = asyncio.Condition()
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def open_connections(self) -> int:
        return len(self._connections)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, self.host, 0, ssl=self._tls)
        if self._receive_buffer:
            # Connections inherit it.
            self._server.sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._receive_buffer)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        await self.drop_connections()
        await self._server.wait_closed()

    async def drop_connections(self) -> None:
        """Cuts every connection, and returns when they are over."""
        connections = list(self._connections)
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    async def wait_until(self, condition: Callable[[Self], bool], seconds: float = 120) -> None:
        """Returns when the server has seen what is waited for; TimeoutError when that takes longer than `seconds`."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(lambda: condition(self))

    async def notify(self) -> None:
        """Lets those look who wait until the server has seen something."""
        async with self._changed:
            self._changed.notify_all()

    @abstractmethod
    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection. Raises ConnectionEnded, or what reading and writing raise."""

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections[task] = writer
        self.connection_count += 1
        self.most_connections = max(self.most_connections, self.open_connections)
        try:
            await self._converse(reader, writer)
        except (ConnectionEnded, ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, ssl.SSLError):
            pass
        finally:
            writer.transport.abort()
            del self._connections[task]
            await self.notify()
