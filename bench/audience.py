"""Measures a campaign to a large audience: how fast it is accepted beside triggers, and what others feel of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import grpc
from clarion.v1 import (
    audience_run_pb2,
    category_pb2,
    execution_pb2,
    execution_service_pb2,
    sending_policy_pb2,
    sending_policy_service_pb2,
    trigger_service_pb2,
)
from clarion.v1.execution_service_pb2_grpc import ExecutionServiceStub
from clarion.v1.sending_policy_service_pb2_grpc import SendingPolicyServiceStub
from clarion.v1.trigger_service_pb2_grpc import TriggerServiceStub
from clarion_server.adapters.storage.sqlite import open_sqlite_store
from clarion_server.adapters.storage.store import SqlStore
from clarion_server.domain.audiences.audience import Audience
from google.protobuf import json_format

from bench.bench import Bench
from bench.beside import resets_beside
from bench.campaign import campaign
from bench.figures import Samples
from bench.process import BenchError
from bench.scale import CALLERS
from bench.service import CALL_SECONDS, Service, links, running_service
from bench.triggers import CONTEXT, RECIPIENTS_PER_CALL

OFFERS = "offers"
MEMBERS, QUICK_MEMBERS = 1_000_000, 100_000
#: Says what is accepted in calls of 20 beside it.
TRIGGERED = 40_000
#: Seconds between two looks at the run.
EVERY = 0.2
BEGIN = 1_780_000_000_000_000

_PROFILES = """
    WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < {count})
    INSERT INTO profiles (key, sandbox, id, revision, attributes, locale, time_zone, create_time, update_time)
    SELECT n, 'default', printf('018%029x', n), 1, '{{"plan":"gold","seats":' || (n % 50) || '}}', '', '',
        {begin} + n, {begin} + n FROM series"""
_IDENTITIES = """
    WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < {count})
    INSERT INTO profile_identities (sandbox, namespace, normal_value, profile_key, position)
    SELECT 'default', 'email', 'r' || ((n * 2654435761) % 4294967296) || '@example.com', n, 0 FROM series"""


def audience(bench: Bench) -> Samples:
    """Accepting a million members for the next opening of a sending policy, so that nothing else is measured."""
    if bench.floors_only:
        return {}
    with TemporaryDirectory(dir=bench.folder) as folder:
        file = Path(folder, "clarion.db")
        count = QUICK_MEMBERS if bench.sizes.is_quick else MEMBERS
        with closing(open_sqlite_store(file)) as store:
            _fill(store, count)
        settings = {"store": f"sqlite:///{file}", **links(Path(folder))}
        with running_service(bench.folder, bench.placement.server, **settings) as (service, _):
            return _measure(bench, service, count)


def _fill(store: SqlStore, count: int) -> None:
    """Writes profiles by statements of the database itself: a million takes seconds."""
    with store.begin() as unit:
        unit.audiences.add(
            Audience(
                sandbox="default",
                id="gold",
                display_name="Gold",
                create_time=BEGIN,
                update_time=BEGIN,
                condition="profile.attributes.plan == 'gold'",
            )
        )
        connection = unit.profiles._connection  # noqa: SLF001 - no port writes a million rows at once
        for statement in (_PROFILES, _IDENTITIES):
            connection.exec_driver_sql(statement.format(count=count, begin=BEGIN))
        unit.commit()


def _measure(bench: Bench, service: Service, count: int) -> Samples:
    service.set_up(sink_port=1)
    service.send_unless_denied()
    _close_marketing(service)
    offers = campaign()
    offers.category = category_pb2.CATEGORY_MARKETING
    service.add(OFFERS, offers)
    triggered_per_s = _triggered_per_s(service, min(count, bench.sizes.scaled(TRIGGERED)))
    run = _Run(service, count)
    selecting = run.await_selected()
    service.pause(OFFERS)
    driver = bench.driver(service.port, service.authorization)
    resets = resets_beside("audience", driver, run.going, bench.sizes)
    # No server takes the resets. Their attempts would be written beside the run.
    service.hold()
    service.resume(OFFERS)
    accepted_per_s = run.await_done()
    return {
        "audience_members": float(count),
        "audience_selected_per_s": count / selecting,
        "audience_accepted_per_s": accepted_per_s,
        "audience_triggered_per_s": triggered_per_s,
        "audience_ratio": accepted_per_s / triggered_per_s,
        "audience_peak_rss_mb": service.peak_rss_mb(),
        "audience_accepted_beside_resets_per_s": run.accepted_while_going_per_s,
        **resets,
    }


def _triggered_per_s(service: Service, count: int) -> float:
    """Returns how fast the same people are accepted in ordinary triggers of 20, a few calls at once."""
    metadata = (("authorization", service.authorization),)
    with grpc.insecure_channel(f"127.0.0.1:{service.port}") as channel, ThreadPoolExecutor(CALLERS) as callers:
        send = TriggerServiceStub(channel).Trigger
        requests = [_trigger(first) for first in range(1, count, RECIPIENTS_PER_CALL)]
        begin = time.monotonic()
        for answer in callers.map(lambda each: send(each, metadata=metadata, timeout=CALL_SECONDS), requests):
            if not answer.execution:
                raise BenchError("a trigger was answered without an execution")
        return len(requests) * RECIPIENTS_PER_CALL / (time.monotonic() - begin)


def _trigger(first: int) -> trigger_service_pb2.TriggerRequest:
    request = trigger_service_pb2.TriggerRequest(campaign=f"campaigns/{OFFERS}")
    for number in range(first, first + RECIPIENTS_PER_CALL):
        recipient = request.recipients.add(identity=f"email:r{number * 2_654_435_761 % 2**32}@example.com")
        json_format.ParseDict(CONTEXT, recipient.context)
    return request


def _close_marketing(service: Service) -> None:
    """Lets marketing leave at one minute of the week, so that what is accepted waits."""
    wall = sending_policy_pb2.WallClockInterval
    days = list(wall.Day.values())[1:]
    window = wall(start="00:00", end="00:01", days=[days[(time.gmtime().tm_wday + 3) % 7]])
    policy = sending_policy_pb2.SendingPolicy(
        display_name="Hardly ever",
        send_windows=[window],
        time_zone="UTC",
        time_zone_source=sending_policy_pb2.SendingPolicy.TIME_ZONE_SOURCE_FIXED,
    )
    request = sending_policy_service_pb2.CreateSendingPolicyRequest(sending_policy_id="default", sending_policy=policy)
    with grpc.insecure_channel(f"127.0.0.1:{service.port}") as channel:
        SendingPolicyServiceStub(channel).CreateSendingPolicy(
            request, metadata=(("authorization", service.authorization),), timeout=CALL_SECONDS
        )


class _Run:
    """Is a run that has just been triggered."""

    def __init__(self, service: Service, count: int) -> None:
        self._service = service
        self._count = count
        self._metadata = (("authorization", service.authorization),)
        request = trigger_service_pb2.TriggerAudienceRequest(
            campaign=f"campaigns/{OFFERS}", audience="audiences/gold", max_recipients=count
        )
        json_format.ParseDict(CONTEXT, request.context)
        self._going_seconds = 0.0
        self._accepted_while_going = 0
        self._begin = time.monotonic()
        with grpc.insecure_channel(f"127.0.0.1:{service.port}") as channel:
            answer = TriggerServiceStub(channel).TriggerAudience(request, metadata=self._metadata, timeout=CALL_SECONDS)
        self._name = answer.execution.name

    def await_selected(self) -> float:
        """Returns how many seconds selecting took."""
        while self._state() <= audience_run_pb2.AudienceRun.STATE_SELECTING:
            time.sleep(EVERY)
        return time.monotonic() - self._begin

    @contextmanager
    def going(self) -> Iterator[None]:
        """Lets the run go on, which is paused before and after."""
        before = self._execution().audience_run.accepted_count
        self._service.resume(OFFERS)
        begin = time.monotonic()
        yield
        self._service.pause(OFFERS)
        self._going_seconds += time.monotonic() - begin
        run = self._execution().audience_run
        if run.state != audience_run_pb2.AudienceRun.STATE_ACCEPTING:
            raise BenchError("the run ended before the resets: take more members")
        self._accepted_while_going += run.accepted_count - before

    @property
    def accepted_while_going_per_s(self) -> float:
        return self._accepted_while_going / self._going_seconds

    def await_done(self) -> float:
        """Returns how many members a second were accepted from now on until the last one."""
        begin, before = time.monotonic(), self._execution().audience_run.accepted_count
        while self._state() == audience_run_pb2.AudienceRun.STATE_ACCEPTING:
            time.sleep(EVERY)
        run = self._execution().audience_run
        if run.accepted_count != self._count:
            raise BenchError(f"{self._count} members should have been accepted:\n{run}")
        return (self._count - before) / (time.monotonic() - begin)

    def _state(self) -> int:
        return self._execution().audience_run.state

    def _execution(self) -> execution_pb2.Execution:
        # A list does not count the messages of the execution, which takes longer than accepting some.
        request = execution_service_pb2.ListExecutionsRequest(campaign=f"campaigns/{OFFERS}", page_size=1)
        with grpc.insecure_channel(f"127.0.0.1:{self._service.port}") as channel:
            answer = ExecutionServiceStub(channel).ListExecutions(
                request, metadata=self._metadata, timeout=CALL_SECONDS
            )
        (execution,) = answer.executions
        return execution
