"""Says what callers notice of it when all that is old is being deleted, and what becomes of the file meanwhile."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from clarion_server.adapters.storage.sqlite import open_sqlite_store

from bench.bench import Bench
from bench.figures import Samples
from bench.growth import MEASURED_IDS, filled
from bench.process import BenchError
from bench.service import running_service

#: Each a row in four tables. What is filled in is of June 2026.
OLD_MESSAGES = 100_000
SETTINGS = {f"retain_{kind}_days": "30" for kind in ("context", "event", "message")}
CALLS_PER_S = 1_000.0
LOAD_SECONDS = 5.0
LOADS_WITHOUT = 5
MOST_LOADS = 100
_OLD = f"""
    SELECT (SELECT count(*) FROM messages WHERE key <= :last) + (SELECT count(*) FROM events WHERE sequence <= :last)
        + (SELECT count(*) FROM message_contexts WHERE message_key <= :last)
        + (SELECT count(*) FROM executions WHERE id < '{MEASURED_IDS}')
"""


def retention(bench: Bench) -> Samples:
    """Returns how long calls wait for their answers, 1,000 a second, while nothing is purged, and until all that is old
    is.
    """
    if bench.floors_only:
        return {}
    without, _ = _loaded(bench, {})
    during, file_ratio = _loaded(bench, SETTINGS)
    return {
        "purge_accept_p99_ms_without": median(without),
        "purge_accept_p99_ms_during": median(during),
        "purge_delay_p99_ms": median(during) - median(without),
        "purge_rows_per_s": 4 * bench.sizes.scaled(OLD_MESSAGES) / (len(during) * LOAD_SECONDS),
        "purge_file_ratio": file_ratio,
    }


def _loaded(bench: Bench, settings: Mapping[str, str]) -> tuple[list[float], float]:
    """Returns the p99 of each load, in ms, and the size of the file in the end, as a multiple of that before."""
    old = bench.sizes.scaled(OLD_MESSAGES)
    with TemporaryDirectory(dir=bench.folder) as folder:
        file = Path(folder, "clarion.db")
        with closing(open_sqlite_store(file)) as store:
            filled(store, old)
        size, store_url = file.stat().st_size, f"sqlite:///{file}"
        with running_service(bench.folder, bench.placement.server, store=store_url, **settings) as (service, _):
            service.set_up(sink_port=1)
            service.hold()
            driver = bench.driver(service.port, service.authorization)
            # Purging begins some seconds after the start: this load is not counted.
            driver.rated_calls(CALLS_PER_S, LOAD_SECONDS)
            turns = _loads_until_purged(file, old) if settings else range(LOADS_WITHOUT)
            waits = [driver.rated_calls(CALLS_PER_S, LOAD_SECONDS).percentile_ms(99) for _ in turns]
            if (recorded := service.report().queued_count) != driver.acknowledged:
                raise BenchError(f"{driver.acknowledged} messages were acknowledged, {recorded} are recorded")
        return waits, file.stat().st_size / size


def _loads_until_purged(file: Path, old: int) -> Iterator[int]:
    for number in range(MOST_LOADS):
        left = _rows(file, old)
        print(f"  retention: {left:,} old rows are left", file=sys.stderr, flush=True)
        if not left:
            return
        yield number
    raise BenchError(f"old rows are left after {MOST_LOADS * LOAD_SECONDS:.0f} s")


def _rows(file: Path, last: int) -> int:
    """Returns how many of the rows that were filled in are left."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        return int(connection.execute(_OLD, {"last": last}).fetchone()[0])
