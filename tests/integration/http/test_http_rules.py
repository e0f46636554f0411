"""Tests the rules of RFC 9110 and RFC 9112 that the parser and uvicorn leave to the application."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tests.integration.http.raw import Connection, answer, connected, serving

OFFER = b"connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAEAAEAAAAIAAAABAAMAAABk\r\n"
CHUNKED = b"transfer-encoding: chunked\r\n"


async def echo(request: Request) -> Response:
    return Response(request.method.encode() + b":" + await request.body())


async def stream(request: Request) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        yield b"one "
        yield b""
        yield b"two"

    return StreamingResponse(parts())


ROUTES = [Route("/echo", echo, methods=["GET", "POST", "PATCH"]), Route("/stream", stream)]


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with serving([], ROUTES) as port:
        yield port


def length(body: bytes) -> bytes:
    return b"content-length: %d\r\n" % len(body)


def request(method: bytes, *headers: bytes, path: bytes = b"/echo") -> bytes:
    return b"".join([method, b" ", path, b" HTTP/1.1\r\nhost: x\r\n", *headers, b"\r\n"])


async def body_of(connection: Connection, head: bytes) -> bytes:
    (size,) = (line for line in head.split(b"\r\n") if line.startswith(b"content-length: "))
    return await connection.reader.readexactly(int(size.partition(b": ")[2]))


async def bodies(connection: Connection, count: int) -> list[bytes]:
    """Returns the bodies of the next answers, each of which is a success."""
    found = []
    for _ in range(count):
        head = await connection.head()
        assert head.startswith(b"HTTP/1.1 200 "), head
        found.append(await body_of(connection, head))
    return found


BODY = b'{"displayName": "Orders"}'
CHUNKS = b"5\r\n" + BODY[:5] + b"\r\n%x\r\n" % len(BODY[5:]) + BODY[5:] + b"\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    "segments",
    [
        [request(b"PATCH", OFFER, length(BODY)) + BODY],
        [request(b"PATCH", OFFER, length(BODY)), BODY],
        [request(b"PATCH", OFFER, length(BODY)) + BODY[:7], BODY[7:]],
        [request(b"PATCH", length(BODY), OFFER)[:40], request(b"PATCH", length(BODY), OFFER)[40:], BODY],
        [request(b"PATCH", OFFER, CHUNKED) + CHUNKS],
        [request(b"PATCH", OFFER, CHUNKED), CHUNKS[:9], CHUNKS[9:]],
        [request(b"PATCH", b"Connection: upgrade\r\nUpgrade: websocket\r\n", length(BODY)), BODY],
    ],
)
async def test_an_offer_to_upgrade_is_ignored_and_the_body_is_kept(port: int, segments: list[bytes]) -> None:
    async with connected(port) as connection:
        for segment in segments:
            await connection.send_alone(segment)
        assert await bodies(connection, 1) == [b"PATCH:" + BODY]
        await connection.send(request(b"GET"))
        assert await bodies(connection, 1) == [b"GET:"]


async def test_offers_in_several_requests_at_once_are_ignored_each(port: int) -> None:
    one, other = request(b"POST", OFFER, length(BODY)) + BODY, request(b"GET", OFFER)
    async with connected(port) as connection:
        await connection.send(one + other + one)
        assert await bodies(connection, 3) == [b"POST:" + BODY, b"GET:", b"POST:" + BODY]


async def test_a_body_is_never_read_as_a_second_request(port: int) -> None:
    hidden = request(b"GET", path=b"/stream")
    async with connected(port) as connection:
        await connection.send(request(b"POST", OFFER, length(hidden)) + hidden)
        assert await bodies(connection, 1) == [b"POST:" + hidden]


@pytest.mark.parametrize(
    "head",
    [
        b"GET /echo HTTP/1.1\r\n\r\n",
        b"GET /echo HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n",
        b"GET /echo HTTP/1.0\r\nhost: x\r\nhost: y\r\n\r\n",
        b"CONNECT /echo HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET /echo HTTP/2.0\r\nhost: x\r\n\r\n",
        b"GET /echo HTTP/0.9\r\nhost: x\r\n\r\n",
        b"CONNECT example.com:443 HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET /echo HTTP/1.1\r\n" + OFFER + b"\r\n",
    ],
)
async def test_a_request_without_one_host_of_another_version_or_for_a_tunnel_is_refused(port: int, head: bytes) -> None:
    assert (await answer(port, head)).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("offer", [b"", OFFER])
@pytest.mark.parametrize(("path", "body"), [(b"/echo", b"GET:"), (b"/stream", b"one two")])
async def test_an_answer_to_http_1_0_has_no_chunks_and_ends_with_the_connection(
    port: int, path: bytes, body: bytes, offer: bytes
) -> None:
    said = await answer(port, b"GET %b HTTP/1.0\r\n" % path + offer + b"\r\n")
    head, _, rest = said.partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head
    assert b"connection: close" in head
    assert rest == body


async def test_an_answer_to_http_1_1_has_chunks_where_its_length_is_unknown(port: int) -> None:
    said = await answer(port, request(b"GET", b"connection: close\r\n", path=b"/stream"))
    assert b"transfer-encoding: chunked\r\n" in said
    assert said.endswith(b"4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n")
