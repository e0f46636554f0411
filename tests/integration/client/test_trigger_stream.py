from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import grpc
import pytest
from clarion.v1.campaign_service_pb2 import GetCampaignResponse
from clarion.v1.trigger_service_pb2 import TriggerRequest, TriggerResponse, TriggerStreamResponse
from clarion_client import (
    Accepted,
    AsyncClient,
    ClarionError,
    Client,
    NotFoundError,
    Recipient,
    Trigger,
    UnauthenticatedError,
    UnavailableError,
)

from tests.integration.client.conftest import AT_ONCE, Connect
from tests.integration.client.scripted import Script, fail, failure, overloaded, serving, unavailable

NOT_FOUND = failure(grpc.StatusCode.NOT_FOUND, "RESOURCE_NOT_FOUND")

React = Callable[[int, int, Any], Awaitable[TriggerStreamResponse | None]]


def orders(count: int) -> Iterator[Trigger]:
    return (Trigger("orders", [Recipient(f"crm:{number}")]) for number in range(count))


def accepted(number: int) -> TriggerStreamResponse:
    return TriggerStreamResponse(accepted=TriggerResponse(execution=f"executions/{number}"))


def number_of(request: TriggerRequest) -> int:
    return int(request.recipients[0].identity.removeprefix("crm:"))


class Stream:
    """Answers every trigger, unless `react(connection, number, context)` answers, fails or ends the stream instead."""

    def __init__(self, react: React | None = None) -> None:
        self._react = react
        self.connections: list[list[TriggerRequest]] = []

    async def answer(self, requests: Any, context: Any) -> AsyncIterator[TriggerStreamResponse]:
        received: list[TriggerRequest] = []
        self.connections.append(received)
        async for request in requests:
            received.append(request.trigger)
            number = number_of(request.trigger)
            if self._react is None:
                yield accepted(number)
            elif (reaction := await self._react(len(self.connections), number, context)) is not None:
                yield reaction
            else:
                return


async def executions(client: AsyncClient, triggers: Any, **options: Any) -> list[str]:
    return [
        result.execution if isinstance(result, Accepted) else result.reason
        async for _, result in client.trigger_stream(triggers, **options)
    ]


async def collect(
    stream: AsyncIterator[tuple[Trigger, Accepted | ClarionError]], results: list[Accepted | ClarionError]
) -> None:
    async for _, result in stream:
        results.append(result)


async def test_every_trigger_comes_back_with_its_answer_in_order(connect: Connect) -> None:
    stream = Stream()
    async with serving(TriggerStream=stream.answer) as target, connect(target) as client:
        results = [
            (trigger.recipients[0].identity, result)
            async for trigger, result in client.trigger_stream(orders(1_000), window=10)
        ]

    assert results == [
        (f"crm:{number}", Accepted(execution=f"executions/{number}", replayed=False, recipients=()))
        for number in range(1_000)
    ]


async def test_every_trigger_of_a_stream_has_a_request_id_of_its_own(connect: Connect) -> None:
    stream = Stream()
    given = Trigger("orders", [Recipient("crm:3")], request_id="order-3")
    async with serving(TriggerStream=stream.answer) as target, connect(target) as client:
        triggers = [trigger async for trigger, _ in client.trigger_stream([*orders(3), given])]

    ids = [request.request_id for request in stream.connections[0]]
    assert ids == [trigger.request_id for trigger in triggers]
    assert len(set(ids)) == 4
    assert ids[3] == "order-3"


async def test_a_refused_trigger_is_answered_with_its_error_and_the_stream_goes_on(connect: Connect) -> None:
    async def react(connection: int, number: int, context: Any) -> TriggerStreamResponse:
        return TriggerStreamResponse(error=NOT_FOUND) if number == 1 else accepted(number)

    async with serving(TriggerStream=Stream(react).answer) as target, connect(target) as client:
        results = [(trigger, result) async for trigger, result in client.trigger_stream(orders(3))]

    refused, error = results[1]
    assert isinstance(error, NotFoundError)
    assert error.request_id == refused.request_id
    assert [isinstance(result, Accepted) for _, result in results] == [True, False, True]


async def test_triggers_are_not_read_far_ahead_of_their_answers(connect: Connect) -> None:
    full, released = asyncio.Event(), asyncio.Event()
    read = itertools.count()

    def source() -> Iterator[Trigger]:
        for trigger in orders(50):
            next(read)
            yield trigger

    async def hold(requests: Any, context: Any) -> AsyncIterator[TriggerStreamResponse]:
        numbers = []
        async for request in requests:
            numbers.append(number_of(request.trigger))
            if len(numbers) == 8:
                full.set()
                await released.wait()
            if len(numbers) >= 8:
                yield accepted(numbers[len(numbers) - 8])
        for number in numbers[-7:]:
            yield accepted(number)

    script = Script(GetCampaignResponse())
    async with serving(TriggerStream=hold, GetCampaign=script.answer) as target, connect(target) as client:
        streaming = asyncio.ensure_future(executions(client, source(), window=8))
        await full.wait()
        # A round trip gives the client time to read on, if it did.
        await client.campaigns.get("x")
        # Eight are in flight, and one waits for room.
        assert next(read) <= 9
        released.set()

        assert await streaming == [f"executions/{number}" for number in range(50)]


