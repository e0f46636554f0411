"""Measures what channel configurations cost that have nothing to send."""

from __future__ import annotations

import time

from bench.figures import Samples
from bench.measures import Bench
from bench.service import running_service

CONFIGURATIONS = (60, 1_000)
#: How long the service is left alone before it is measured, and how long it is measured, in seconds.
SETTLE_SECONDS, MEASURE_SECONDS = 10.0, 20.0


def idle(bench: Bench) -> Samples:
    """Returns the processor time in percent of one core, and the resident memory, by the number of configurations."""
    if bench.floors_only:
        return {}
    found: Samples = {}
    for count in CONFIGURATIONS:
        with running_service(bench.folder, bench.placement.server) as (service, _):
            service.add_channels(count)
            time.sleep(SETTLE_SECONDS)
            before = sum(service.cpu_seconds())
            time.sleep(MEASURE_SECONDS)
            found[f"idle_{count}_cpu_percent"] = 100 * (sum(service.cpu_seconds()) - before) / MEASURE_SECONDS
            found[f"idle_{count}_rss_mb"] = service.rss_mb()
    return found
