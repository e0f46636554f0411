"""Measures what is rare: a long queue, a queue before a password reset, and too much at once."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import grpc
from clarion.v1 import category_pb2
from clarion.v1.trigger_service_pb2_grpc import TriggerServiceStub
from google.rpc import error_details_pb2, status_pb2

from bench.bench import Bench
from bench.campaign import campaign
from bench.figures import Samples
from bench.process import BenchError
from bench.service import Service, links, running_service
from bench.sink import running_sink
from bench.triggers import trigger

if TYPE_CHECKING:
    # A name of the stub's type alone.
    from clarion.v1.trigger_service_pb2_grpc import TriggerServiceAsyncStub

NEWS = "news"
RECIPIENTS_PER_CALL = 1_000
CALLERS = 4
CALL_SECONDS = 60.0
#: Says what waits before the resets.
NEWS_QUEUED = 100_000
RESETS_PER_S = 50.0
RESET_SECONDS = 10.0
SHORT_BACKLOG, LONG_BACKLOG = 100_000, 1_000_000
#: Calls of a thousand recipients at once: several times what may wait for a commit.
CALLS_AT_ONCE = 96


def lanes(bench: Bench) -> Samples:
    """Measures how long a password reset takes to its hand-off, alone and behind 100,000 marketing messages."""
    if bench.floors_only:
        return {}
    with (
        running_sink(bench.sink_command, bench.placement.load) as sink,
        running_service(bench.folder, bench.placement.server, **links(bench.folder)) as (service, _),
    ):
        service.set_up(sink.port)
        news = campaign()
        news.category = category_pb2.CATEGORY_MARKETING
        service.send_unless_denied()
        service.add(NEWS, news)
        driver = bench.driver(service.port, service.authorization)
        driver.rated_calls(RESETS_PER_S, 1.0)
        version = service.next_version()
        driver.rated_calls(RESETS_PER_S, RESET_SECONDS)
        service.await_sent(driver.acknowledged)
        alone = _hand_off_p99_ms(service, version)
        service.hold()
        queue(service, NEWS, bench.sizes.scaled(NEWS_QUEUED))
        service.release()
        # The queue is moving when the resets come.
        driver.rated_calls(RESETS_PER_S, 1.0)
        version = service.next_version()
        driver.rated_calls(RESETS_PER_S, RESET_SECONDS / 2 if bench.sizes.is_quick else RESET_SECONDS)
        left = service.report(campaign_id=NEWS).queued_count
        if not left:
            raise BenchError("the marketing messages were all gone before the last reset: queue more")
        service.await_sent(driver.acknowledged)
        behind = _hand_off_p99_ms(service, version)
    return {"reset_p99_ms_alone": alone, "reset_p99_ms_behind_marketing": behind, "reset_delay_p99_ms": behind - alone}


def backlog(bench: Bench) -> Samples:
    """Returns the memory of a process that accepted a hundred thousand messages that stay queued, then a million."""
    if bench.floors_only:
        return {}
    with running_service(bench.folder, bench.placement.server) as (service, _):
        service.set_up(sink_port=1)
        service.hold()
        short, long = bench.sizes.scaled(SHORT_BACKLOG), bench.sizes.scaled(LONG_BACKLOG)
        queue(service, "order-confirmed", short)
        at_first = service.rss_mb()
        queue(service, "order-confirmed", long - short)
        later = service.rss_mb()
        if (recorded := service.report().queued_count) != long:
            raise BenchError(f"{long} messages were acknowledged, {recorded} are queued")
    return {"backlog_rss_mb_short": at_first, "backlog_rss_mb_long": later, "backlog_rss_ratio": later / at_first}


def overload(bench: Bench) -> Samples:
    """Several times what the service can take at once: refused early and politely, and nothing lost of the rest."""
    if bench.floors_only:
        return {}
    with running_service(bench.folder, bench.placement.server) as (service, _):
        service.set_up(sink_port=1)
        service.hold()
        answers = asyncio.run(_all_at_once(service))
        accepted = [seconds for outcome, seconds in answers if outcome == "accepted"]
        refused = [seconds for outcome, seconds in answers if outcome == "refused"]
        if not accepted or not refused or len(accepted) + len(refused) != CALLS_AT_ONCE:
            raise BenchError(f"wanted some accepted and the others refused, got {Counter(o for o, _ in answers)}")
        if (recorded := service.report().targeted_count) != len(accepted) * RECIPIENTS_PER_CALL:
            raise BenchError(f"{len(accepted) * RECIPIENTS_PER_CALL} messages were acknowledged, {recorded} recorded")
        queue(service, "order-confirmed", RECIPIENTS_PER_CALL)
        return {
            "overload_refused_share": len(refused) / CALLS_AT_ONCE,
            "overload_refused_within_ms": 1000 * max(refused),
            "overload_rss_mb": service.peak_rss_mb(),
        }


async def _all_at_once(service: Service) -> list[tuple[str, float]]:
    request = trigger(RECIPIENTS_PER_CALL)
    metadata = (("authorization", service.authorization),)

    async def call(stub: TriggerServiceAsyncStub) -> tuple[str, float]:
        begin = time.monotonic()
        try:
            await stub.Trigger(request, metadata=metadata, timeout=CALL_SECONDS)
        except grpc.aio.AioRpcError as error:
            return ("refused" if _is_polite(error) else str(error.code()), time.monotonic() - begin)
        return "accepted", time.monotonic() - begin

    async with grpc.aio.insecure_channel(f"127.0.0.1:{service.port}") as channel:
        stub = TriggerServiceStub(channel)
        return await asyncio.gather(*(call(stub) for _ in range(CALLS_AT_ONCE)))


def _is_polite(error: grpc.aio.AioRpcError) -> bool:
    """RESOURCE_EXHAUSTED, and says when to come back."""
    packed = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin", b"")
    status = status_pb2.Status.FromString(packed if isinstance(packed, bytes) else packed.encode())
    told = any(detail.Is(error_details_pb2.RetryInfo.DESCRIPTOR) for detail in status.details)
    return told and error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def queue(service: Service, campaign_id: str, count: int, recipients: int = RECIPIENTS_PER_CALL) -> None:
    """Has so many messages accepted, a thousand a call unless `recipients` says otherwise, and a few calls at once."""
    request = trigger(recipients)
    request.campaign = f"campaigns/{campaign_id}"
    metadata = (("authorization", service.authorization),)
    with grpc.insecure_channel(f"127.0.0.1:{service.port}") as channel, ThreadPoolExecutor(CALLERS) as callers:
        send = TriggerServiceStub(channel).Trigger
        calls = range(count // recipients)
        for answer in callers.map(lambda _: send(request, metadata=metadata, timeout=CALL_SECONDS), calls):
            if not answer.execution:
                raise BenchError("a call of the filling was answered without an execution")


def _hand_off_p99_ms(service: Service, version: int) -> float:
    return float(service.report(version).hand_off_latency.p99.ToMicroseconds()) / 1000
