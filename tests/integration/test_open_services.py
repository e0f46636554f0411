"""What strangers may do by health and reflection, which need no key."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import grpc
import pytest
from clarion.v1 import trigger_service_pb2
from clarion_server.transport.api.methods import GuardedMethods, Service
from clarion_server.transport.grpc import open_services
from clarion_server.transport.grpc.open_services import MAX_REQUEST_BYTES
from clarion_server.transport.grpc.server import GrpcServer
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

#: Far more than anything here takes.
SECONDS = 30
HEALTH, REFLECTION = "/grpc.health.v1.Health", "/grpc.reflection.v1alpha.ServerReflection"
OPEN = (f"{HEALTH}/Check", f"{HEALTH}/Watch", f"{REFLECTION}/ServerReflectionInfo")

#: Are the same bytes in all three methods: a request with a text as its field 1.
SHORT = health_pb2.HealthCheckRequest(service="").SerializeToString()
LONG = health_pb2.HealthCheckRequest(service="x" * MAX_REQUEST_BYTES).SerializeToString()


(DESCRIPTOR,) = trigger_service_pb2.DESCRIPTOR.services_by_name.values()


class TriggerService:
    """Is there, so that reflection has something to tell."""

    async def trigger(self, request: Any, caller: Any) -> Any: ...

    async def trigger_stream(self, requests: Any, caller: Any) -> AsyncGenerator[Any]:
        async for request in requests:
            yield request

    async def trigger_audience(self, request: Any, caller: Any) -> Any: ...


@pytest.fixture
async def channel(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[grpc.aio.Channel]:
    """To a server that receives two requests at a time."""
    monkeypatch.setattr(open_services, "MAX_RECEIVING", 2)
    monkeypatch.setattr(open_services, "MAX_WATCHES", 1)
    monkeypatch.setattr(open_services, "MAX_REFLECTIONS", 1)
    server = GrpcServer(GuardedMethods([Service(DESCRIPTOR, TriggerService())], None))  # type: ignore[arg-type] # nobody has a key
    port = server.listen("127.0.0.1:0", None)
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel
    await server.stop(0, lambda: None)


def begun(channel: grpc.aio.Channel, path: str) -> Any:
    """Returns a call whose request may be sent later."""
    return channel.stream_stream(path)(timeout=SECONDS)


async def sent(channel: grpc.aio.Channel, path: str, *requests: bytes) -> Any:
    call = begun(channel, path)
    for request in requests:
        await call.write(request)
    await call.done_writing()
    return call


async def is_well(channel: grpc.aio.Channel) -> bool:
    answer = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=SECONDS)
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


@pytest.mark.parametrize("path", OPEN)
async def test_a_request_that_is_awaited_gives_way_to_further_ones(channel: grpc.aio.Channel, path: str) -> None:
    """Or else a thousand requests that never end would hold gigabytes."""
    begun_calls = [begun(channel, each) for each in (path, *[OPEN[0]] * 3)]
    calls = {asyncio.create_task(call.code()): call for call in begun_calls}
    await ends(calls, 2)
    assert await is_well(channel)
    await ends(calls, 1)
    (rest,) = calls.values()
    await rest.write(SHORT)
    await rest.done_writing()
    assert await rest.read()


async def ends(calls: dict[asyncio.Task[grpc.StatusCode], Any], count: int) -> None:
    """Returns when so many of the calls have given way, and takes them away."""
    while count > 0:
        done, _ = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        for code in done:
            assert code.result() is grpc.StatusCode.RESOURCE_EXHAUSTED
            del calls[code]
            count -= 1
    assert not count


@pytest.mark.parametrize("path", OPEN)
async def test_a_long_request_is_refused(channel: grpc.aio.Channel, path: str) -> None:
    call = await sent(channel, path, LONG)
    assert await call.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert await is_well(channel)


@pytest.mark.parametrize("path", OPEN[:2])
async def test_a_call_without_a_request_is_refused(channel: grpc.aio.Channel, path: str) -> None:
    call = await sent(channel, path)
    assert await call.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_what_is_sent_behind_the_request_of_a_watch_is_refused(channel: grpc.aio.Channel) -> None:
    """Nobody would read it, so that it stayed in memory for as long as the watch."""
    call = await sent(channel, f"{HEALTH}/Watch", SHORT, SHORT)
    assert await call.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_watches_and_streams_of_reflection_are_few_at_a_time(channel: grpc.aio.Channel) -> None:
    watch = health_pb2_grpc.HealthStub(channel).Watch
    first = watch(health_pb2.HealthCheckRequest(), timeout=SECONDS)
    await first.read()
    assert await watch(health_pb2.HealthCheckRequest(), timeout=SECONDS).code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    question = reflection_pb2.ServerReflectionRequest(list_services="")
    ask = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo
    open_stream = ask(timeout=SECONDS)
    await open_stream.write(question)
    await open_stream.read()
    assert await ask(timeout=SECONDS).code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    for each in (first, open_stream):
        each.cancel()
    assert await is_well(channel)


async def test_reflection_answers_each_question_of_a_stream(channel: grpc.aio.Channel) -> None:
    stream = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(timeout=SECONDS)
    for _ in range(3):
        await stream.write(reflection_pb2.ServerReflectionRequest(list_services=""))
        answer = await stream.read()
        assert len(answer.list_services_response.service) == len((*OPEN[1:], "TriggerService"))
    await stream.done_writing()
    assert await stream.code() is grpc.StatusCode.OK
