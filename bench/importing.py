"""Measures an import of profiles by a stream: how long it takes beside a raw insertion of the same rows, and what
password resets feel of it.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from uuid import uuid4

from clarion_client import Client, Profile

from bench.bench import Bench
from bench.beside import resets_beside
from bench.figures import Samples
from bench.process import BenchError
from bench.service import Service, links, running_service

PROFILES = 100_000
ROWS_PER_COMMIT = 100

_TABLES = """
    CREATE TABLE profiles (key INTEGER PRIMARY KEY, sandbox TEXT, id TEXT, revision INTEGER, attributes TEXT,
        locale TEXT, time_zone TEXT, create_time INTEGER, update_time INTEGER, UNIQUE (sandbox, id));
    CREATE TABLE profile_identities (sandbox TEXT, namespace TEXT, normal_value TEXT, profile_key INTEGER,
        position INTEGER, value TEXT, PRIMARY KEY (sandbox, namespace, normal_value)) WITHOUT ROWID;
    CREATE INDEX profile_identities_profile_key ON profile_identities (profile_key);
"""


def importing(bench: Bench) -> Samples:
    """Measures an import alone, and others beside resets, which each go on for a window of them."""
    if bench.floors_only:
        return {}
    count = bench.sizes.scaled(PROFILES)
    with TemporaryDirectory(dir=bench.folder) as folder:
        raw = _raw_seconds(Path(folder, "raw.db"), count)
    with running_service(bench.folder, bench.placement.server, **links(bench.folder)) as (service, _):
        service.set_up(sink_port=1)
        before, begin = sum(service.cpu_seconds()), time.monotonic()
        _import(service, _rows("a", count))
        alone, cpu = time.monotonic() - begin, sum(service.cpu_seconds()) - before
        going = _Going(service)
        resets = resets_beside("import", bench.driver(service.port, service.authorization), going.going, bench.sizes)
    return {
        "import_profiles": float(count),
        "import_s": alone,
        "import_cpu_s": cpu,
        "import_beside_resets_per_s": going.per_s,
        "import_raw_s": raw,
        **resets,
    }


class _Going:
    """Imports without end while resets are measured beside it."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._windows = 0
        self._imported = 0
        self._seconds = 0.0

    @contextmanager
    def going(self) -> Iterator[None]:
        self._windows += 1
        stop = Event()
        begin = time.monotonic()
        with ThreadPoolExecutor(1) as threads:
            running = threads.submit(_import, self._service, _rows(f"w{self._windows}-", stop=stop))
            yield
            stop.set()
            self._imported += running.result()
        self._seconds += time.monotonic() - begin

    @property
    def per_s(self) -> float:
        return self._imported / self._seconds


def _attributes(number: int) -> dict[str, object]:
    return {"plan": "gold", "seats": number % 50, "city": "Berlin", "vip": True, "note": "of the summer fair"}


def _rows(prefix: str, count: int = sys.maxsize, stop: Event | None = None) -> Iterator[Profile]:
    for number in range(count):
        if stop is not None and stop.is_set():
            return
        yield Profile(identities=[f"email:{prefix}{number}@example.com"], attributes=_attributes(number))


def _import(service: Service, rows: Iterator[Profile]) -> int:
    """Returns how many profiles were imported."""
    key = service.authorization.removeprefix("Bearer ")
    with Client(f"127.0.0.1:{service.port}", api_key=key) as client:
        outcomes = Counter(result.outcome for _, result in client.profiles.import_stream(rows))
    if set(outcomes) != {"CREATED"}:
        raise BenchError(f"every profile should have been created: {dict(outcomes)}")
    return outcomes.total()


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
