"""Clarions under load: ones that only accept, and ones that also send."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from time import monotonic

from clarion.v1 import campaign_pb2

from bench.bench import Bench
from bench.driver import Driver
from bench.figures import Samples
from bench.in_turn import in_turn
from bench.load import Load, Target, Timed
from bench.process import BenchError
from bench.service import Service, running_service
from bench.sink import running_sink


@dataclass(frozen=True, slots=True)
class Loaded:
    """Is a Clarion with the driver that loads it."""

    service: Service
    driver: Driver

    def cpu_seconds(self) -> float:
        return sum(self.service.cpu_seconds())

    def send(self, count: int) -> Timed:
        """Triggers so many mails, and returns when they are recorded as sent."""
        begin = monotonic()
        self.driver.calls(count)
        self.service.await_sent(self.driver.acknowledged)
        return Timed(count, count / (monotonic() - begin), [])


NO_FLOORS: Mapping[str, Callable[[], Timed]] = {}


def _nothing(_: Service) -> None:
    pass


@contextmanager
def accepting_service(
    bench: Bench,
    of: campaign_pb2.Campaign | None = None,
    *,
    load: Load | None = None,
    prepare: Callable[[Service], None] = _nothing,
    **settings: str,
) -> Iterator[Loaded]:
    """Yields a Clarion that accepts and does not hand off. In the end it must have recorded all that it acknowledged.

    `of` is its campaign, the usual one unless it is given, and `prepare` makes what must be there before.
    """
    with running_service(bench.folder, bench.placement.server, **settings) as (service, _):
        prepare(service)
        service.set_up(sink_port=1, of=of)
        service.hold()
        target = Target(service.port, service.authorization, bench.placement.load)
        driver = Driver(load or bench.load, target)
        yield Loaded(service, driver)
        if (recorded := service.report().queued_count) != driver.acknowledged:
            raise BenchError(f"{driver.acknowledged} messages were acknowledged, {recorded} are recorded")


@contextmanager
def sending_service(
    bench: Bench, of: campaign_pb2.Campaign | None = None, *, prepare: Callable[[Service], None] = _nothing
) -> Iterator[Loaded]:
    """Yields a Clarion that sends to a sink of its own, which must have taken all that it acknowledged in the end."""
    with (
        running_sink(bench.sink_command, bench.placement.load) as sink,
        running_service(bench.folder, bench.placement.server) as (service, _),
    ):
        prepare(service)
        service.set_up(sink.port, of=of)
        driver = bench.driver(service.port, service.authorization)
        yield Loaded(service, driver)
        if (taken := sink.count()) != driver.acknowledged:
            raise BenchError(f"{driver.acknowledged} messages were acknowledged, the sink took {taken}")


def costs_in_turn(
    services: Mapping[str, Loaded],
    load: Callable[[Loaded], Timed],
    floors: Mapping[str, Callable[[], Timed]] = NO_FLOORS,
) -> dict[str, Samples]:
    """Loads the services in turn, and the floors between them.

    Returns for each how many messages a second it took, and for a service the processor time of a message in µs.
    """
    before = {name: (loaded.cpu_seconds(), loaded.driver.acknowledged) for name, loaded in services.items()}
    timed = in_turn({**floors, **{name: partial(load, loaded) for name, loaded in services.items()}})
    samples = {name: {"per_s": each.per_s} for name, each in timed.items()}
    for name, loaded in services.items():
        seconds, acknowledged = before[name]
        spent, done = loaded.cpu_seconds() - seconds, loaded.driver.acknowledged - acknowledged
        samples[name]["cpu_us"] = 1e6 * spent / done
    return samples
