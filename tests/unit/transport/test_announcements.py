"""Announcements of grpc.aio's poller."""

from __future__ import annotations

import socket
import subprocess
import sys

from clarion_server.transport.grpc.announcements import announcements_taken_at_once

#: grpc.aio makes its pair of sockets once in the life of a process.
READS_OF_A_SERVER = """
import asyncio, os, socket
from clarion_server.transport.api.methods import GuardedMethods
from clarion_server.transport.grpc.server import GrpcServer
from grpc_health.v1 import health_pb2_grpc, health_pb2
import grpc

sizes = []
receive = socket.socket.recv

def recorded(self, size, flags=0, /):
    sizes.append(size)
    return receive(self, size, flags)

socket.socket.recv = recorded

async def main():
    server = GrpcServer(GuardedMethods([], None))
    port = server.listen("127.0.0.1:0", None)
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
    print(len(sizes) > 0 and min(sizes) > 1000, flush=True)
    os._exit(0)

asyncio.run(main())
"""


def test_one_read_takes_all_announcements() -> None:
    with announcements_taken_at_once():
        read_end, write_end = socket.socketpair()
    with read_end, write_end:
        for _ in range(200):
            write_end.send(b"1")
        assert len(read_end.recv(1)) == 200


def test_other_pairs_of_sockets_are_as_ever() -> None:
    with announcements_taken_at_once():
        pass
    read_end, write_end = socket.socketpair()
    with read_end, write_end:
        write_end.send(b"11")
        assert read_end.recv(1) == b"1"


def test_the_event_loop_reads_the_announcements_of_grpc_in_that_way() -> None:
    printed = subprocess.run([sys.executable, "-c", READS_OF_A_SERVER], capture_output=True, text=True, check=True)
    assert printed.stdout == "True\n"
