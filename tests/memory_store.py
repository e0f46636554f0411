"""Provides an empty store for one test: SQLite in a temporary file, as `CLARION_STORE=memory:` has it.

To open a store takes longer than most tests of a use case. So a store that a test has closed is emptied and serves the
next one, with its connections and the statements that they have compiled.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from clarion_server.adapters.storage.schema import metadata
from clarion_server.adapters.storage.sqlite import open_sqlite_store
from clarion_server.application.ports.store import CommitListener, Store, UnitOfWork

from tests.session_end import at_session_end

#: Holds the rows of each table that has any.
Content = Mapping[str, Sequence[Sequence[Any]]]


class MemoryStore:
    """Implements `Store`. `timeout_s`: how long `begin` waits for the transaction before it, in seconds."""

    def __init__(self, timeout_s: float = 30.0) -> None:
        free = _free[timeout_s]
        self._open: _OpenStore | None = free.pop() if free else _OpenStore(timeout_s)

    @property
    def serialises_writes(self) -> bool:
        return self._store.serialises_writes

    def begin(self, *, durable_later: bool = False) -> AbstractContextManager[UnitOfWork]:
        return self._store.begin(durable_later=durable_later)

    def snapshot(self) -> AbstractContextManager[UnitOfWork]:
        return self._store.snapshot()

    def event_snapshot(self) -> AbstractContextManager[UnitOfWork]:
        return self._store.event_snapshot()

    def commit_version(self) -> object:
        return self._store.commit_version()

    def listen(self, listener: CommitListener) -> None:
        self._store.listen(listener)

    def notify_queued(self, channel_keys: Collection[int]) -> None:
        self._store.notify_queued(channel_keys)

    def scrub(self) -> bool:
        return self._store.scrub()

    def content(self) -> Content:
        assert self._open is not None
        return self._open.content()

    def fill(self, content: Content) -> None:
        """Adds what another store held."""
        assert self._open is not None
        self._open.fill(content)

    def close(self) -> None:
        if self._open is not None:
            self._open.empty()
            _free[self._open.timeout_s].append(self._open)
            self._open = None

    @property
    def _store(self) -> Store:
        assert self._open is not None, "the store is closed"
        return self._open.store


class _OpenStore:
    def __init__(self, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        folder = TemporaryDirectory(prefix="clarion-test-")
        file = Path(folder.name, "clarion.db")
        file.write_bytes(_migrated_file())
        self.store = open_sqlite_store(file, timeout_s, durable=False, on_close=folder.cleanup)
        self._connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA synchronous = OFF")
        at_session_end.callback(self._close)

    def empty(self) -> None:
        self.store.listen(lambda _: None)
        deletions = [f"DELETE FROM {table};" for table in (*metadata.tables, "sqlite_sequence")]
        self._connection.executescript(f"BEGIN IMMEDIATE; {' '.join(deletions)} COMMIT")

    def content(self) -> Content:
        return {
            table: rows
            for table in metadata.tables
            if (rows := self._connection.execute(f"SELECT * FROM {table}").fetchall())
        }

    def fill(self, content: Content) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        for table, rows in content.items():
            parameters = ", ".join("?" * len(rows[0]))
            self._connection.executemany(f"INSERT INTO {table} VALUES ({parameters})", rows)
        self._connection.execute("COMMIT")

    def _close(self) -> None:
        self._connection.close()
        self.store.close()


_free: dict[float, list[_OpenStore]] = defaultdict(list)


@cache
def _migrated_file() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder, "clarion.db")
        open_sqlite_store(file, durable=False).close()
        return file.read_bytes()
