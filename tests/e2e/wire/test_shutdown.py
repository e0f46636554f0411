"""A service that is asked to stop finishes what it began, leaves the rest to the next start, and ends soon."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest
from clarion.v1 import message_service_pb2
from clarion_client import Accepted, AsyncClient, MessageState, Recipient, Trigger, UnavailableError
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.campaigns import CONTEXT, campaign, channel, set_up
from tests.e2e.wire.calls import Wire, failure_of
from tests.e2e.wire.conftest import NewService
from tests.process import ServiceProcess
from tests.smtp_faults import SmtpFaults
from tests.smtp_sink import SmtpSink
from tests.waiting import until

#: Far less than the limits of calls and of SMTP servers.
STOP_SECONDS = 20
SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


@dataclass
class Load:
    """Triggers without end, by single calls and by a stream, until the service is gone."""

    client: AsyncClient
    acknowledged: set[str] = field(default_factory=set)
    """Messages."""
    refusals: Counter[str] = field(default_factory=Counter)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def call(self, caller: int) -> None:
        for number in itertools.count():
            try:
                answer = await self.client.trigger("orders", [Recipient(f"c{caller}-{number}@example.com", CONTEXT)])
            except UnavailableError as error:
                self.refusals[error.reason] += 1
                return
            await self._note(answer)

    async def stream(self) -> None:
        triggers = (Trigger("orders", [Recipient(f"s-{number}@example.com", CONTEXT)]) for number in itertools.count())
        try:
            async for _, answer in self.client.trigger_stream(triggers, max_outage=0.1):
                assert isinstance(answer, Accepted)
                await self._note(answer)
        except UnavailableError as error:
            self.refusals[error.reason] += 1

    async def _note(self, answer: Accepted) -> None:
        async with self.changed:
            self.acknowledged |= {result.messages[0].message for result in answer.recipients}
            self.changed.notify_all()

    async def wait_for(self, count: int) -> None:
        async with asyncio.timeout(60), self.changed:
            await self.changed.wait_for(lambda: len(self.acknowledged) >= count)


async def test_a_service_that_stops_under_load_answers_what_it_read_and_sends_nothing_twice(
    new_service: NewService, sink: SmtpSink
) -> None:
    async with new_service(lease_seconds="5") as service:
        async with AsyncClient(service.target, api_key=service.admin_key, retry=None) as client:
            await set_up(client, "orders", sink.port)
            load = Load(client)
            callers = [asyncio.create_task(load.call(caller)) for caller in range(6)]
            callers.append(asyncio.create_task(load.stream()))
            await load.wait_for(300)
            async with asyncio.timeout(STOP_SECONDS):
                assert await service.stop() == 0
            await asyncio.gather(*callers)
        print(f"\n{len(load.acknowledged)} messages acknowledged, then {dict(load.refusals)}")
        assert load.refusals.total() == len(callers)
        await service.start()
        async with AsyncClient(service.target, api_key=service.admin_key) as client:
            messages = await until_all_are_sent(client)
        assert load.acknowledged <= messages
        assert set(sink.counts.values()) == {1}
        log = service.log.read_text()
        assert "Traceback" not in log
        events = [word for word in log.split() if word in {"serving", "stopping", "stopped"}]
        assert events == ["serving", "stopping", "stopped", "serving"]


async def until_all_are_sent(client: AsyncClient) -> set[str]:
    """Returns the names of all messages, each of which was sent at its first attempt."""

    async def nothing_is_queued() -> bool:
        return (await client.reports.get("orders")).queued_count == 0

    await until(nothing_is_queued)
    messages = [message async for message in client.messages.list(page_size=1000)]
    assert {(message.state, message.attempt_count) for message in messages} == {(MessageState.SENT, 1)}
    return {message.name for message in messages}


async def test_what_is_under_way_finishes_and_what_was_not_begun_is_left_to_the_next_start(
    new_service: NewService,
) -> None:
    gate = asyncio.Event()
    # The lease is so long that no other process can take over messages after it lapsed.
    async with SmtpFaults({"CONTENT": gate, "EHLO": gate}) as server, new_service(lease_seconds="300") as service:
        async with AsyncClient(service.target, api_key=service.admin_key) as client, Wire(service.target) as wire:
            await client.channels.create(channel("orders", server.port, max_concurrency=3))
            await client.campaigns.create(campaign("orders", "orders"))
            await client.campaigns.activate("orders")
            await client.trigger("orders", [Recipient(f"r{index}@example.com", CONTEXT) for index in range(50)])
            verifying = asyncio.create_task(client.channels.verify("orders"))
            await server.wait_until(lambda _: len([line for line in server.commands if line.startswith("EHLO")]) == 4)
            stopping = await until_not_serving(service, wire)
            gate.set()
            async with asyncio.timeout(STOP_SECONDS):
                assert all(step.passed for step in (await verifying).steps)
                assert await stopping == 0
        assert len(server.taken) == 3
        await service.start()
        async with AsyncClient(service.target, api_key=service.admin_key) as client:
            await until_all_are_sent(client)
        assert len(server.taken) == 50


async def until_not_serving(service: ServiceProcess, wire: Wire) -> asyncio.Task[int]:
    """Asks the service to stop; returns what will be its exit code, as soon as it says that it no longer serves."""
    watch = health_pb2_grpc.HealthStub(wire.channel).Watch(health_pb2.HealthCheckRequest(service=""))
    assert (await watch.read()).status == SERVING
    stopping = asyncio.create_task(service.stop())
    assert (await watch.read()).status == NOT_SERVING
    return stopping


async def test_open_streams_keep_no_service_from_stopping(new_service: NewService) -> None:
    """Streams of events, triggers and health end with a status that tells their clients when to retry."""
    async with new_service() as service, Wire(service.target, service.admin_key) as wire:
        events = wire.open(
            "/clarion.v1.MessageService/WatchEvents", [message_service_pb2.WatchEventsRequest()], seconds=None
        )
        await events.read()
        triggers: Any = wire.channel.stream_stream("/clarion.v1.TriggerService/TriggerStream")(
            metadata=(("authorization", f"Bearer {service.admin_key}"),)
        )
        await triggers.wait_for_connection()
        async with asyncio.timeout(STOP_SECONDS):
            stopping = await until_not_serving(service, wire)
            for stream in (events, triggers):
                with pytest.raises(grpc.aio.AioRpcError) as caught:
                    await stream.read()
                failure = failure_of(caught.value)
                assert (failure.code, failure.reason) == (grpc.StatusCode.UNAVAILABLE, "UNAVAILABLE")
                assert failure.details == ("ErrorInfo", "RetryInfo")
            assert await stopping == 0
