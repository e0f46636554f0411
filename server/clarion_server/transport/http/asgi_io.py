"""Reads request bodies within limits of size and time, and sends answers, over ASGI."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import orjson
from starlette.types import Receive, Scope, Send

from clarion_server.transport.api.requests import MAX_REQUEST_BYTES
from clarion_server.transport.http.refusals import HttpRefusal, body_too_long, body_too_slow, media_type_unknown
from clarion_server.transport.http.statuses import Headers, body_of, headers_of

#: The body of a request must arrive within this many seconds.
BODY_SECONDS: Final = 30.0
#: This much of a body is read before anybody knows whose it is, so that strangers cannot fill the memory.
STRANGERS_BYTES: Final = 64 * 1024

#: Raises HttpRefusal for a caller that may not call.
Admit = Callable[[], Awaitable[object]]

JSON: Final = "application/json"
#: Answers are for the caller alone, and browsers must not guess their type.
COMMON_HEADERS: Final[Headers] = [(b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]
JSON_HEADERS: Final[Headers] = [(b"content-type", JSON.encode()), *COMMON_HEADERS]


class CallerGone(Exception):
    """The connection was lost, so that nobody can be answered."""


def header(scope: Scope, name: bytes) -> bytes | None:
    """Returns the first value. `name` is in lower case."""
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value)
    return None


async def read_body(scope: Scope, receive: Receive, admit: Admit, media_type: str = JSON) -> bytes:
    """Returns the body; empty when there is none. A longer one is read once `admit` has returned.

    Raises HttpRefusal and CallerGone.
    """
    length = header(scope, b"content-length")
    if length is None and header(scope, b"transfer-encoding") is None:
        return b""
    if length is not None and int(length) > MAX_REQUEST_BYTES:
        raise body_too_long()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await _gathered(receive, admit)
    except TimeoutError:
        raise body_too_slow(BODY_SECONDS) from None
    if body:
        check_media_type(scope, media_type)
    return body


async def _gathered(receive: Receive, admit: Admit) -> bytes:
    parts, size, is_admitted = [], 0, False
    async for part in body_parts(receive):
        parts.append(part)
        size += len(part)
        if size > MAX_REQUEST_BYTES:
            raise body_too_long()
        if size > STRANGERS_BYTES and not is_admitted:
            await admit()
            is_admitted = True
    return b"".join(parts)


async def body_parts(receive: Receive) -> AsyncIterator[bytes]:
    """Raises CallerGone."""
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise CallerGone
        yield message.get("body", b"")
        more = message.get("more_body", False)


def check_media_type(scope: Scope, *accepted: str) -> None:
    """Accepts a request without a content type, too. Raises HttpRefusal."""
    given = (header(scope, b"content-type") or b"").split(b";")[0].strip().lower().decode("latin-1")
    encoding = (header(scope, b"content-encoding") or b"identity").strip().lower()
    if given not in {"", *accepted} or encoding != b"identity":
        raise media_type_unknown(accepted[0])


async def send_json(send: Send, body: bytes, code: int = 200, headers: Headers | None = None) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": code, "headers": [length, *JSON_HEADERS, *(headers or [])]})
    await send({"type": "http.response.body", "body": body})


async def send_refusal(send: Send, refusal: HttpRefusal) -> None:
    status = refusal.status
    await send_json(send, orjson.dumps(body_of(status)), refusal.code, [*headers_of(status), *refusal.headers])
