"""Large requests are decoded, converted and checked in threads, once their caller is known."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from threading import get_ident
from typing import Any

import pytest
from clarion.v1 import trigger_service_pb2 as pb
from clarion_server.adapters.rendering import JinjaContentCompiler
from clarion_server.adapters.rendering.schemas.check import JsonSchema
from clarion_server.application.ports.content import ErrorBudget
from clarion_server.bootstrap.channels import CONTENT_KINDS
from clarion_server.domain.content.email import EmailContent
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.violation import Violation
from clarion_server.transport.api.requests import (
    LARGE_BYTES,
    MAX_REQUEST_BYTES,
    Undecodable,
    Unread,
    check_decoded,
    converted,
    decoder,
    is_large,
    size_of,
)
from clarion_server.transport.grpc.triggers import TriggerService
from clarion_server.transport.http import json_text

from tests.unit.application.audience_running import Runs
from tests.unit.application.running import CALLER, Process
from tests.unit.application.world import DEFINITION, World

CAMPAIGN = "campaigns/order-confirmed"
CHECKED_IN: list[int] = []
"""Holds the threads in which contexts were checked."""


class WatchedSchema(JsonSchema):
    def violations(self, context: Mapping[str, Any], budget: ErrorBudget | None = None) -> list[Violation]:
        CHECKED_IN.append(get_ident())
        return super().violations(context, budget)


class WatchedCompiler(JinjaContentCompiler):
    def compile_schema(self, schema: Mapping[str, Any] | None) -> JsonSchema:
        assert schema is not None
        return WatchedSchema(schema)


@pytest.fixture
def world() -> Iterator[World]:
    with closing(World()) as made:
        yield made


@pytest.fixture
async def service(world: World) -> AsyncIterator[TriggerService]:
    await world.live()
    CHECKED_IN.clear()
    process = Process(world, compiler=WatchedCompiler(CONTENT_KINDS))
    yield TriggerService(process.triggering, Runs(process).triggering)
    await process.close()


def trigger(values: int, campaign: str = CAMPAIGN) -> pb.TriggerRequest:
    request = pb.TriggerRequest(campaign=campaign)
    recipient = request.recipients.add(identity="email:jane@example.com")
    recipient.context.update({"order": {"id": "4711"}, "numbers": [1] * values})
    return request


def arrived(request: pb.TriggerRequest) -> Any:
    """Returns what gRPC passes on of the request."""
    return decoder(pb.TriggerRequest)(request.SerializeToString())


async def call(service: TriggerService, request: Any) -> pb.TriggerResponse:
    """Calls as the guard does."""
    if isinstance(request, Unread):
        request = await request.read()
    return await service.trigger(check_decoded(request), CALLER)


def test_a_large_request_is_not_decoded_before_its_caller_is_known() -> None:
    small, large = arrived(trigger(10)), arrived(trigger(10_000))
    assert isinstance(small, pb.TriggerRequest)
    assert isinstance(large, Unread)
    assert large.size == size_of(large) == trigger(10_000).ByteSize()
    assert large.decode() == trigger(10_000)


def test_a_large_request_that_is_damaged_or_too_large_is_refused() -> None:
    decode = decoder(pb.TriggerRequest)
    assert isinstance(decode(b"\xff" * (LARGE_BYTES + 1)).decode(), Undecodable)
    assert isinstance(decode(b"\x00" * (MAX_REQUEST_BYTES + 1)), Undecodable)


@pytest.mark.parametrize("large", [False, True])
async def test_only_the_conversion_of_a_large_request_runs_in_a_thread(large: bool) -> None:
    async def of_one_call() -> tuple[int, int, bool]:
        decoded_in = await Unread(get_ident, 0, is_large=large).read()
        return decoded_in, await converted(lambda _: get_ident(), None), is_large()

    decoded_in, converted_in, is_marked = await asyncio.create_task(of_one_call())
    assert (decoded_in != get_ident(), converted_in != get_ident(), is_marked) == (large, large, large)
    assert not is_large(), "the next call is another one"


@pytest.mark.parametrize("values", [10, 10_000])
async def test_only_the_recipients_of_a_large_trigger_are_checked_in_a_thread(
    service: TriggerService, values: int
) -> None:
    response = await asyncio.create_task(call(service, arrived(trigger(values))))
    assert response.recipients[0].outcome is pb.RecipientResult.OUTCOME_ACCEPTED
    (checked_in,) = CHECKED_IN
    assert (checked_in == get_ident()) == (values == 10)


ALTERNATIVES = {"anyOf": [{"const": number} for number in range(1_500)]}


@pytest.mark.parametrize("schema", [ALTERNATIVES, {"type": "integer"}], ids=["costly", "cheap"])
@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("in_a_stream", [False, True])
async def test_only_several_recipients_against_a_costly_schema_are_checked_in_a_thread(
    service: TriggerService, world: World, schema: dict[str, Any], count: int, in_a_stream: bool
) -> None:
    greeting = (replace(DEFINITION.actions[0], content=EmailContent("Hello", text="Hello")),)
    numbers = {"type": "object", "properties": {"numbers": {"type": "array", "items": schema}}}
    await world.live("numbers", context_schema=numbers, actions=greeting)
    request = pb.TriggerRequest(campaign="campaigns/numbers")
    for place in range(count):
        request.recipients.add(identity=f"email:r{place}@example.com").context.update({"numbers": [7, 9]})

    async def requests() -> AsyncIterator[Any]:
        yield pb.TriggerStreamRequest(trigger=request)

    if in_a_stream:
        (answer,) = [answer async for answer in service.trigger_stream(requests(), CALLER)]
        response = answer.accepted
    else:
        response = await call(service, arrived(request))
    assert len(response.recipients) == count
    in_thread = schema is ALTERNATIVES and count > 1
    assert [thread != get_ident() for thread in CHECKED_IN] == [in_thread] * count


async def test_large_triggers_of_a_stream_are_checked_in_a_thread_and_answered_in_order(
    service: TriggerService,
) -> None:
    async def requests() -> AsyncIterator[Any]:
        decode = decoder(pb.TriggerStreamRequest)
        for values in (10, 10_000, 10):
            yield decode(pb.TriggerStreamRequest(trigger=trigger(values)).SerializeToString())
        yield decode(b"\xff" * (LARGE_BYTES + 1))

    answers = [answer async for answer in service.trigger_stream(requests(), CALLER)]
    assert [answer.WhichOneof("result") for answer in answers] == ["accepted"] * 3 + ["error"]
    here = get_ident()
    assert [thread == here for thread in CHECKED_IN] == [True, False, True]


async def trigger_alone(service: TriggerService, request: pb.TriggerRequest) -> None:
    with pytest.raises(InvalidFields):
        await call(service, arrived(request))


async def trigger_in_a_stream(service: TriggerService, request: pb.TriggerRequest) -> None:
    async def requests() -> AsyncIterator[Any]:
        yield decoder(pb.TriggerStreamRequest)(pb.TriggerStreamRequest(trigger=request).SerializeToString())

    (answer,) = [answer async for answer in service.trigger_stream(requests(), CALLER)]
    assert answer.WhichOneof("result") == "error"


@pytest.mark.parametrize("make_call", [trigger_alone, trigger_in_a_stream])
async def test_others_are_served_while_a_large_request_is_converted(
    service: TriggerService, make_call: Callable[[TriggerService, pb.TriggerRequest], Awaitable[None]]
) -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    serving = asyncio.create_task(others())
    # Without the name of a campaign, the trigger is refused as soon as it is converted.
    request = trigger(100_000, campaign="orders")
    await asyncio.gather(make_call(service, request))
    serving.cancel()
    # Beside a thread that computes, the loop has a turn in 5 ms. When it converts by itself, it has six at most.
    assert turns > 20


def test_a_body_is_large_by_its_values_or_by_its_bytes() -> None:
    assert not json_text.is_large(b"[" + b"1," * 4_000 + b"1]")
    assert json_text.is_large(b"[" + b"1," * 6_000 + b"1]")
    assert not json_text.is_large(b'"' + b"x" * 200_000 + b'"')
    assert json_text.is_large(b'"' + b"x" * 300_000 + b'"')
