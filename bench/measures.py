"""The measurements: each takes a floor and Clarion one right after the other, under the same load and placement."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from bench.driver import Driver
from bench.figures import Samples
from bench.load import Load, Target
from bench.placement import Placement
from bench.process import BenchError, module, run, running
from bench.service import Service, running_service
from bench.sink import running_sink
from bench.triggers import RECIPIENTS_PER_CALL

RATED_SECONDS = 5.0
STORES = ("sqlite", "postgresql")


@dataclass(frozen=True, slots=True)
class Sizes:
    """Says how much is sent in each measurement: enough for seconds, not for minutes."""

    calls: int = 15_000
    messages_per_stream: int = 5_000
    calls_of_20: int = 2_000
    deliveries: int = 10_000

    is_quick: bool = False

    def scaled(self, count: int) -> int:
        """Returns the count of a load that is not listed here: a fifth of it in a quick run."""
        return count // 5 if self.is_quick else count

    def quick(self) -> Sizes:
        return Sizes(self.calls // 5, self.messages_per_stream // 5, self.calls_of_20 // 5, self.deliveries // 5, True)


@dataclass(frozen=True, slots=True)
class Bench:
    """Holds what every measurement of a run shares. `folder` lies on the disk that commits are measured on."""

    load: Load
    sink_command: list[str]
    placement: Placement
    sizes: Sizes
    folder: Path
    floors_only: bool
    stores: Sequence[str] = STORES

    @contextmanager
    def echo(self) -> Iterator[Driver]:
        with running(module("echo"), self.placement.server) as process:
            yield self.driver(int(process.read_line()), "Bearer none")

    @contextmanager
    def held_service(self) -> Iterator[tuple[Service, Driver]]:
        """Returns a Clarion that accepts and does not hand off. In the end it must have recorded all that it
        acknowledged.
        """
        with running_service(self.folder, self.placement.server) as (service, _):
            service.set_up(sink_port=1)
            service.hold()
            driver = self.driver(service.port, service.authorization)
            yield service, driver
            if (recorded := service.report().queued_count) != driver.acknowledged:
                raise BenchError(f"{driver.acknowledged} messages were acknowledged, {recorded} are recorded")

    def driver(self, port: int, authorization: str) -> Driver:
        return Driver(self.load, Target(port, authorization, self.placement.load))


Accepting = Callable[[Driver, Sizes], float]


def unary_per_s(driver: Driver, sizes: Sizes) -> float:
    return driver.calls(sizes.calls).per_s


def stream_per_s(driver: Driver, sizes: Sizes) -> float:
    return driver.stream(sizes.messages_per_stream).per_s


def recipients_per_s(driver: Driver, sizes: Sizes) -> float:
    return driver.calls(sizes.calls_of_20, RECIPIENTS_PER_CALL).per_s * RECIPIENTS_PER_CALL


def accepting(form: str, measure: Accepting) -> Callable[[Bench], Samples]:
    """One form of accepting, by the echo and then by Clarion."""

    def take(bench: Bench) -> Samples:
        with bench.echo() as driver:
            echo = measure(driver, bench.sizes)
        if bench.floors_only:
            return {f"echo_{form}_per_s": echo}
        with bench.held_service() as (service, driver):
            before = sum(service.cpu_seconds())
            accept = measure(driver, bench.sizes)
            cpu_us = 1e6 * (sum(service.cpu_seconds()) - before) / driver.acknowledged
        return {
            f"echo_{form}_per_s": echo,
            f"accept_{form}_per_s": accept,
            f"accept_{form}_ratio": accept / echo,
            f"accept_{form}_cpu_us": cpu_us,
        }

    return take


def latency(bench: Bench) -> Samples:
    """Returns how long a call waits for its answer at half of the load that Clarion can take; the echo at the same
    load.
    """
    if bench.floors_only:
        return {}
    with bench.held_service() as (_, driver):
        per_s = driver.calls(bench.sizes.calls // 2).per_s / 2
        accept = driver.rated_calls(per_s, RATED_SECONDS)
    with bench.echo() as driver:
        echo = driver.rated_calls(per_s, RATED_SECONDS)
    return {
        "half_load_per_s": per_s,
        "accept_p50_ms_half_load": accept.percentile_ms(50),
        "accept_p99_ms_half_load": accept.percentile_ms(99),
        "echo_p99_ms_half_load": echo.percentile_ms(99),
        "accept_p99_ratio_half_load": accept.percentile_ms(99) / echo.percentile_ms(99),
    }


def delivery(bench: Bench) -> Samples:
    """Measures messages that are accepted, rendered, taken by the sink and recorded; the bare loop to the same sink
    before it.
    """
    with running_sink(bench.sink_command, bench.placement.load) as sink:
        argv = module("smtp_floor", sink.port, bench.sizes.deliveries)
        floor = float(run(argv, bench.placement.server))
        if bench.floors_only:
            return {"smtp_floor_per_s": floor}
        before = sink.count()
        with running_service(bench.folder, bench.placement.server) as (service, _):
            service.set_up(sink.port)
            driver = bench.driver(service.port, service.authorization)
            samples = _deliver(service, driver, bench.sizes.deliveries)
            if (taken := sink.count() - before) != driver.acknowledged:
                raise BenchError(f"{driver.acknowledged} messages were acknowledged, the sink took {taken}")
            samples["rss_mb"] = service.peak_rss_mb()
    per_s = samples["end_to_end_per_s"]
    return {"smtp_floor_per_s": floor, "end_to_end_per_s": per_s, "end_to_end_ratio": per_s / floor, **samples}


def _deliver(service: Service, driver: Driver, count: int) -> Samples:
    """Delivers as many as the service takes, then at half that rate."""
    driver.burst(count // 10)
    service.await_sent(driver.acknowledged)
    begin, before = monotonic(), sum(service.cpu_seconds())
    burst = driver.burst(count)
    service.await_sent(driver.acknowledged)
    per_s = burst.count / (monotonic() - begin)
    cpu_us = 1e6 * (sum(service.cpu_seconds()) - before) / burst.count
    version = service.next_version()
    rated = driver.rated_calls(per_s / 2, RATED_SECONDS)
    service.await_sent(driver.acknowledged)
    return {
        "end_to_end_per_s": per_s,
        "end_to_end_cpu_us": cpu_us,
        "accept_while_sending_per_s": burst.per_s,
        "accept_while_sending_p99_ms_half_load": rated.percentile_ms(99),
        "hand_off_p99_ms_half_load": service.report(version).hand_off_latency.p99.ToMilliseconds(),
    }


def start(bench: Bench) -> Samples:
    """From the start of the process on an empty store until it has answered a first call."""
    if bench.floors_only:
        return {}
    with running_service(bench.folder, bench.placement.server) as (service, seconds):
        return {"start_to_serving_s": seconds, "rss_at_start_mb": service.peak_rss_mb()}


MEASURES: dict[str, Callable[[Bench], Samples]] = {
    "unary": accepting("unary", unary_per_s),
    "stream": accepting("stream", stream_per_s),
    "recipients": accepting("recipients", recipients_per_s),
    "delivery": delivery,
    "latency": latency,
    "start": start,
}
