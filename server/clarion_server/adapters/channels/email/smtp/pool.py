"""Keeps idle SMTP connections in a pool."""

from __future__ import annotations

import asyncio
from collections import deque

from clarion_server.adapters.channels.email.smtp.connection import SmtpConnection

#: Servers keep idle clients for minutes (RFC 5321 section 4.5.3.2.7). Half a minute bridges the gaps of a load.
IDLE_SECONDS = 30.0
#: Is the number of messages after which a connection is replaced, so that servers behind one name can balance their
#: load.
MAX_MESSAGES = 1_000
#: Says how long `close` waits for connections to close, in seconds.
_CLOSE_SECONDS = 3.0


class ConnectionPool:
    """Reuses the connection that was used last, so that the others become idle and are closed."""

    def __init__(self, idle_seconds: float = IDLE_SECONDS, max_messages: int = MAX_MESSAGES) -> None:
        self._idle_seconds = idle_seconds
        self._max_messages = max_messages
        self._idle: deque[SmtpConnection] = deque()
        self._leaving: set[SmtpConnection] = set()
        self._sweep: asyncio.TimerHandle | None = None
        self._closed = False

    def take(self) -> SmtpConnection | None:
        """Removes a usable connection and returns it, or None when there is none."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable:
                return connection
            connection.abort()
        return None

    def keeps(self, connection: SmtpConnection) -> bool:
        """Returns whether a connection in use may take another message behind the present one."""
        return not self._closed and connection.message_count + 1 < self._max_messages

    def put_back(self, connection: SmtpConnection) -> None:
        """Keeps the connection for the next message if it is usable, else closes it."""
        if self._closed or not connection.is_usable or connection.message_count >= self._max_messages:
            self._dismiss(connection)
            return
        loop = asyncio.get_running_loop()
        connection.idle_since = loop.time()
        self._idle.append(connection)
        if self._sweep is None:
            self._sweep = loop.call_later(self._idle_seconds, self._close_idle)

    async def close(self) -> None:
        """Closes idle connections now, and those in use when they are put back. May be called again."""
        self._closed = True
        if self._sweep:
            self._sweep.cancel()
        while self._idle:
            self._dismiss(self._idle.pop())
        if self._leaving:
            await asyncio.wait([connection.closed for connection in self._leaving], timeout=_CLOSE_SECONDS)

    def _close_idle(self) -> None:
        loop = asyncio.get_running_loop()
        limit = loop.time() - self._idle_seconds
        while self._idle and self._idle[0].idle_since <= limit:
            self._dismiss(self._idle.popleft())
        self._sweep = None
        if self._idle:
            self._sweep = loop.call_at(self._idle[0].idle_since + self._idle_seconds, self._close_idle)

    def _dismiss(self, connection: SmtpConnection) -> None:
        self._leaving.add(connection)
        connection.closed.add_done_callback(lambda _: self._leaving.discard(connection))
        connection.quit()
