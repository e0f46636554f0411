"""Streams of triggers: answered in order, each for itself, and no further ahead than the service can remember."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
from clarion.v1 import trigger_service_pb2 as pb
from clarion_client import AsyncClient, MessageState

from tests.campaigns import CONTEXT, campaign
from tests.e2e.wire.calls import Wire, failure_of_status
from tests.e2e.wire.conftest import Sandbox
from tests.service import Service
from tests.smtp_sink import SmtpSink
from tests.waiting import until

STREAM = "/clarion.v1.TriggerService/TriggerStream"


#: Holds the options of a connection that buffers little.
NARROW = (("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 65_536))


def request(number: int, padding: int = 0, campaign: str = "campaigns/orders") -> pb.TriggerStreamRequest:
    """For a magic recipient, whom no provider is troubled with."""
    trigger = pb.TriggerRequest(campaign=campaign, request_id=f"request-{number}")
    recipient = trigger.recipients.add(identity=f"email:sent+{number}@clarion.test")
    recipient.context.update(CONTEXT)
    if padding:
        recipient.profile.update({"padding": "x" * padding})
    return pb.TriggerStreamRequest(trigger=trigger)


async def accepted_count(client: AsyncClient) -> int:
    return (await client.reports.get("orders")).targeted_count


async def test_a_thousand_triggers_are_answered_in_their_order(sandbox: Sandbox, orders: AsyncClient) -> None:
    answers = [answer async for answer in sandbox.wire.open(STREAM, [request(number) for number in range(1_000)])]
    executions = [answer.accepted.execution for answer in answers]
    assert len(set(executions)) == 1_000
    for number in (0, 1, 499, 998, 999):
        (found,) = [each async for each in orders.executions.list(campaign="orders", request_id=f"request-{number}")]
        assert found.name == executions[number]


async def test_what_fails_is_answered_in_its_place_and_the_stream_goes_on(
    sandbox: Sandbox, orders: AsyncClient
) -> None:
    await orders.campaigns.create(campaign("draft", "orders"))
    expected = ["", "RESOURCE_NOT_FOUND", "", "INVALID_FIELDS", "CAMPAIGN_NOT_LIVE", "INVALID_FIELDS", ""]
    unnamed, malformed = pb.TriggerStreamRequest(), request(5, campaign="orders")
    requests = [request(0), request(1, campaign="campaigns/nothing"), request(2), unnamed]
    requests += [request(4, campaign="campaigns/draft"), malformed, request(6)]
    answers = [answer async for answer in sandbox.wire.open(STREAM, requests)]
    reasons = [failure_of_status(answer.error).reason if answer.HasField("error") else "" for answer in answers]
    assert reasons == expected
    assert await accepted_count(orders) == 3


async def test_what_is_repeated_within_a_stream_is_accepted_once(sandbox: Sandbox, orders: AsyncClient) -> None:
    answers = [answer async for answer in sandbox.wire.open(STREAM, [request(7)] * 50)]
    assert len({answer.accepted.execution for answer in answers}) == 1
    assert [answer.accepted.replayed for answer in answers] == [False] + [True] * 49


async def test_a_campaign_that_is_paused_while_a_stream_goes_on_refuses_from_then_on(
    sandbox: Sandbox, orders: AsyncClient
) -> None:
    paused = asyncio.Event()

    async def requests() -> AsyncIterator[pb.TriggerStreamRequest]:
        yield request(1)
        await paused.wait()
        yield request(2)
        # What was accepted is answered the same again.
        yield request(1)

    call = sandbox.wire.open(STREAM, requests())
    first = await call.read()
    await orders.campaigns.pause("orders")
    paused.set()
    second, again = await call.read(), await call.read()
    assert failure_of_status(second.error).reason == "CAMPAIGN_NOT_LIVE"
    assert (again.accepted.execution, again.accepted.replayed) == (first.accepted.execution, True)


async def test_a_stream_that_is_half_closed_gets_its_answers(sandbox: Sandbox, orders: AsyncClient) -> None:
    call = sandbox.wire.channel.stream_stream(
        STREAM, pb.TriggerStreamRequest.SerializeToString, pb.TriggerStreamResponse.FromString
    )(metadata=(("authorization", f"Bearer {sandbox.key}"),))
    for number in range(20):
        await call.write(request(number))
    await call.done_writing()
    answers = [answer async for answer in call]
    assert len({answer.accepted.execution for answer in answers}) == 20
    assert await call.code() is grpc.StatusCode.OK


async def test_a_stream_of_nothing_ends_well(sandbox: Sandbox) -> None:
    call = sandbox.wire.open(STREAM, [])
    assert [answer async for answer in call] == []
    assert await call.code() is grpc.StatusCode.OK


async def test_a_cancelled_stream_loses_nothing_that_was_acknowledged(
    sandbox: Sandbox, orders: AsyncClient, sink: SmtpSink
) -> None:
    def to_a_person(number: int) -> pb.TriggerStreamRequest:
        made = request(number)
        made.trigger.recipients[0].identity = f"email:r{number}@example.com"
        return made

    call = sandbox.wire.open(STREAM, [to_a_person(number) for number in range(500)])
    acknowledged = {(await call.read()).accepted.recipients[0].messages[0].message for _ in range(100)}
    call.cancel()
    await sink.wait_for(100)

    async def all_were_sent() -> bool:
        sent = {m.name async for m in orders.messages.list(states=[MessageState.SENT], page_size=1000)}
        return acknowledged <= sent

    await until(all_were_sent)
    assert len(acknowledged) == 100
    assert set(sink.counts.values()) == {1}


def resident_mib(service: Service) -> int:
    status = Path(f"/proc/{service.pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) // 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the memory of a process from Linux's /proc")
async def test_who_takes_no_answers_is_read_no_further_and_costs_no_memory(
    sandbox: Sandbox, orders: AsyncClient
) -> None:
    """Requests of 30 KB: 8 MiB of them are remembered, and transports buffer some more."""
    before, written, stood_at = resident_mib(sandbox.service), 0, -1

    async def requests() -> AsyncIterator[pb.TriggerStreamRequest]:
        nonlocal written
        for number in range(20_000):
            yield request(number, padding=30_000)
            written += 1

    async def it_stands_still() -> bool:
        nonlocal stood_at
        stands, stood_at = written == stood_at, written
        await asyncio.sleep(0.3)
        return stands

    async with Wire(sandbox.service.target, sandbox.key, options=NARROW) as wire:
        call = wire.open(STREAM, requests(), seconds=None)
        await call.read()
        await until(it_stands_still, seconds=60)
        accepted, grown = await accepted_count(orders), resident_mib(sandbox.service) - before
        print(f"\n{written} requests written, {accepted} accepted, one answer taken; {grown} MiB more memory")
        assert written < 3_000
        assert grown < 150
        # Who takes them after all gets the answers to what was accepted, and is read on.
        for _ in range(accepted + 10):
            assert (await call.read()).accepted.execution
        call.cancel()


async def test_a_stream_under_a_key_without_the_scope_is_refused_whole(sandbox: Sandbox) -> None:
    metadata = (("authorization", "Bearer clk_none"),)
    failure = await sandbox.wire.refuse(STREAM, request(1), metadata)
    assert failure.reason == "UNAUTHENTICATED"
