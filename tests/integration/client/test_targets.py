"""Tests targets where a server speaks another protocol."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest
import trustme
from clarion_client import DeadlineExceededError, UnavailableError, WrongTargetError

from tests.integration.client.conftest import Connect

BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class HttpServer:
    """Answers every connection as a server for HTTP/1.1 does, and counts them."""

    def __init__(self) -> None:
        self.connections = 0

    @asynccontextmanager
    async def listening(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0, ssl=tls)
        async with server:
            yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        await reader.read(1024)
        writer.write(BAD_REQUEST)
        await writer.drain()
        writer.close()


@pytest.fixture
def http() -> HttpServer:
    return HttpServer()


async def test_a_port_for_http_is_refused_at_the_first_try(connect: Connect, http: HttpServer) -> None:
    async with http.listening() as target, connect(target) as client:
        with pytest.raises(WrongTargetError) as refusal:
            await client.campaigns.get("x")

    assert refusal.value.code is grpc.StatusCode.INTERNAL
    assert refusal.value.message == (
        "The server there does not speak gRPC without TLS. The target must be the port for gRPC, not the one for HTTP. "
        "If it is, turn TLS on."
    )
    assert http.connections == 1


async def test_a_server_without_tls_is_refused_at_the_first_try(connect: Connect, http: HttpServer) -> None:
    async with http.listening() as target, connect(target, tls=True) as client:
        with pytest.raises(WrongTargetError, match=r"gRPC with TLS.* turn TLS off") as refusal:
            await client.campaigns.get("x")

    assert refusal.value.code is grpc.StatusCode.INTERNAL


async def test_a_port_for_https_is_refused_at_the_first_try(connect: Connect, http: HttpServer, tmp_path: Path) -> None:
    authority, bundle = trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(bundle)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)

    async with http.listening(tls) as target, connect(target, ca_certificates=bundle) as client:
        with pytest.raises(WrongTargetError, match="does not speak gRPC with TLS") as refusal:
            await client.campaigns.get("x")

    assert refusal.value.code is grpc.StatusCode.INTERNAL


async def test_a_watch_of_a_port_for_http_is_refused_at_the_first_try(connect: Connect, http: HttpServer) -> None:
    async with http.listening() as target, connect(target) as client:
        with pytest.raises(WrongTargetError, match="does not speak gRPC without TLS"):
            async for _ in client.messages.watch():
                pass

    assert http.connections == 1


async def test_a_port_where_nothing_listens_is_tried_again(connect: Connect, http: HttpServer) -> None:
    async with http.listening() as target:
        pass
    async with connect(target, timeout=1) as client:
        # The time may end during the last try or behind it.
        with pytest.raises((UnavailableError, DeadlineExceededError)):
            await client.campaigns.get("x")
