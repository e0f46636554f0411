"""The measurements: each loads a floor and Clarion in turn, under the same load and placement."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from bench.bench import Bench, Sizes
from bench.driver import Driver
from bench.figures import Samples
from bench.in_turn import in_turn
from bench.load import Timed
from bench.loaded import Loaded, accepting_service, costs_in_turn, sending_service
from bench.process import module, run
from bench.service import running_service
from bench.sink import running_sink
from bench.triggers import RECIPIENTS_PER_CALL

RATED_SECONDS = 5.0

#: Loads a server once, and tells how many messages it took.
Accepting = Callable[[Driver, Sizes], Timed]


def unary(driver: Driver, sizes: Sizes) -> Timed:
    return driver.calls(sizes.calls)


def stream(driver: Driver, sizes: Sizes) -> Timed:
    return driver.stream(sizes.messages_per_stream)


def recipients(driver: Driver, sizes: Sizes) -> Timed:
    timed = driver.calls(sizes.calls_of_20, RECIPIENTS_PER_CALL)
    return Timed(timed.count * RECIPIENTS_PER_CALL, timed.per_s * RECIPIENTS_PER_CALL, [])


def round_of(load: Accepting, sizes: Sizes) -> Callable[[Loaded], Timed]:
    return lambda loaded: load(loaded.driver, sizes)


def accepting(form: str, load: Accepting) -> Callable[[Bench], Samples]:
    """One form of accepting, by the echo and by Clarion."""

    def take(bench: Bench) -> Samples:
        sizes = bench.sizes.of_a_round()
        with ExitStack() as stack:
            echo = stack.enter_context(bench.echo())
            services = {} if bench.floors_only else {"accept": stack.enter_context(accepting_service(bench))}
            found = costs_in_turn(services, round_of(load, sizes), {"echo": lambda: load(echo, sizes)})
        samples = {f"{name}_{form}_{figure}": value for name, each in found.items() for figure, value in each.items()}
        if services:
            samples[f"accept_{form}_ratio"] = found["accept"]["per_s"] / found["echo"]["per_s"]
        return samples

    return take


def latency(bench: Bench) -> Samples:
    """Returns how long a call waits for its answer at half of the load that Clarion can take; the echo at the same
    load.
    """
    if bench.floors_only:
        return {}
    with bench.echo() as echo, accepting_service(bench) as loaded:
        per_s = loaded.driver.calls(bench.sizes.calls // 2).per_s / 2
        drivers = {"accept": loaded.driver, "echo": echo}
        found = in_turn({name: _rated(driver, per_s) for name, driver in drivers.items()})
    accept, floor = found["accept"], found["echo"]
    return {
        "half_load_per_s": per_s,
        "accept_p50_ms_half_load": accept.percentile_ms(50),
        "accept_p99_ms_half_load": accept.percentile_ms(99),
        "echo_p99_ms_half_load": floor.percentile_ms(99),
        "accept_p99_ratio_half_load": accept.percentile_ms(99) / floor.percentile_ms(99),
    }


def _rated(driver: Driver, per_s: float) -> Callable[[], Timed]:
    return lambda: driver.rated_calls(per_s, RATED_SECONDS / 2)


def delivery(bench: Bench) -> Samples:
    """Measures messages that are accepted, rendered, taken by the sink and recorded; and the bare loop to a sink."""
    count = bench.sizes.of_a_round().deliveries
    with ExitStack() as stack:
        sink = stack.enter_context(running_sink(bench.sink_command, bench.placement.load))
        argv = module("smtp_floor", sink.port, count)
        floor = {"smtp_floor": lambda: Timed(count, float(run(argv, bench.placement.server)), [])}
        if bench.floors_only:
            return {"smtp_floor_per_s": in_turn(floor)["smtp_floor"].per_s}
        loaded = stack.enter_context(sending_service(bench))
        found = costs_in_turn({"end_to_end": loaded}, lambda each: each.send(count), floor)
        at_half = _at_half(loaded, found["end_to_end"]["per_s"] / 2)
        rss_mb = loaded.service.peak_rss_mb()
    per_s, floor_per_s = found["end_to_end"]["per_s"], found["smtp_floor"]["per_s"]
    return {
        "smtp_floor_per_s": floor_per_s,
        "end_to_end_per_s": per_s,
        "end_to_end_ratio": per_s / floor_per_s,
        "end_to_end_cpu_us": found["end_to_end"]["cpu_us"],
        **at_half,
        "rss_mb": rss_mb,
    }


def _at_half(loaded: Loaded, per_s: float) -> Samples:
    """Returns how long acceptance and hand-off take while messages come at a rate and are sent."""
    version = loaded.service.next_version()
    rated = loaded.driver.rated_calls(per_s, RATED_SECONDS)
    loaded.service.await_sent(loaded.driver.acknowledged)
    hand_off = loaded.service.report(version).hand_off_latency
    return {
        "accept_while_sending_p99_ms_half_load": rated.percentile_ms(99),
        "hand_off_p99_ms_half_load": hand_off.p99.ToMilliseconds(),
    }


def start(bench: Bench) -> Samples:
    """From the start of the process on an empty store until it has answered a first call."""
    if bench.floors_only:
        return {}
    with running_service(bench.folder, bench.placement.server) as (service, seconds):
        return {"start_to_serving_s": seconds, "rss_at_start_mb": service.peak_rss_mb()}


MEASURES: dict[str, Callable[[Bench], Samples]] = {
    "unary": accepting("unary", unary),
    "stream": accepting("stream", stream),
    "recipients": accepting("recipients", recipients),
    "delivery": delivery,
    "latency": latency,
    "start": start,
}
