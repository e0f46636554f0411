"""An empty store for one test: SQLite in a temporary file, as `CLARION_STORE=memory:` has it.

To open a store takes longer than most tests of a use case. So a store that a test has closed is emptied and serves the
next one, with its connections and the statements that they have compiled.
"""

from __future__ import annotations

import atexit
import sqlite3
from collections import defaultdict
from collections.abc import Collection
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from clarion_server.adapters.storage.schema import metadata
from clarion_server.adapters.storage.sqlite import open_sqlite_store
from clarion_server.application.ports.store import CommitListener, Store, UnitOfWork


class MemoryStore:
    """Implements `Store`. `patience_s`: how long `begin` waits for the transaction before it, in seconds."""

    def __init__(self, patience_s: float = 30.0) -> None:
        free = _free[patience_s]
        self._opened: _OpenedStore | None = free.pop() if free else _OpenedStore(patience_s)

    def begin(self) -> AbstractContextManager[UnitOfWork]:
        return self._store.begin()

    def snapshot(self) -> AbstractContextManager[UnitOfWork]:
        return self._store.snapshot()

    def commit_version(self) -> object:
        return self._store.commit_version()

    def listen(self, hear: CommitListener) -> None:
        self._store.listen(hear)

    def notify_queued(self, channel_keys: Collection[int]) -> None:
        self._store.notify_queued(channel_keys)

    def close(self) -> None:
        if self._opened is not None:
            self._opened.empty()
            _free[self._opened.patience_s].append(self._opened)
            self._opened = None

    @property
    def _store(self) -> Store:
        assert self._opened is not None, "the store is closed"
        return self._opened.store


class _OpenedStore:
    def __init__(self, patience_s: float) -> None:
        self.patience_s = patience_s
        folder = TemporaryDirectory(prefix="clarion-test-")
        file = Path(folder.name, "clarion.db")
        file.write_bytes(_migrated_file())
        self.store = open_sqlite_store(file, patience_s, durable=False, on_close=folder.cleanup)
        self._emptier = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        atexit.register(self._close)

    def empty(self) -> None:
        self.store.listen(lambda _: None)
        self._emptier.executescript(_emptying())

    def _close(self) -> None:
        self._emptier.close()
        self.store.close()


_free: dict[float, list[_OpenedStore]] = defaultdict(list)


@cache
def _migrated_file() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder, "clarion.db")
        open_sqlite_store(file, durable=False).close()
        return file.read_bytes()


@cache
def _emptying() -> str:
    deletions = [f"DELETE FROM {table};" for table in (*metadata.tables, "sqlite_sequence")]
    return f"BEGIN IMMEDIATE; {' '.join(deletions)} COMMIT"