@pytest.mark.parametrize("window", [1, 4, 256])
@pytest.mark.parametrize("by_ending", [False, True])
async def test_after_a_lost_connection_the_unanswered_triggers_are_sent_again_under_their_ids(
    connect: Connect, by_ending: bool, window: int
) -> None:
    async def react(connection: int, number: int, context: Any) -> TriggerStreamResponse | None:
        if connection < 4 and number == 10 * connection:
            if by_ending:
                return None
            await fail(context, unavailable())
        return accepted(number)

    stream = Stream(react)
    async with serving(TriggerStream=stream.answer) as target, connect(target) as client:
        results = await executions(client, orders(50), window=window)

    assert results == [f"executions/{number}" for number in range(50)]
    assert [number_of(requests[0]) for requests in stream.connections] == [0, 10, 20, 30]
    sent = {(number_of(request), request.request_id) for requests in stream.connections for request in requests}
    assert len(sent) == 50


async def test_an_overloaded_trigger_is_tried_again_in_its_place(connect: Connect) -> None:
    async def react(connection: int, number: int, context: Any) -> TriggerStreamResponse:
        return TriggerStreamResponse(error=overloaded()) if number == 1 else accepted(number)

    stream = Stream(react)
    single = Script(overloaded(), TriggerResponse(execution="executions/later"))
    async with serving(TriggerStream=stream.answer, Trigger=single.answer) as target, connect(target) as client:
        results = await executions(client, orders(3))

    assert results == ["executions/0", "executions/later", "executions/2"]
    assert single.requests == [stream.connections[0][1]] * 2


async def test_a_trigger_that_stays_overloaded_is_answered_with_that(connect: Connect) -> None:
    async def react(connection: int, number: int, context: Any) -> TriggerStreamResponse:
        return TriggerStreamResponse(error=overloaded())

    async with serving(TriggerStream=Stream(react).answer) as target, connect(target, retry=None) as client:
        assert await executions(client, orders(2)) == ["OVERLOADED", "OVERLOADED"]


async def test_an_exception_of_the_source_is_raised_after_the_answers(connect: Connect) -> None:
    def source() -> Iterator[Trigger]:
        yield from orders(3)
        raise LookupError("no more orders")

    results: list[Accepted | ClarionError] = []
    async with serving(TriggerStream=Stream().answer) as target, connect(target) as client:
        with pytest.raises(LookupError, match="no more orders"):
            await collect(client.trigger_stream(source()), results)

    assert len(results) == 3


async def test_a_trigger_that_cannot_be_sent_is_raised_after_the_answers(connect: Connect) -> None:
    unsendable = Trigger("orders", [Recipient("crm:3", {"total": float("nan")})])
    results: list[Accepted | ClarionError] = []
    async with serving(TriggerStream=Stream().answer) as target, connect(target) as client:
        with pytest.raises(ValueError, match=r"recipients\[0\]\.context\.total is nan"):
            await collect(client.trigger_stream([*orders(3), unsendable]), results)

    assert len(results) == 3


async def test_a_stream_without_triggers_ends_at_once(connect: Connect) -> None:
    async with serving(TriggerStream=Stream().answer) as target, connect(target) as client:
        assert await executions(client, []) == []


async def test_a_failure_that_does_not_pass_ends_the_stream(connect: Connect) -> None:
    async def react(connection: int, number: int, context: Any) -> TriggerStreamResponse | None:
        await fail(context, failure(grpc.StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED"))

    async with serving(TriggerStream=Stream(react).answer) as target, connect(target) as client:
        with pytest.raises(UnauthenticatedError):
            await executions(client, orders(3))


async def test_a_service_that_stays_away_ends_the_stream(connect: Connect) -> None:
    async with serving() as target:
        pass
    async with connect(target) as client:
        with pytest.raises(UnavailableError):
            await executions(client, orders(3), max_outage=0.3)


async def test_leaving_a_stream_early_ends_it_and_reads_no_further(connect: Connect) -> None:
    ended = asyncio.Event()
    source = orders(10**9)

    async def answer(requests: Any, context: Any) -> AsyncIterator[TriggerStreamResponse]:
        try:
            async for request in requests:
                yield accepted(number_of(request.trigger))
            await asyncio.Event().wait()
        finally:
            ended.set()

    script = Script(GetCampaignResponse())
    async with serving(TriggerStream=answer, GetCampaign=script.answer) as target, connect(target) as client:
        stream = client.trigger_stream(source, window=4)
        await anext(aiter(stream))
        await stream.aclose()
        await asyncio.wait_for(ended.wait(), timeout=60)
        # A round trip gives the client time to read on, if it did.
        await client.campaigns.get("x")

    # One was answered, four were in flight, and one waited for room.
    (following,) = next(source).recipients
    assert int(following.identity.removeprefix("crm:")) <= 6


async def test_answers_come_while_a_synchronous_source_still_waits() -> None:
    answered = threading.Event()

    def source() -> Iterator[Trigger]:
        first, second = orders(2)
        yield first
        assert answered.wait(60)
        yield second

    def stream(target: str) -> int:
        count = 0
        with Client(target, retry=AT_ONCE) as client:
            for _ in client.trigger_stream(source()):
                answered.set()
                count += 1
        return count

    async with serving(TriggerStream=Stream().answer) as target:
        assert await asyncio.to_thread(stream, target) == 2


async def test_an_asynchronous_source_is_read_beside_its_answers() -> None:
    answered = asyncio.Event()

    async def source() -> AsyncIterator[Trigger]:
        first, second = orders(2)
        yield first
        await answered.wait()
        yield second

    results = []
    async with serving(TriggerStream=Stream().answer) as target, AsyncClient(target, retry=AT_ONCE) as client:
        async for trigger, result in client.trigger_stream(source()):
            answered.set()
            results.append((trigger.recipients[0].identity, isinstance(result, Accepted)))

    assert results == [("crm:0", True), ("crm:1", True)]
