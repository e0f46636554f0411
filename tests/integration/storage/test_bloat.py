"""A store that is filled and purged again and again does not grow, because the space of purged rows is reused."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from clarion_server.adapters.storage.postgresql import open_postgresql_store
from clarion_server.adapters.storage.schema import metadata
from clarion_server.adapters.storage.sqlite import open_sqlite_store
from clarion_server.adapters.storage.store import SqlStore
from clarion_server.adapters.system import SystemIds
from clarion_server.application import transactions
from clarion_server.application.erasure.kept_addresses import AddressKeeper
from clarion_server.application.erasure.sweeping import ErasureSweeper
from clarion_server.application.maintenance import housekeeping
from clarion_server.application.maintenance.housekeeping import Housekeeper
from clarion_server.application.maintenance.retention import Retention
from clarion_server.application.transactions import Transactions
from clarion_server.domain.events.counter import LatencyKey, Metric
from clarion_server.domain.instant import DAY, Instant
from clarion_server.domain.messages.message import MessageState
from sqlalchemy import func, select

from tests.contract.store import samples
from tests.contract.store.given import Sender, a_sender, committing
from tests.identities import HASHER, IDENTITIES
from tests.postgresql import ask, made_database
from tests.unit.application.world import StandingClock

MESSAGES = 1_000
GENERATIONS = 6
#: Is the time between two generations, so that each is purged before the next one is added.
APART = 30 * DAY
#: Contexts have no retention of their own, so they must go with their messages.
RETENTION = Retention(events=2 * DAY, messages=10 * DAY)
#: Holds the tables that grow with every trigger. The others grow with campaigns, versions, channel configurations, keys
#: and processes, so they have the same number of rows after each generation.
EMPTIED = {"executions", "messages", "message_contexts", "message_labels", "events"}
PROCESS = "process-1"

Sizes = dict[str, int]


@dataclass(frozen=True)
class MeasuredStore:
    store: SqlStore
    sizes: Callable[[], Sizes]
    """Returns the bytes of each file or relation, after the background work of the database."""


@pytest.fixture(params=["sqlite", "postgresql"])
def measured(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MeasuredStore]:
    if request.param == "sqlite":
        path = tmp_path / "clarion.db"
        with closing(open_sqlite_store(path)) as store:
            yield MeasuredStore(store, lambda: sizes_of_sqlite(store, path))
    else:
        url = made_database("clarion_bloat")
        with closing(open_postgresql_store(url)) as store:
            yield MeasuredStore(store, lambda: sizes_of_postgresql(url))


def sizes_of_sqlite(store: SqlStore, path: Path) -> Sizes:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    return {each.name: each.stat().st_size for each in (path, path.with_name("clarion.db-wal"))}


def sizes_of_postgresql(url: str) -> Sizes:
    """Returns the bytes of each table, with its long values, and of each index."""
    ask(url, "VACUUM")
    relations = "SELECT relname, pg_table_size(oid) FROM pg_class WHERE relkind IN ('r', 'i')"
    return dict(ask(url, f"{relations} AND relnamespace = 'public'::regnamespace"))


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "BATCH", 500)
    monkeypatch.setattr(transactions, "_REST", 0.0)


def fill(store: SqlStore, sender: Sender, now: Instant, chance: random.Random) -> None:
    """Adds messages that have ended, one for each execution, with recipients in random order."""
    key = sender.campaign.key
    made = [
        samples.message(key, sender.channel.key, state=MessageState.SENT, accept_time=now, outcome_time=now)
        for _ in range(MESSAGES)
    ]
    made = [
        replace(each, identity=f"email:{chance.randbytes(8).hex()}@example.com", labels={"order": each.id})
        for each in made
    ]
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


async def test_a_store_that_is_filled_and_purged_again_and_again_keeps_nothing_and_does_not_grow(
    measured: MeasuredStore,
) -> None:
    store, clock, chance = measured.store, StandingClock(samples.NOW), random.Random(7)
    with committing(store) as work:
        sender = a_sender(work)
        work.processes.renew(PROCESS, samples.NOW + 2 * GENERATIONS * APART)
    writes, rows, sizes = Transactions(store), [], []
    sweeper = ErasureSweeper(writes, IDENTITIES, AddressKeeper(HASHER, SystemIds()), clock)
    housekeeper = Housekeeper(writes, clock, PROCESS, RETENTION, sweeper)
    for _ in range(GENERATIONS):
        fill(store, sender, clock.now(), chance)
        sizes.append(measured.sizes())
        clock.advance(APART)
        await housekeeper.run_once()
        measured.sizes()
        rows.append(row_counts(store))
    writes.close()
    print("bytes after each filling:", [sum(each.values()) for each in sizes])
    assert {name for name, count in rows[0].items() if count == 0} >= EMPTIED
    assert rows == [rows[0]] * GENERATIONS
    for name, last in sizes[-1].items():
        assert last <= 1.1 * max(each[name] for each in sizes[1:3]), name
