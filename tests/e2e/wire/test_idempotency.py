"""One request id is one execution and one mail, however often and however it arrives."""

from __future__ import annotations

import asyncio
import os
import random

import pytest
from clarion_client import Accepted, AlreadyExistsError, AsyncClient, Recipient, Trigger

from tests.campaigns import CONTEXT
from tests.e2e.wire.conftest import Sandbox
from tests.smtp_sink import SmtpSink

SOAK = bool(os.environ.get("CLARION_SOAK"))
REPETITIONS = 300
REQUESTS = 20_000 if SOAK else 200


async def test_a_request_that_arrives_hundreds_of_times_at_once_is_accepted_once(
    orders: AsyncClient, sandbox: Sandbox, sink: SmtpSink
) -> None:
    async with AsyncClient(sandbox.service.target, api_key=sandbox.key) as other:
        calls = [
            client.trigger("orders", to="jane@example.com", context=CONTEXT, request_id="1")
            for _ in range(REPETITIONS // 2)
            for client in (orders, other)
        ]
        answers = await asyncio.gather(*calls)
    await sink.wait_for(1)
    print(f"\n{len(answers)} calls, {sum(not answer.replayed for answer in answers)} accepted, {len(sink.mails)} mails")
    assert len({answer.execution for answer in answers}) == 1
    assert [answer.replayed for answer in answers].count(False) == 1
    assert len({answer.recipients for answer in answers}) == 1
    assert (await orders.reports.get("orders")).targeted_count == 1
    assert sink.counts.total() == 1


@pytest.mark.soak
@pytest.mark.timeout(3600 if SOAK else 600)
async def test_requests_that_arrive_on_two_connections_at_once_are_accepted_once_each(
    orders: AsyncClient, sandbox: Sandbox, sink: SmtpSink
) -> None:
    async with AsyncClient(sandbox.service.target, api_key=sandbox.key) as other:
        answers = await both_ways(orders, other)
    firsts = {execution for pair in answers for execution in pair}
    await sink.wait_for(REQUESTS, seconds=600 if SOAK else 30)
    print(f"\n{REQUESTS} requests, twice each: {len(firsts)} executions, {sink.counts.total()} mails")
    assert all(first == second for first, second in answers)
    assert len(firsts) == REQUESTS
    assert (await orders.reports.get("orders")).targeted_count == REQUESTS
    assert set(sink.counts.values()) == {1}


async def both_ways(one: AsyncClient, other: AsyncClient) -> list[tuple[str, str]]:
    """Returns the executions that each request became by a stream and by single calls, whichever arrives first."""

    async def by_stream() -> list[str]:
        triggers = (Trigger("orders", [a_recipient(n)], request_id=str(n)) for n in range(REQUESTS))
        results = [result async for _, result in one.trigger_stream(triggers)]
        return [result.execution for result in results if isinstance(result, Accepted)]

    async def by_calls() -> list[str]:
        order, executions = list(range(REQUESTS)), [""] * REQUESTS
        random.Random(4711).shuffle(order)
        waiting = iter(order)

        async def call() -> None:
            for n in waiting:
                answer = await other.trigger("orders", [a_recipient(n)], request_id=str(n))
                executions[n] = answer.execution

        await asyncio.gather(*(call() for _ in range(20)))
        return executions

    streamed, called = await asyncio.gather(by_stream(), by_calls())
    return list(zip(streamed, called, strict=True))


def a_recipient(number: int) -> Recipient:
    return Recipient(f"r{number}@example.com", CONTEXT)


async def test_one_of_two_requests_under_one_id_is_accepted_and_the_other_repeats_its_answer(
    orders: AsyncClient, sandbox: Sandbox
) -> None:
    async with AsyncClient(sandbox.service.target, api_key=sandbox.key) as other:
        for request_id in range(30):
            calls = [
                client.trigger("orders", [a_recipient(place)], request_id=str(request_id))
                for place, client in enumerate((orders, other))
            ]
            answers = await asyncio.gather(*calls, return_exceptions=True)
            (accepted,) = [answer for answer in answers if isinstance(answer, Accepted)]
            (refused,) = [answer for answer in answers if isinstance(answer, AlreadyExistsError)]
            assert refused.reason == "REQUEST_ID_REUSED"
            assert refused.metadata["execution"] == accepted.execution
