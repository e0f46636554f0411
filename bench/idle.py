"""Measures what a service costs that has nothing to do, with many channel configurations and with many watchers."""

from __future__ import annotations

import time

from bench.bench import Bench
from bench.figures import Samples
from bench.service import Service, running_service

CONFIGURATIONS = (60, 1_000)
WATCHERS = 300
#: Says how long the service is left alone before it is measured, and how long it is measured, in seconds.
SETTLE_SECONDS, MEASURE_SECONDS = 10.0, 20.0


def idle(bench: Bench) -> Samples:
    """Returns the processor time in percent of one core, and the resident memory."""
    if bench.floors_only:
        return {}
    found: Samples = {}
    for count in CONFIGURATIONS:
        with running_service(bench.folder, bench.placement.server) as (service, _):
            service.add_channels(count)
            found[f"idle_{count}_cpu_percent"] = cpu_percent(service)
            found[f"idle_{count}_rss_mb"] = service.rss_mb()
    with running_service(bench.folder, bench.placement.server) as (service, _), service.watchers(WATCHERS):
        found["idle_watchers_cpu_percent"] = cpu_percent(service)
    return found


def cpu_percent(service: Service) -> float:
    time.sleep(SETTLE_SECONDS)
    before = sum(service.cpu_seconds())
    time.sleep(MEASURE_SECONDS)
    return 100 * (sum(service.cpu_seconds()) - before) / MEASURE_SECONDS
