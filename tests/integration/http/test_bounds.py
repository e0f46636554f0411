"""A caller cannot hold a connection or memory of the HTTP server without using it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from clarion.v1 import trigger_service_pb2
from clarion_server.domain.errors import Unauthenticated
from clarion_server.transport.api.errors import status_of
from clarion_server.transport.api.methods import GuardedMethod
from clarion_server.transport.api.requests import MAX_REQUEST_BYTES
from clarion_server.transport.http import asgi_io, docs_site, protocol
from clarion_server.transport.http.asgi_io import STRANGERS_BYTES
from clarion_server.transport.http.protocol import MAX_HEADER_BYTES
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.integration.http.raw import SECONDS, Connection, answer, connected, serving

#: So short, in seconds, that a test does not wait.
SHORT = 0.2
GET = b"GET /small HTTP/1.1\r\nhost: x\r\n\r\n"


async def small(request: Request) -> Response:
    return Response(b"small")


async def large(request: Request) -> Response:
    return Response(bytes(64 * 1024 * 1024))


async def echo(request: Request) -> Response:
    return Response(str(len(await request.body())))


ROUTES = [
    Route("/small", small, methods=["GET", "POST"]),
    Route("/large", large),
    Route("/echo", echo, methods=["POST"]),
]


async def trigger(request: Any, context: Any) -> trigger_service_pb2.TriggerResponse:
    """Looks at no request, as a guard that does not know the caller."""
    return trigger_service_pb2.TriggerResponse()


(SERVICE,) = trigger_service_pb2.DESCRIPTOR.services_by_name.values()


async def check(request: Any, context: Any) -> None:
    """Knows who sends a key, and no strangers."""
    if not dict(context.invocation_metadata()).get("authorization"):
        context.refuse(status_of(Unauthenticated("The call carries no key.")))


TRIGGER = GuardedMethod(SERVICE.methods_by_name["Trigger"], trigger, check, streams=False)


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    monkeypatch.setattr(protocol, "LINGER_SECONDS", SHORT)
    async with serving([TRIGGER], ROUTES) as port:
        yield port


@pytest.mark.parametrize("beginning", [b"", b"GET /small HTT", b"GET /small HTTP/1.1\r\nhost: x\r\n", b"\r\n\r\n"])
async def test_a_caller_that_does_not_end_its_headers_is_disconnected(
    port: int, monkeypatch: pytest.MonkeyPatch, beginning: bytes
) -> None:
    monkeypatch.setattr(protocol, "HEADER_SECONDS", SHORT)
    assert await answer(port, beginning) == b""


@pytest.mark.parametrize("beginning", [b"GET /small HTT", b"\r\n"])
async def test_a_caller_that_does_not_end_the_headers_of_its_second_request_is_disconnected(
    port: int, monkeypatch: pytest.MonkeyPatch, beginning: bytes
) -> None:
    monkeypatch.setattr(protocol, "HEADER_SECONDS", SHORT)
    async with connected(port) as connection:
        await connection.send(GET)
        assert (await connection.head()).startswith(b"HTTP/1.1 200 ")
        await connection.send(beginning)
        assert await connection.all() == b"small"


async def test_each_request_on_a_connection_has_its_own_time(port: int) -> None:
    async with connected(port) as connection:
        for _ in range(3):
            await connection.send(GET)
            assert (await connection.head()).startswith(b"HTTP/1.1 200 ")
            assert await connection.reader.readexactly(5) == b"small"


@pytest.mark.parametrize("end", [b"", b"\r\n\r\n"])
async def test_headers_that_are_too_large_are_refused_whether_they_end_or_not(port: int, end: bytes) -> None:
    header = b"a: " + b"x" * MAX_HEADER_BYTES
    said = await answer(port, b"GET /small HTTP/1.1\r\nhost: x\r\n" + header + end)
    assert said.startswith(b"HTTP/1.1 431 ")
    said = await answer(port, b"GET /" + b"x" * MAX_HEADER_BYTES + b" HTTP/1.1\r\nhost: x" + end)
    assert said.startswith(b"HTTP/1.1 431 ")


async def test_a_body_does_not_count_as_headers(port: int) -> None:
    body = b"x" * (4 * MAX_HEADER_BYTES)
    head = b"POST /echo HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(body)
    assert (await answer(port, head + body)).endswith(str(len(body)).encode())


KEY = b"authorization: Bearer x"
PATHS = pytest.mark.parametrize("path", [b"/echo", b"/v1/campaigns/orders:trigger"])


def post(path: bytes, *headers: bytes) -> bytes:
    lines = [b"POST %b HTTP/1.1" % path, b"host: x", b"content-type: application/json", b"connection: close", *headers]
    return b"\r\n".join([*lines, b"", b""])


async def send_on(connection: Connection) -> None:
    """Sends until the connection is broken."""
    while True:
        await connection.send(GET)
        await asyncio.sleep(0)


@PATHS
async def test_a_body_that_is_too_long_is_refused(port: int, path: bytes) -> None:
    size = MAX_REQUEST_BYTES + 1
    for head, body in [
        (post(path, KEY, b"transfer-encoding: chunked"), b"%x\r\n" % size + bytes(size) + b"\r\n0\r\n\r\n"),
        (post(path, b"content-length: %d" % size), bytes(size)),
    ]:
        said = await answer(port, head + body)
        assert said.startswith(b"HTTP/1.1 413 ")
        assert b'"TOO_LONG"' in said


async def test_a_body_with_too_large_a_content_length_is_refused_at_once(port: int) -> None:
    said = await answer(port, post(b"/v1/campaigns/orders:trigger", b"content-length: 99999999999999999999999"))
    assert said.startswith((b"HTTP/1.1 413 ", b"HTTP/1.1 400 "))
    assert (await answer(port, post(b"/v1/campaigns/orders:trigger", b"content-length: 999999999"))).startswith(
        b"HTTP/1.1 413 "
    )


@PATHS
async def test_a_body_that_comes_too_slowly_is_refused(port: int, monkeypatch: pytest.MonkeyPatch, path: bytes) -> None:
    monkeypatch.setattr(asgi_io, "BODY_SECONDS", SHORT)
    monkeypatch.setattr(docs_site, "BODY_SECONDS", SHORT)
    said = await answer(port, post(path, b"content-length: 10") + b"{")
    assert said.startswith(b"HTTP/1.1 408 ")
    assert b'"BODY_TOO_SLOW"' in said


async def test_a_body_is_decoded_by_the_guard_alone_so_that_strangers_cost_nothing(port: int) -> None:
    head = post(b"/v1/campaigns/orders:trigger", b"content-length: 1")
    assert (await answer(port, head + b"{")).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("header", [b"content-length: %d" % MAX_REQUEST_BYTES, b"transfer-encoding: chunked"])
async def test_a_long_body_of_a_stranger_is_not_read_to_its_end(port: int, header: bytes) -> None:
    """Or else a thousand strangers would fill the memory without a key."""
    begun = b"%x\r\n" % MAX_REQUEST_BYTES + bytes(STRANGERS_BYTES + 1)
    said = await answer(port, post(b"/v1/campaigns/orders:trigger", header) + begun)
    assert said.startswith(b"HTTP/1.1 401 ")
    assert b'"UNAUTHENTICATED"' in said


async def test_a_long_body_of_somebody_with_a_key_is_read(port: int) -> None:
    body = b" " * (4 * STRANGERS_BYTES) + b"{}"
    head = post(b"/v1/campaigns/orders:trigger", KEY, b"content-length: %d" % len(body))
    assert (await answer(port, head + body)).startswith(b"HTTP/1.1 200 ")


async def test_the_rest_of_a_request_is_read_only_briefly_after_the_answer(port: int) -> None:
    async with connected(port) as connection:
        await connection.send(b"POST /small HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n")
        assert (await connection.all()).endswith(b"small")


async def test_a_caller_that_does_not_read_its_answer_is_disconnected(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "SEND_SECONDS", SHORT)
    async with connected(port) as connection:
        connection.writer.transport.pause_reading()  # type: ignore[attr-defined] # of a socket
        await connection.send(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n")
        async with asyncio.timeout(SECONDS):
            # The connection breaks in the middle of the answer.
            with pytest.raises(ConnectionError):
                await send_on(connection)


async def test_connections_beyond_the_limit_are_asked_to_retry(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "MAX_CONNECTIONS", 1)
    async with connected(port) as first:
        await first.send(GET)
        assert (await first.head()).startswith(b"HTTP/1.1 200 ")
        said = await answer(port, GET)
        assert said.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 1\r\n" in said


@pytest.mark.parametrize(
    "request_",
    [
        b"\x16\x03\x01 <script>\r\n\r\n",
        b"GET / HTTP/9.9<script>\r\n\r\n",
        b"GET /small HTTP/1.1\r\nhost: x\r\nbad header<script>: y\x00\r\n\r\n",
        b"GET /small HTTP/1.1\r\nhost: x\r\nauthorization: Bearer a\r\nAuthorization: Bearer <script>\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n<script>",
    ],
)
async def test_malformed_http_is_refused_and_not_repeated(port: int, request_: bytes) -> None:
    said = await answer(port, request_)
    assert said.startswith(b"HTTP/1.1 400 ")
    assert b"script" not in said
    assert b"uvicorn" not in said


PREFLIGHT = (
    b"OPTIONS /v1/campaigns/orders:trigger HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
    b"origin: https://console.example\r\naccess-control-request-method: POST\r\n"
    b"access-control-request-headers: authorization, content-type, x-api-key, x-gw-ims-org-id, x-sandbox-name\r\n\r\n"
)


async def test_no_page_of_another_origin_may_call_unless_it_is_named() -> None:
    for origins in ((), ("https://other.example",)):
        async with serving([TRIGGER], ROUTES, origins) as port:
            said = await answer(port, PREFLIGHT)
            assert not said.startswith(b"HTTP/1.1 200 ")
            assert b"access-control-allow-origin" not in said
    async with serving([TRIGGER], ROUTES, ["https://console.example"]) as port:
        said = await answer(port, PREFLIGHT)
        assert said.startswith(b"HTTP/1.1 200 ")
        assert b"access-control-allow-origin: https://console.example\r\n" in said
        assert b"access-control-allow-credentials" not in said
