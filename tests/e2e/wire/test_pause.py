"""A service that stood still, as when its machine is moved: what came meanwhile is answered."""

from __future__ import annotations

import os
import signal
from collections import Counter

import grpc
from clarion.v1 import trigger_service_pb2
from clarion.v1.trigger_service_pb2_grpc import TriggerServiceStub

from tests.e2e.wire.conftest import Sandbox
from tests.service import Service

#: gRPC by itself cancels some of what waits to begin from 1,000 on, and all from 3,000 on.
CALLS = 4_000
SECONDS = 60


async def test_thousands_of_calls_that_came_during_a_pause_each_get_their_answer(
    service: Service, sandbox: Sandbox
) -> None:
    request = trigger_service_pb2.TriggerRequest(
        campaign="campaigns/unknown", recipients=[trigger_service_pb2.Recipient(identity="email:a@b.example")]
    )
    metadata = (("authorization", f"Bearer {sandbox.key}"),)
    with grpc.insecure_channel(service.target) as channel:
        grpc.channel_ready_future(channel).result(SECONDS)
        trigger = TriggerServiceStub(channel).Trigger
        os.kill(service.pid, signal.SIGSTOP)
        try:
            calls = [trigger.future(request, metadata=metadata, timeout=SECONDS) for _ in range(CALLS)]
        finally:
            os.kill(service.pid, signal.SIGCONT)
        answers = Counter(call.code() for call in calls)
    assert answers == {grpc.StatusCode.NOT_FOUND: CALLS}, f"{answers}"
