"""What strangers may do to the port of gRPC."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator

import grpc
import pytest
from clarion_server.transport.api.methods import GuardedMethods
from clarion_server.transport.grpc import server as grpc_server
from clarion_server.transport.grpc.server import GrpcServer
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.integration.http.raw import SECONDS, Connection, connected

#: RFC 9113 sections 6.5 and 6.5.2.
SETTINGS, INITIAL_WINDOW_SIZE, DEFAULT_WINDOW = 4, 4, 65_535
#: RFC 9113 section 3.4: the preface of a client with its settings, of which it has none.
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """Of a server that takes two connections at a time."""
    monkeypatch.setattr(grpc_server, "MAX_CONNECTIONS", 2)
    server = GrpcServer(GuardedMethods([], None))  # type: ignore[arg-type] # nothing here sends a key
    port = server.listen("127.0.0.1:0", None)
    await server.start()
    yield port
    await server.stop(0, lambda: None)


@pytest.mark.parametrize("compression", [grpc.Compression.Gzip, grpc.Compression.Deflate])
async def test_a_compressed_request_is_refused_and_not_decompressed(port: int, compression: grpc.Compression) -> None:
    """Or else a few hundred requests of 4 KB would take gigabytes, without a key."""
    request = health_pb2.HealthCheckRequest(service="x" * 1_000_000)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        check = health_pb2_grpc.HealthStub(channel).Check
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await check(request, compression=compression, timeout=SECONDS)
        assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED
        await check(health_pb2.HealthCheckRequest(), timeout=SECONDS)


async def is_served(connection: Connection) -> bool:
    """Returns whether the server answers the preface. It closes a connection that it does not take."""
    async with asyncio.timeout(SECONDS):
        try:
            await connection.send(PREFACE)
            return await connection.reader.read(1) != b""
        except ConnectionError:
            return False


async def test_connections_beyond_the_limit_are_closed_until_others_end(port: int) -> None:
    """Or else idle ones would take all file descriptors, and neither HTTP nor the store nor a channel had any."""
    async with connected(port) as first:
        assert await is_served(first)
        async with connected(port) as second:
            assert await is_served(second)
            async with connected(port) as third:
                assert not await is_served(third)
        async with asyncio.timeout(SECONDS):
            while True:
                async with connected(port) as next_one:
                    if await is_served(next_one):
                        break


async def test_a_stream_that_nobody_reads_takes_64_kib(port: int) -> None:
    """RFC 9113 section 6.9.2: that is the window of a stream unless the server's settings say otherwise."""
    async with connected(port) as connection, asyncio.timeout(SECONDS):
        await connection.send(PREFACE)
        length, kind = (await connection.reader.readexactly(3)), (await connection.reader.readexactly(6))[0]
        settings = await connection.reader.readexactly(int.from_bytes(length, "big"))
    assert kind == SETTINGS
    windows = [value for setting, value in struct.iter_unpack(">HI", settings) if setting == INITIAL_WINDOW_SIZE]
    assert all(window <= DEFAULT_WINDOW for window in windows), windows
