"""More calls than can begin at once: after a pause, as when the machine is moved, or from a caller in a hurry."""

from __future__ import annotations

import os
import signal
import socket
import struct
from collections import Counter
from contextlib import ExitStack

import grpc
from clarion.v1 import trigger_service_pb2
from clarion.v1.trigger_service_pb2_grpc import TriggerServiceStub

from tests.e2e.wire.conftest import Sandbox
from tests.service import Service

#: gRPC by itself cancels some of what waits to begin from 1,000 on, and all from 3,000 on.
CALLERS, CALLS_EACH = 5, 800
SECONDS = 60

#: RFC 9113, sections 6.5 and 6.5.2.
SETTINGS, MAX_CONCURRENT_STREAMS = 4, 3
EMPTY_SETTINGS = bytes((0, 0, 0, SETTINGS, 0, 0, 0, 0, 0))


async def test_thousands_of_calls_that_came_during_a_pause_each_get_their_answer(
    service: Service, sandbox: Sandbox
) -> None:
    recipients = [trigger_service_pb2.Recipient(identity="email:a@b.example")]
    request = trigger_service_pb2.TriggerRequest(campaign="campaigns/unknown", recipients=recipients)
    metadata = (("authorization", f"Bearer {sandbox.key}"),)
    with ExitStack() as channels:
        triggers = [TriggerServiceStub(channels.enter_context(_connected(service))).Trigger for _ in range(CALLERS)]
        os.kill(service.pid, signal.SIGSTOP)
        try:
            calls = [
                trigger.future(request, metadata=metadata, timeout=SECONDS)
                for _ in range(CALLS_EACH)
                for trigger in triggers
            ]
        finally:
            os.kill(service.pid, signal.SIGCONT)
        answers = Counter(call.code() for call in calls)
    assert answers == {grpc.StatusCode.NOT_FOUND: CALLERS * CALLS_EACH}, f"{answers}"


def _connected(service: Service) -> grpc.Channel:
    """Over a connection of its own."""
    channel = grpc.insecure_channel(service.target, (("grpc.use_local_subchannel_pool", 1),))
    grpc.channel_ready_future(channel).result(SECONDS)
    return channel


def test_a_connection_learns_how_many_calls_it_may_have_under_way(service: Service) -> None:
    host, _, port = service.target.rpartition(":")
    with socket.create_connection((host, int(port)), SECONDS) as connection, connection.makefile("rb") as stream:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + EMPTY_SETTINGS)
        head = stream.read(9)
        length, kind = int.from_bytes(head[:3]), head[3]
        settings = dict(struct.iter_unpack(">HI", stream.read(length)))
    assert kind == SETTINGS
    assert settings[MAX_CONCURRENT_STREAMS] == 1_000
