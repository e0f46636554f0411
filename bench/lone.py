"""One trigger, long nothing, the next: how soon an idle service has handed each to the SMTP server."""

from __future__ import annotations

import time
from statistics import median

import grpc
from clarion.v1.trigger_service_pb2_grpc import TriggerServiceStub

from bench.bench import Bench
from bench.figures import Samples
from bench.process import BenchError
from bench.service import CALL_SECONDS, running_service
from bench.sink import Sink, running_sink
from bench.triggers import trigger

TRIGGERS = 100
WARM_UP = 5
PAUSE_SECONDS = 0.1
HAND_OFF_SECONDS = 10.0


def lone_trigger(bench: Bench) -> Samples:
    """From the moment in which an ordinary client begins its call until the sink has the whole mail."""
    if bench.floors_only:
        return {}
    with (
        running_sink(bench.sink_command, bench.placement.load) as sink,
        running_service(bench.folder, bench.placement.server) as (service, _),
        grpc.insecure_channel(f"127.0.0.1:{service.port}") as channel,
    ):
        service.set_up(sink.port)
        stub = TriggerServiceStub(channel)
        answered, handed_off = [], []
        for count in range(1, WARM_UP + bench.sizes.scaled(TRIGGERS) + 1):
            begin = time.time()
            stub.Trigger(trigger(), metadata=(("authorization", service.authorization),), timeout=CALL_SECONDS)
            answered.append(1000 * (time.time() - begin))
            handed_off.append(1000 * (_taken(sink, count) - begin))
    return {
        "lone_accept_p50_ms": median(answered[WARM_UP:]),
        "lone_hand_off_p50_ms": median(handed_off[WARM_UP:]),
        "lone_hand_off_max_ms": max(handed_off[WARM_UP:]),
    }


def _taken(sink: Sink, count: int) -> float:
    """Returns when the sink took that mail. It is asked after a pause, so that asking does not disturb it."""
    deadline = time.monotonic() + HAND_OFF_SECONDS
    while time.monotonic() < deadline:
        time.sleep(PAUSE_SECONDS)
        taken, last = sink.last()
        if taken == count:
            return last
    raise BenchError(f"a lone trigger was not handed off within {HAND_OFF_SECONDS:.0f} s")
