"""Processes that only accept, and processes that only send."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
from clarion.v1 import trigger_service_pb2
from clarion_client import AsyncClient, MessageState, Recipient
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.campaigns import CONTEXT, set_up
from tests.e2e.wire.calls import Wire
from tests.postgresql import made_database
from tests.process import ServiceProcess
from tests.smtp_sink import SmtpSink
from tests.waiting import until

COUNT = 20


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/clarion.db" if request.param == "sqlite" else made_database("clarion_roles")


@pytest.fixture
async def api(tmp_path: Path, store: str) -> AsyncIterator[ServiceProcess]:
    async with ServiceProcess(_folder(tmp_path, "api"), role="api", store=store) as running:
        yield running


def _folder(parent: Path, name: str) -> Path:
    folder = parent / name
    folder.mkdir()
    return folder


async def test_what_one_accepts_waits_for_a_worker_which_serves_no_calls_but_health(
    api: ServiceProcess, store: str, tmp_path: Path
) -> None:
    async with SmtpSink() as sink, AsyncClient(api.target, api_key=api.admin_key) as client:
        await set_up(client, "orders", sink.port)
        await client.trigger("orders", [Recipient(f"{place}@example.com", CONTEXT) for place in range(COUNT)])
        assert {message.state async for message in client.messages.list()} == {MessageState.QUEUED}
        assert sink.connection_count == 0
        async with (
            ServiceProcess(_folder(tmp_path, "worker"), role="worker", store=store) as worker,
            Wire(worker.target, api.admin_key) as wire,
        ):
            await sink.wait_for(COUNT)
            # What comes while it is idle, and for a channel that is new to it.
            await set_up(client, "invoices", sink.port)
            await client.trigger("invoices", [Recipient("jane@example.com", CONTEXT)])
            await sink.wait_for(COUNT + 1)
            await until_all_are_sent(client)
            assert set(sink.counts.values()) == {1}
            await check_that_only_health_is_served(wire)


async def until_all_are_sent(client: AsyncClient) -> None:
    async def all_are_sent() -> bool:
        return {message.state async for message in client.messages.list()} == {MessageState.SENT}

    await until(all_are_sent)


async def check_that_only_health_is_served(wire: Wire) -> None:
    answer = await health_pb2_grpc.HealthStub(wire.channel).Check(health_pb2.HealthCheckRequest())
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await wire.send("/clarion.v1.TriggerService/Trigger", trigger_service_pb2.TriggerRequest())
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED
