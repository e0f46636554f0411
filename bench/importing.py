"""Measures an import of profiles by a stream: how long it takes beside a raw insertion of the same rows, and what
password resets feel of it.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from clarion_client import Client, Profile

from bench.bench import Bench
from bench.figures import Samples
from bench.process import BenchError
from bench.service import Service, links, running_service

PROFILES = 100_000
ROWS_PER_COMMIT = 100
RESETS_PER_S = 50.0
RESET_SECONDS = 10.0

_TABLES = """
    CREATE TABLE profiles (key INTEGER PRIMARY KEY, sandbox TEXT, id TEXT, revision INTEGER, attributes TEXT,
        locale TEXT, time_zone TEXT, create_time INTEGER, update_time INTEGER, UNIQUE (sandbox, id));
    CREATE TABLE profile_identities (sandbox TEXT, namespace TEXT, normal_value TEXT, profile_key INTEGER,
        position INTEGER, value TEXT, PRIMARY KEY (sandbox, namespace, normal_value)) WITHOUT ROWID;
    CREATE INDEX profile_identities_profile_key ON profile_identities (profile_key);
"""


def importing(bench: Bench) -> Samples:
    """Measures the import alone, and again, of others, beside resets."""
    if bench.floors_only:
        return {}
    count = bench.sizes.scaled(PROFILES)
    with TemporaryDirectory(dir=bench.folder) as folder:
        raw = _raw_seconds(Path(folder, "raw.db"), count)
    with running_service(bench.folder, bench.placement.server, **links(bench.folder)) as (service, _):
        service.set_up(sink_port=1)
        before, begin = sum(service.cpu_seconds()), time.monotonic()
        _import(service, "a", count)
        alone, cpu = time.monotonic() - begin, sum(service.cpu_seconds()) - before
        driver = bench.driver(service.port, service.authorization)
        driver.rated_calls(RESETS_PER_S, 1.0)
        resets_alone = driver.rated_calls(RESETS_PER_S, RESET_SECONDS)
        with ThreadPoolExecutor(1) as threads:
            begin = time.monotonic()
            running: Future[None] = threads.submit(_import, service, "b", count)
            resets_beside = driver.rated_calls(RESETS_PER_S, RESET_SECONDS)
            if running.done():
                print("  the import ended before the resets: take more profiles", file=sys.stderr)
            running.result()
            beside = time.monotonic() - begin
    return {
        "import_profiles": float(count),
        "import_s": alone,
        "import_cpu_s": cpu,
        "import_beside_resets_s": beside,
        "import_raw_s": raw,
        "import_reset_p99_ms_alone": resets_alone.percentile_ms(99),
        "import_reset_p99_ms_beside": resets_beside.percentile_ms(99),
        "import_reset_delay_p99_ms": resets_beside.percentile_ms(99) - resets_alone.percentile_ms(99),
    }


def _attributes(number: int) -> dict[str, object]:
    return {"plan": "gold", "seats": number % 50, "city": "Berlin", "vip": True, "note": "of the summer fair"}


def _import(service: Service, prefix: str, count: int) -> None:
    rows: Iterator[Profile] = (
        Profile(identities=[f"email:{prefix}{number}@example.com"], attributes=_attributes(number))
        for number in range(count)
    )
    key = service.authorization.removeprefix("Bearer ")
    with Client(f"127.0.0.1:{service.port}", api_key=key) as client:
        created = sum(result.outcome == "CREATED" for _, result in client.profiles.import_stream(rows))
    if created != count:
        raise BenchError(f"{count} profiles should have been created, and {created} were")


def _raw_seconds(file: Path, count: int) -> float:
    """Returns how long the same rows take through `sqlite3` alone, in as many commits, each of which is on disk."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.executescript(_TABLES)
        begin = time.monotonic()
        for first in range(1, count + 1, ROWS_PER_COMMIT):
            numbers = range(first, min(first + ROWS_PER_COMMIT, count + 1))
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(
                "INSERT INTO profiles VALUES (?, 'default', ?, 1, ?, '', '', ?, ?)",
                [(each, uuid4().hex, json.dumps(_attributes(each)), each, each) for each in numbers],
            )
            connection.executemany(
                "INSERT INTO profile_identities VALUES ('default', 'email', ?, ?, 0, ?)",
                [(f"a{each}@example.com", each, f"a{each}@example.com") for each in numbers],
            )
            connection.execute("COMMIT")
        return time.monotonic() - begin
