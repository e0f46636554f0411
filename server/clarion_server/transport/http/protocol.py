"""Extends uvicorn's HTTP/1.1 protocol by limits of time and size, and by further rules of RFC 9110 and RFC 9112.

Without the limits a caller could hold a connection and its memory for as long as it likes: by sending a request slowly
(slow loris), by headers without end, or by never reading its answer.

The classes below override and call internals of uvicorn, which may change in any release: `pyproject.toml` pins it.
"""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Callable
from typing import Any, Final

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

#: The headers of a request must arrive within this many seconds from the start of the connection or from their first
#: byte.
HEADER_SECONDS: Final = 10.0
#: A request line and its headers have at most this many bytes.
MAX_HEADER_BYTES: Final = 32 * 1024
#: A caller may read nothing of its answer for at most this many seconds.
SEND_SECONDS: Final = 30.0
#: Says how long, in seconds, the rest of a request is read and dropped after its answer. If the connection was closed
#: at once, the answer might be lost.
LINGER_SECONDS: Final = 2.0
#: There are at most this many connections at a time: gRPC, the store and the channels need file descriptors too.
MAX_CONNECTIONS: Final = min(4_096, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)

_NO_BODY: Final = b"connection: close\r\ncontent-length: 0\r\n\r\n"
_MALFORMED: Final = b"HTTP/1.1 400 Bad Request\r\n" + _NO_BODY
_TOO_LARGE: Final = b"HTTP/1.1 431 Request Header Fields Too Large\r\n" + _NO_BODY
_TOO_MANY: Final = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\n" + _NO_BODY


class _HeadRefused(Exception):
    """Is raised when the request line or the headers break a rule. The parser reports it as an HttpParserError."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._header_bytes = 0
        self._refusal = _MALFORMED
        self._header_timer = _Timer(self.loop)
        self._send_timer = _Timer(self.loop)
        self._linger_timer = _Timer(self.loop)
        self._closes_after_request = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn declares it
        super().connection_made(transport)
        self._lingering_transport: Any = _LingeringTransport(self)
        if len(self.connections) > MAX_CONNECTIONS:
            self._refuse(_TOO_MANY)
        else:
            self._expect_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._header_timer, self._send_timer, self._linger_timer):
            timer.stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._header_bytes += len(data)
        self._unset_keepalive_if_required()
        try:
            self._parse(data)
        except HttpParserError:
            self._refuse(self._refusal)
        if self.transport.is_closing():
            return
        if self._header_timer.is_running:
            # Only bytes of unfinished headers count here: a body may arrive together with its headers.
            if self._header_bytes > MAX_HEADER_BYTES:
                self._refuse(_TOO_LARGE)
        elif self.timeout_keep_alive_task is None and not self._is_busy():
            # Line breaks before a request do not begin one, but they have stopped the timeout of the idle connection.
            self._expect_headers()

    def _parse(self, data: bytes) -> None:
        """Raises HttpParserError."""
        unread = memoryview(data)
        while True:
            try:
                self.parser.feed_data(unread)
            except HttpParserUpgrade as offer:
                # The parser expects another protocol now. A new one reads the same request without the offer.
                head = self._head_without_upgrade()
                self.parser = HttpRequestParser(self)
                # As uvicorn sets it: data after a request with `connection: close` is no error.
                self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
                self.parser.feed_data(head)
                unread = unread[offer.args[0] :]
            else:
                return

    def _head_without_upgrade(self) -> bytes:
        version = self.parser.get_http_version().encode()
        headers = [b"%b: %b\r\n" % header for header in self.headers if header[0] != b"upgrade"]
        return b"".join([self.parser.get_method(), b" ", self.url, b" HTTP/", version, b"\r\n", *headers, b"\r\n"])

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if not self._header_timer.is_running:
            self._expect_headers()

    def on_headers_complete(self) -> None:
        self._header_timer.stop()
        self._check_head()
        if self.parser.should_upgrade():
            # A server may ignore the offer of another protocol (RFC 9110 section 7.8): see `_parse`.
            return
        super().on_headers_complete()
        self.cycle.transport = self._lingering_transport
        if self.parser.get_http_version() == "1.0":
            self.cycle.__class__ = _CycleUntilClose

    def _check_head(self) -> None:
        """Raises _HeadRefused."""
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > MAX_HEADER_BYTES:
            self._refusal = _TOO_LARGE
            raise _HeadRefused
        hosts = sum(name == b"host" for name, _ in self.headers)
        # A proxy before this service may look at another one of several keys (RFC 9110 section 5.3).
        keys = sum(name == b"authorization" for name, _ in self.headers)
        version = self.parser.get_http_version()
        # RFC 9112 section 3.2. A CONNECT asks for a tunnel, which nothing here opens.
        if (
            keys > 1
            or hosts > 1
            or version not in _VERSIONS
            or (hosts < 1 and version != "1.0")
            or self.parser.get_method() == _CONNECT
        ):
            raise _HeadRefused

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        super().on_message_complete()
        self._linger_timer.stop()
        if self._closes_after_request:
            self.transport.close()

    def on_response_complete(self) -> None:
        has_more_body = self.cycle.more_body
        super().on_response_complete()
        if has_more_body:
            self._linger()

    def close_after_request(self) -> None:
        """Closes the connection after an answer, as soon as its request has been read."""
        if self.cycle.more_body and self.cycle.response_complete:
            self._closes_after_request = True
            self._linger()
        else:
            self.transport.close()

    def _linger(self) -> None:
        if not self._linger_timer.is_running and not self.transport.is_closing():
            self._linger_timer.start(LINGER_SECONDS, self.transport.close)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._send_timer.start(SEND_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._send_timer.stop()

    def _is_busy(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and (cycle.more_body or not cycle.response_complete)

    def _refuse(self, answer: bytes) -> None:
        self.transport.write(answer)
        self.transport.close()

    def _expect_headers(self) -> None:
        self._header_bytes = 0
        self._header_timer.start(HEADER_SECONDS, self.transport.close)


_CONNECT: Final = b"CONNECT"
#: The parser reads a request line of another version, too.
_VERSIONS: Final = ("1.1", "1.0")


class _Timer:
    """Calls a function after some time, unless it is stopped before."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._handle: asyncio.TimerHandle | None = None

    @property
    def is_running(self) -> bool:
        return self._handle is not None

    def start(self, seconds: float, call: Callable[[], None]) -> None:
        self.stop()
        self._handle = self._loop.call_later(seconds, call)

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None


class _LingeringTransport:
    """Is the transport that answers are written to. Its `close` waits for the rest of the request."""

    def __init__(self, protocol: BoundedProtocol) -> None:
        self.write = protocol.transport.write
        self.is_closing = protocol.transport.is_closing
        self.close = protocol.close_after_request


class _CycleUntilClose(RequestResponseCycle):
    """Answers a request of HTTP/1.0, which knows no chunks: an answer of unknown length ends with the connection."""

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self._has_length = any(name.lower() == b"content-length" for name, _ in message.get("headers", ()))
            # uvicorn sends chunks where this is None and the headers give no length.
            self.chunked_encoding = None if self._has_length else False
        elif not self._has_length:
            self.expected_content_length = len(message.get("body", b""))
        await super().send(message)
