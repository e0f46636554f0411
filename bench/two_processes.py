"""Two processes at one address on one store, beside floors of two processes each. They share the cores with their load.

Where the system runs what is left to it: pinned, load and sink would have no core to themselves.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from bench.bench import Bench
from bench.driver import Driver
from bench.figures import Samples
from bench.load import Target
from bench.process import BenchError, module, run, running
from bench.service import Service, running_service
from bench.sink import Sink, running_sink
from tests.postgresql import made_database

PROCESSES = 2
#: The system spreads connections over processes, not calls: of many, each gets about its half.
CONNECTIONS = 32
#: Of the processor time that both take under load, what the lesser one has at least: else it was a load on one.
LEAST_SHARE = 0.15


def two_processes(bench: Bench) -> Samples:
    """Accepting alone, and end to end: by two echoes and two bare loops, and by two processes on each store."""
    with _echoes(bench) as driver:
        floors = {"echo_two_processes_per_s": driver.calls(bench.sizes.calls).per_s}
    with running_sink(bench.sink_command, bench.placement.load) as sink:
        floors["smtp_floor_two_processes_per_s"] = _smtp_floor(sink, bench.sizes.deliveries)
    found = dict(floors)
    for store in () if bench.floors_only else bench.stores:
        accepted = _accept(bench, store)
        delivered = _deliver(bench, store)
        suffix = "two_processes" if store == "sqlite" else f"two_processes_{store}"
        found |= {f"{name}_{suffix}{unit}": value for (name, unit), value in (accepted | delivered).items()}
        for name, floor in (("accept", "echo"), ("end_to_end", "smtp_floor")):
            per_s = found[f"{name}_{suffix}_per_s"]
            found[f"{name}_{suffix}_ratio"] = per_s / floors[f"{floor}_two_processes_per_s"]
    return found


#: By name and unit, without what was measured.
_Figures = dict[tuple[str, str], float]


@contextmanager
def _echoes(bench: Bench) -> Iterator[Driver]:
    with running(module("echo"), bench.placement.server) as first:
        port = int(first.read_line())
        with running(module("echo", port), bench.placement.server) as second:
            second.read_line()
            yield _driver(bench, port, "Bearer none")


def _smtp_floor(sink: Sink, count: int) -> float:
    argv = module("smtp_floor", sink.port, count // PROCESSES)
    with ThreadPoolExecutor(PROCESSES) as threads:
        return sum(map(float, threads.map(lambda _: run(argv, frozenset()), range(PROCESSES))))


def _accept(bench: Bench, store: str) -> _Figures:
    with _service(bench, store) as service:
        service.set_up(sink_port=1)
        service.hold()
        driver = _driver(bench, service.port, service.authorization)
        before = service.cpu_seconds()
        per_s = driver.calls(bench.sizes.calls).per_s
        each_us = cpu_us(before, service.cpu_seconds(), driver.acknowledged)
        if (recorded := service.report().queued_count) != driver.acknowledged:
            raise BenchError(f"{driver.acknowledged} messages were acknowledged, {recorded} are recorded")
    return {("accept", "_per_s"): per_s, ("accept", "_cpu_us"): each_us}


def _deliver(bench: Bench, store: str) -> _Figures:
    with (
        running_sink(bench.sink_command, bench.placement.load) as sink,
        _service(bench, store) as service,
    ):
        service.set_up(sink.port)
        driver = _driver(bench, service.port, service.authorization)
        driver.calls(bench.sizes.deliveries // 10)
        service.await_sent(driver.acknowledged)
        before, begin = service.cpu_seconds(), time.monotonic()
        burst = driver.calls(bench.sizes.deliveries)
        service.await_sent(driver.acknowledged)
        per_s = burst.count / (time.monotonic() - begin)
        each_us = cpu_us(before, service.cpu_seconds(), burst.count)
        if (taken := sink.count()) != driver.acknowledged:
            raise BenchError(f"{driver.acknowledged} messages were acknowledged, the sink took {taken}")
        rss_mb = service.peak_rss_mb()
    return {("end_to_end", "_per_s"): per_s, ("end_to_end", "_cpu_us"): each_us, ("rss", "_mb"): rss_mb}


@contextmanager
def _service(bench: Bench, store: str) -> Iterator[Service]:
    settings = {"processes": str(PROCESSES)}
    if store == "postgresql":
        settings["store"] = made_database("clarion_bench")
    with running_service(bench.folder, bench.placement.server, **settings) as (service, _):
        yield service


def _driver(bench: Bench, port: int, authorization: str) -> Driver:
    return Driver(bench.load, Target(port, authorization, bench.placement.load, CONNECTIONS))


def cpu_us(before: list[float], after: list[float], count: int) -> float:
    """Returns the processor time of all processes for each message. `BenchError` when one had too little to do."""
    taken = [late - early for early, late in zip(before, after, strict=True)]
    total, least = sum(taken), min(taken[1:], default=float("nan"))
    if least < LEAST_SHARE * total:
        raise BenchError(f"of {total:.2f} s that the processes took, one took {least:.2f} s: connections came to one")
    return 1e6 * total / count
