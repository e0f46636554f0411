"""Transactions on SQLite: how they begin, how they become durable, and how they fail."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from clarion_server.adapters.storage.sqlite import open_sqlite_store
from clarion_server.adapters.storage.store import SqlStore
from clarion_server.application.ports.store import StoreUnavailable
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from tests.contract.store import samples

FULL = 2


def setting(engine: Engine, name: str) -> object:
    with engine.connect() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()


def test_commits_are_on_the_disk_before_they_return(store: SqlStore) -> None:
    assert setting(store._writer, "journal_mode") == "wal"
    assert setting(store._writer, "synchronous") == FULL


def test_a_transaction_that_is_not_committed_leaves_nothing(store: SqlStore, path: Path) -> None:
    with store.begin() as work:
        work.processes.renew("process-1", 1)
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT * FROM processes").fetchall() == []


def test_a_transaction_that_may_write_holds_the_lock_from_its_beginning(store: SqlStore, path: Path) -> None:
    """A transaction that locked at its first write would fail when another process wrote in between."""
    with (
        store.begin(),
        closing(sqlite3.connect(path, timeout=0)) as other,
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        other.execute("BEGIN IMMEDIATE")


def test_a_snapshot_refuses_to_write(store: SqlStore) -> None:
    with pytest.raises(StoreUnavailable) as refused, store.snapshot() as work:
        work.processes.renew("process-1", 1)
    assert "readonly" in str(refused.value.__cause__)


def test_a_file_that_stays_locked_is_unavailable(path: Path) -> None:
    with (
        closing(open_sqlite_store(path, timeout=0.05)) as store,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable), store.begin():
            pass
        other.execute("ROLLBACK")
        with store.begin():
            pass


def test_a_writer_waits_no_longer_for_its_turn_than_for_another_process(path: Path) -> None:
    with (
        closing(open_sqlite_store(path, timeout=0.05)) as store,
        store.begin(),
        pytest.raises(StoreUnavailable),
        store.begin(),
    ):
        pass


def write_much(store: SqlStore) -> None:
    with store.begin() as work:
        work.processes.renew("process-1", 1)
        work.messages.add_all([samples.message(1, 1, context=bytes(100_000))])
        work.commit()


def test_on_a_full_disk_nothing_of_a_unit_of_work_happens(store: SqlStore) -> None:
    with store._writer.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 5}")
    with pytest.raises(StoreUnavailable) as full:
        write_much(store)
    assert str(full.value) == "The SQLite file does not fit on its disk: make room there."
    with store.begin() as work:
        assert work.processes.live(0) == set()


def test_a_scrub_of_a_damaged_file_is_unavailable_and_says_why(store: SqlStore, path: Path) -> None:
    path.write_bytes(b"no database" * 1_000)
    with pytest.raises(StoreUnavailable, match="is no SQLite database"):
        store.scrub()


def test_the_commit_version_of_a_damaged_file_is_unavailable(store: SqlStore, path: Path) -> None:
    path.write_bytes(b"no database" * 1_000)
    with pytest.raises(StoreUnavailable, match="is no SQLite database"):
        store.commit_version()


def test_one_request_id_cannot_stand_for_two_executions(store: SqlStore) -> None:
    two = [samples.execution(1, request_id="order-1") for _ in range(2)]
    with pytest.raises(IntegrityError, match="request_id"), store.begin() as work:
        work.executions.add_all(two)


def test_the_commit_version_changes_with_commits_of_other_processes(store: SqlStore, path: Path) -> None:
    before = store.commit_version()
    assert store.commit_version() == before
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("INSERT INTO processes VALUES ('process-1', 1)")
    assert store.commit_version() != before
