"""Connections that nobody can hold for nothing: bounds on what uvicorn's own protocol leaves open.

A caller that is slow with its request (slow loris), endless in its headers, or never takes its answer would otherwise
keep a connection and its memory for as long as it likes.
"""

from __future__ import annotations

import asyncio
import resource
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

#: How long, in seconds, the headers of a request may take, from the start of the connection or from their first byte.
HEADER_SECONDS: Final = 10.0
#: The most bytes of a request line with its headers.
MAX_HEADER_BYTES: Final = 32 * 1024
#: How long, in seconds, a caller may take nothing of its answer.
SEND_SECONDS: Final = 30.0
#: How long, in seconds, what is still to come of a request is thrown away after its answer. Closed at once, the
#: connection might lose the answer.
LINGER_SECONDS: Final = 2.0
#: The most connections at a time: those of gRPC, the store and the channels need files too.
MAX_CONNECTIONS: Final = min(4_096, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)

_NOTHING_MORE: Final = b"connection: close\r\ncontent-length: 0\r\n\r\n"
_MALFORMED: Final = b"HTTP/1.1 400 Bad Request\r\n" + _NOTHING_MORE
_TOO_LARGE: Final = b"HTTP/1.1 431 Request Header Fields Too Large\r\n" + _NOTHING_MORE
_TOO_MANY: Final = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\n" + _NOTHING_MORE


class _HeadersTooLarge(Exception):
    pass


class _PartingTransport:
    """What answers are written to. Closing it leaves the protocol the time to part."""

    def __init__(self, protocol: BoundedProtocol) -> None:
        self.write = protocol.transport.write
        self.is_closing = protocol.transport.is_closing
        self.close = protocol.part


class BoundedProtocol(HttpToolsProtocol):
    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._header_bytes = 0
        self._too_large = False
        self._header_timer: asyncio.TimerHandle | None = None
        self._send_timer: asyncio.TimerHandle | None = None
        self._linger_timer: asyncio.TimerHandle | None = None
        self._parts = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        super().connection_made(transport)
        self._parting: Any = _PartingTransport(self)
        if len(self.connections) > MAX_CONNECTIONS:
            self._end(_TOO_MANY)
        else:
            self._expect_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._headers_are_there()
        self._cancel_send_timer()
        self._cancel_linger_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._header_bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._header_timer is not None:
            # Only what has not become a request yet counts here: a body may follow its headers in one piece.
            if self._header_bytes > MAX_HEADER_BYTES:
                self._end(_TOO_LARGE)
        elif self.timeout_keep_alive_task is None and not self._is_busy():
            # Line breaks before a request begin none, and yet have ended the time that the connection had.
            self._expect_headers()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._header_timer is None:
            self._expect_headers()

    def on_headers_complete(self) -> None:
        self._headers_are_there()
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > MAX_HEADER_BYTES:
            self._too_large = True
            raise _HeadersTooLarge
        super().on_headers_complete()
        if self.cycle is not None:
            self.cycle.transport = self._parting

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._cancel_linger_timer()
        if self._parts:
            self.transport.close()

    def on_response_complete(self) -> None:
        is_unread = self.cycle.more_body
        super().on_response_complete()
        if is_unread:
            self._linger()

    def part(self) -> None:
        """Closes the connection after an answer, as soon as its request has been taken in."""
        if self.cycle.more_body and self.cycle.response_complete:
            self._parts = True
            self._linger()
        else:
            self.transport.close()

    def _linger(self) -> None:
        if self._linger_timer is None and not self.transport.is_closing():
            self._linger_timer = self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's own words tell callers nothing
        """For what the parser refuses."""
        self._end(_TOO_LARGE if self._too_large else _MALFORMED)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._send_timer = self.loop.call_later(SEND_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._cancel_send_timer()

    def _is_busy(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and (cycle.more_body or not cycle.response_complete)

    def _end(self, last_words: bytes) -> None:
        self.transport.write(last_words)
        self.transport.close()

    def _expect_headers(self) -> None:
        self._header_bytes = 0
        self._header_timer = self.loop.call_later(HEADER_SECONDS, self.transport.close)

    def _headers_are_there(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None

    def _cancel_linger_timer(self) -> None:
        if self._linger_timer is not None:
            self._linger_timer.cancel()
            self._linger_timer = None

    def _cancel_send_timer(self) -> None:
        if self._send_timer is not None:
            self._send_timer.cancel()
            self._send_timer = None
