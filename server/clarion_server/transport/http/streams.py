"""Streams over HTTP: one JSON message a line in both directions, or answers as server-sent events.

A stream that fails ends with a google.rpc.Status as `{"@error": …}`, or as an event `error`. No field of a message has
that name, so that a failure cannot be mistaken for an answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any, Final, Protocol

import orjson
from google.rpc import status_pb2
from starlette.types import Receive, Scope, Send

from clarion_server.transport.api.methods import GuardedMethod
from clarion_server.transport.api.requests import MAX_REQUEST_BYTES, Undecodable, Unread
from clarion_server.transport.http.asgi_io import (
    COMMON_HEADERS,
    JSON,
    CallerGone,
    body_parts,
    check_media_type,
    header,
    read_body,
)
from clarion_server.transport.http.bindings import Binding
from clarion_server.transport.http.http_context import Refused, call_of, finish
from clarion_server.transport.http.json_text import is_large
from clarion_server.transport.http.json_writing import AnswerWriter
from clarion_server.transport.http.refusals import line_too_long, method_unknown, refused, time_is_up
from clarion_server.transport.http.requests import RequestReader
from clarion_server.transport.http.routing import Captures
from clarion_server.transport.http.statuses import body_of

NDJSON: Final = "application/x-ndjson"
SSE: Final = "text/event-stream"
#: The field of requests and answers with the position at which another stream can continue.
_RESUME_TOKEN: Final = "resume_token"  # noqa: S105 - a position


class Framing(Protocol):
    """Is the form of answers and of the error at the end."""

    content_type: bytes

    def answer(self, message: Any, text: bytes) -> bytes: ...

    def error(self, status: status_pb2.Status) -> bytes: ...


class NdJson:
    content_type = NDJSON.encode()

    def answer(self, _message: Any, text: bytes) -> bytes:
        return text + b"\n"

    def error(self, status: status_pb2.Status) -> bytes:
        return orjson.dumps({"@error": body_of(status)}) + b"\n"


class ServerSentEvents:
    """Writes events as HTML defines them (server-sent events). An answer's resume token is its id, which clients send
    back as `Last-Event-ID`.
    """

    content_type = SSE.encode()

    def answer(self, message: Any, text: bytes) -> bytes:
        token = getattr(message, _RESUME_TOKEN, "")
        return (f"id: {token}\n".encode() if token else b"") + b"data: " + text + b"\n\n"

    def error(self, status: status_pb2.Status) -> bytes:
        return b"event: error\ndata: " + orjson.dumps(body_of(status)) + b"\n\n"


class StreamEndpoint:
    """One binding of a method that answers with a stream."""

    def __init__(self, binding: Binding, method: GuardedMethod) -> None:
        self._method = method
        self._reader = RequestReader(binding)
        self._writer = AnswerWriter(binding)
        self._resumes = _RESUME_TOKEN in binding.method.input_type.fields_by_name

    async def answer(self, scope: Scope, receive: Receive, send: Send, captures: Captures) -> None:
        """Raises HttpRefusal and CallerGone."""
        if scope["method"] == "HEAD":
            raise method_unknown({"GET"})
        answers = _Answers(send, _framing(scope), self._writer)
        call = call_of(scope, write=answers.write)
        gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._method.descriptor.client_streaming:
            check_media_type(scope, NDJSON, JSON)
            requests = self._requests(scope, receive, captures, gone)
            gone_task = None
        else:
            body = await read_body(scope, receive, lambda: finish(self._method.check, call_of(scope)))
            requests = None
            call.request = Unread(lambda: self._request(scope, body, captures), len(body), is_large=is_large(body))
            gone_task = asyncio.create_task(_wait_for_disconnect(receive, gone))
        try:
            await _finished(self._method.call(requests, call), gone, call.time_remaining())
        except Refused as refusal:
            await answers.fail(refusal.status)
        except TimeoutError:
            await answers.fail(time_is_up().status)
        else:
            await answers.end()
        finally:
            if gone_task is not None:
                gone_task.cancel()

    def _request(self, scope: Scope, body: bytes, captures: Captures) -> Any:
        request = self._reader.read(captures, scope["query_string"], body)
        last = header(scope, b"last-event-id")
        if last and self._resumes and not isinstance(request, Undecodable) and not request.resume_token:
            request.resume_token = last.decode("latin-1")
        return request

    def _entry(self, scope: Scope, captures: Captures, line: bytes) -> Any:
        """Returns one request of a stream, which is read at once unless it is large."""
        read = partial(self._reader.read, captures, scope["query_string"], line)
        return Unread(read, len(line), is_large=True) if is_large(line) else read()

    async def _requests(
        self, scope: Scope, receive: Receive, captures: Captures, gone: asyncio.Future[None]
    ) -> AsyncIterator[Any]:
        try:
            async for line in lines(body_parts(receive)):
                yield line_too_long() if line is None else self._entry(scope, captures, line)
        except CallerGone:
            # The call that reads here is cancelled because of `gone`.
            gone.set_result(None)
            await asyncio.get_running_loop().create_future()


async def lines(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes | None]:
    """Yields each line that is not blank, and None for a line that is longer than a request may be."""
    pieces: list[bytes] = []
    size = 0
    async for part in parts:
        *ends, rest = part.split(b"\n")
        for end in ends:
            if (line := _line([*pieces, end], size + len(end))) != b"":
                yield line
            pieces, size = [], 0
        size += len(rest)
        if size <= MAX_REQUEST_BYTES:
            pieces.append(rest)
        else:
            pieces = []
    if (line := _line(pieces, size)) != b"":
        yield line


def _line(pieces: list[bytes], size: int) -> bytes | None:
    return b"".join(pieces).strip() if size <= MAX_REQUEST_BYTES else None


class _Answers:
    """Sends the answers of a stream. The HTTP response begins with the first of them."""

    def __init__(self, send: Send, framing: Framing, writer: AnswerWriter) -> None:
        self._send = send
        self._framing = framing
        self._writer = writer
        self._begun = False

    async def write(self, message: Any) -> None:
        await self._begin()
        await self._send_part(self._framing.answer(message, self._writer.to_json(message)), more=True)

    async def end(self) -> None:
        await self._begin()
        await self._send_part(b"", more=False)

    async def fail(self, status: status_pb2.Status) -> None:
        """Ends the stream with the status. Raises HttpRefusal when no answer was sent yet."""
        if not self._begun:
            raise refused(status)
        await self._send_part(self._framing.error(status), more=False)

    async def _begin(self) -> None:
        if not self._begun:
            self._begun = True
            headers = [(b"content-type", self._framing.content_type), *COMMON_HEADERS]
            await self._send({"type": "http.response.start", "status": 200, "headers": headers})

    async def _send_part(self, body: bytes, *, more: bool) -> None:
        await self._send({"type": "http.response.body", "body": body, "more_body": more})


def _framing(scope: Scope) -> Framing:
    accepted = header(scope, b"accept") or b""
    return ServerSentEvents() if SSE.encode() in accepted.lower() else NdJson()


async def _wait_for_disconnect(receive: Receive, gone: asyncio.Future[None]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    if not gone.done():
        gone.set_result(None)


async def _finished(call: Any, gone: asyncio.Future[None], seconds: float | None) -> None:
    """Waits for the call. Raises its errors, TimeoutError, and CallerGone when the caller goes away before its end."""
    calling = asyncio.ensure_future(call)
    try:
        await asyncio.wait({calling, gone}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if calling.done():
            calling.result()
        elif gone.done():
            raise CallerGone
        else:
            raise TimeoutError
    finally:
        calling.cancel()
        await asyncio.wait({calling})
