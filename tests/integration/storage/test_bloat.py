"""What is purged leaves nothing behind, and its room is used again: a store filled and purged does not grow."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from clarion_server.adapters.storage.postgresql import open_postgresql_store
from clarion_server.adapters.storage.schema import metadata
from clarion_server.adapters.storage.sqlite import open_sqlite_store
from clarion_server.adapters.storage.store import SqlStore
from clarion_server.application import transactions
from clarion_server.application.maintenance import housekeeping
from clarion_server.application.maintenance.housekeeping import Housekeeper
from clarion_server.application.maintenance.retention import Retention
from clarion_server.application.transactions import Transactions
from clarion_server.domain.counter import LatencyKey, Metric
from clarion_server.domain.instant import DAY, Instant
from clarion_server.domain.message import MessageState
from sqlalchemy import func, select

from tests.contract.store import samples
from tests.contract.store.given import Sender, a_sender, committing
from tests.postgresql import ask, made_database
from tests.unit.application.world import StandingClock

MESSAGES = 2_000
GENERATIONS = 6
#: From one generation to the next, so that each is purged before the next is there.
APART = 30 * DAY
#: Contexts go with their messages, which is what may be forgotten.
RETENTION = Retention(events=2 * DAY, messages=10 * DAY)
#: What grows with every trigger. The others have as many rows after each generation as after the first: they grow with
#: campaigns, versions, channel configurations, keys and processes.
EMPTIED = {"executions", "messages", "message_contexts", "events"}
PROCESS = "process-1"

Sizes = dict[str, int]


@dataclass(frozen=True)
class Kept:
    store: SqlStore
    sizes: Callable[[], Sizes]
    """In bytes, by what takes them, when the database has done what it does in the background."""


@pytest.fixture(params=["sqlite", "postgresql"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    if request.param == "sqlite":
        path = tmp_path / "clarion.db"
        with closing(open_sqlite_store(path)) as store:
            yield Kept(store, lambda: sizes_of_sqlite(store, path))
    else:
        url = made_database("clarion_bloat")
        with closing(open_postgresql_store(url)) as store:
            yield Kept(store, lambda: sizes_of_postgresql(url))


def sizes_of_sqlite(store: SqlStore, path: Path) -> Sizes:
    pooled = store._writer.raw_connection()
    connection: Any = pooled.driver_connection
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    pooled.close()
    return {each.name: each.stat().st_size for each in (path, path.with_name("clarion.db-wal"))}


def sizes_of_postgresql(url: str) -> Sizes:
    """Of each table with its overlong values, and each index."""
    ask(url, "VACUUM")
    relations = "SELECT relname, pg_table_size(oid) FROM pg_class WHERE relkind IN ('r', 'i')"
    return dict(ask(url, f"{relations} AND relnamespace = 'public'::regnamespace"))


@pytest.fixture(autouse=True)
def in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "BATCH", 500)
    monkeypatch.setattr(transactions, "_REST", 0.0)


def fill(store: SqlStore, sender: Sender, now: Instant, chance: random.Random) -> None:
    """With messages that ended, one of each execution, of recipients who come in no order."""
    key = sender.campaign.key
    made = [
        samples.message(key, sender.channel.key, state=MessageState.SENT, accept_time=now, outcome_time=now)
        for _ in range(MESSAGES)
    ]
    made = [replace(each, identity=f"email:{chance.randbytes(8).hex()}@example.com") for each in made]
    with committing(store) as work:
        work.executions.add_all(
            [
                samples.execution(key, id=each.execution_id, accept_time=now, request_id=chance.randbytes(16).hex())
                for each in made
            ]
        )
        work.messages.add_all(made)
        for state in (MessageState.QUEUED, MessageState.SENT):
            work.events.add_all([samples.event(each, state, time=now) for each in made])
        work.counters.add({samples.counter(key, 1, metric): len(made) for metric in (Metric.TARGETED, Metric.SENT)})
        work.counters.add_latencies({LatencyKey(key, 1, "email", 40): len(made)})


def row_counts(store: SqlStore) -> dict[str, int]:
    with store._readers.connect() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }


async def test_a_store_that_is_filled_and_purged_again_and_again_keeps_nothing_and_does_not_grow(kept: Kept) -> None:
    store, clock, chance = kept.store, StandingClock(samples.NOW), random.Random(7)
    with committing(store) as work:
        sender = a_sender(work)
        work.processes.renew(PROCESS, samples.NOW + 2 * GENERATIONS * APART)
    writes, rows, sizes = Transactions(store), [], []
    housekeeper = Housekeeper(writes, clock, PROCESS, RETENTION)
    for _ in range(GENERATIONS):
        fill(store, sender, clock.now(), chance)
        sizes.append(kept.sizes())
        clock.advance(APART)
        await housekeeper.run_once()
        kept.sizes()
        rows.append(row_counts(store))
    writes.close()
    print("bytes after each filling:", [sum(each.values()) for each in sizes])
    assert {name for name, count in rows[0].items() if count == 0} >= EMPTIED
    assert rows == [rows[0]] * GENERATIONS
    for name, last in sizes[-1].items():
        assert last <= 1.1 * max(each[name] for each in sizes[1:3]), name
