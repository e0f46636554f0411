"""Says what a caller's trigger costs the whole process with millions of messages stored, beside one with none.

The processes serve at the same time and are loaded in turn. Each trigger has a random request id, which is the hardest
case for an index of ten million of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from bench.bench import Bench
from bench.driver import Driver
from bench.figures import Samples
from bench.load import PythonLoad, Target
from bench.process import BenchError
from bench.service import Service, running_service

CALLS = 3_000
ROUNDS = 9
WARM_UP = 1


def growth_felt(bench: Bench, empty: Path, full: Path) -> Samples:
    """Measures the processor time of a trigger: medians of a few rounds. The files are those of stores without access
    keys.
    """
    costs: list[list[float]] = [[], []]
    with ExitStack() as running:
        loads = [running.enter_context(_load(bench, file)) for file in (empty, full)]
        for number in range(WARM_UP + ROUNDS):
            turn = number % 2
            for place in (turn, 1 - turn):
                costs[place].append(_cpu_us(*loads[place], bench.sizes.scaled(CALLS)))
    at_none, at_many = (median(each[WARM_UP:]) for each in costs)
    return {
        "growth_trigger_none_cpu_us": at_none,
        "growth_trigger_many_cpu_us": at_many,
        "growth_trigger_ratio": at_many / at_none,
    }


@contextmanager
def _load(bench: Bench, file: Path) -> Iterator[tuple[Service, Driver]]:
    with running_service(bench.folder, bench.placement.server, store=f"sqlite:///{file}") as (service, _):
        service.set_up(sink_port=1)
        service.hold()
        # h2load sends the same bytes again and again.
        load = PythonLoad(fresh_request_ids=True)
        driver = Driver(load, Target(service.port, service.authorization, bench.placement.load))
        yield service, driver
        if (recorded := service.report().queued_count) != driver.acknowledged:
            raise BenchError(f"{driver.acknowledged} messages were acknowledged, {recorded} are recorded")


def _cpu_us(service: Service, driver: Driver, count: int) -> float:
    before = sum(service.cpu_seconds())
    driver.calls(count)
    # A call more, which shows the load what a good answer is.
    return 1e6 * (sum(service.cpu_seconds()) - before) / (count + 1)
