"""Says what a caller's trigger costs the whole process with millions of messages stored, beside one with none.

The processes serve at the same time and are loaded in turn. Each trigger has a random request id, which is the hardest
case for an index of ten million of them.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from statistics import median

from bench.bench import Bench
from bench.figures import Samples
from bench.load import PythonLoad
from bench.loaded import Loaded, accepting_service

CALLS = 3_000
ROUNDS = 9
WARM_UP = 1


def growth_felt(bench: Bench, empty: Path, full: Path) -> Samples:
    """Measures the processor time of a trigger: medians of a few rounds. The files are those of stores without access
    keys.
    """
    costs: list[list[float]] = [[], []]
    with ExitStack() as running:
        # h2load sends the same bytes again and again.
        load = PythonLoad(fresh_request_ids=True)
        services = [accepting_service(bench, load=load, store=f"sqlite:///{file}") for file in (empty, full)]
        loads = [running.enter_context(service) for service in services]
        for number in range(WARM_UP + ROUNDS):
            turn = number % 2
            for place in (turn, 1 - turn):
                costs[place].append(_cpu_us(loads[place], bench.sizes.scaled(CALLS)))
    at_none, at_many = (median(each[WARM_UP:]) for each in costs)
    return {
        "growth_trigger_none_cpu_us": at_none,
        "growth_trigger_many_cpu_us": at_many,
        "growth_trigger_ratio": at_many / at_none,
    }


def _cpu_us(loaded: Loaded, count: int) -> float:
    before = loaded.cpu_seconds()
    loaded.driver.calls(count)
    # A call more, which shows the load what a good answer is.
    return 1e6 * (loaded.cpu_seconds() - before) / (count + 1)
