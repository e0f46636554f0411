"""Provides the stores that the contract suite tests. To test a further store, add it to `KINDS`."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from clarion_server.adapters.storage.postgresql import open_postgresql_store
from clarion_server.adapters.storage.schema import metadata
from clarion_server.adapters.storage.sqlite import open_sqlite_store
from clarion_server.application.ports.store import Store

from tests.postgresql import empty, made_database
from tests.session_end import at_session_end

#: Is the time in seconds that units of work wait for one another: long enough for a slow machine.
PATIENCE = 30.0


@dataclass(frozen=True)
class StoreKind:
    name: str
    open: Callable[[Path, float], Store]
    """Opens the store of that folder, and makes it if there is none yet. Its units of work wait for one another for so
    many seconds.
    """
    empty: Callable[[], Store]
    """Empties the one store that tests have in turn, and returns it. Opening a store and compiling its statements takes
    longer than most tests.
    """


def _open_sqlite_store(folder: Path, timeout_s: float) -> Store:
    file = folder / "clarion.db"
    if not file.exists():
        file.write_bytes(empty_sqlite_file())
    return open_sqlite_store(file, timeout_s)


@cache
def empty_sqlite_file() -> bytes:
    """Returns a migrated file. It is made once, because migrating takes longer than most tests."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "clarion.db")
        open_sqlite_store(file).close()
        return file.read_bytes()


def _open_postgresql_store(folder: Path, timeout_s: float) -> Store:
    """Opens one database for all tests, emptied for each folder, because making one takes longer than most tests."""
    mark = folder / "postgresql"
    if not mark.exists():
        mark.touch()
        empty(_postgresql_url())
    return open_postgresql_store(_postgresql_url(), timeout_s)


@cache
def _postgresql_url() -> str:
    url = made_database("clarion_contract")
    open_postgresql_store(url).close()
    return url


@cache
def _shared_sqlite_store() -> tuple[Store, sqlite3.Connection]:
    folder = TemporaryDirectory(prefix="clarion-contract-")
    store = _open_sqlite_store(Path(folder.name), PATIENCE)
    emptying = sqlite3.connect(Path(folder.name, "clarion.db"), isolation_level=None)
    # The last that is registered runs first.
    for ending in (folder.cleanup, store.close, emptying.close):
        at_session_end.callback(ending)
    return store, emptying


def _empty_sqlite_store() -> Store:
    store, emptying = _shared_sqlite_store()
    deletions = " ".join(f"DELETE FROM {table};" for table in (*metadata.tables, "sqlite_sequence"))
    emptying.executescript(f"BEGIN IMMEDIATE; {deletions} COMMIT")
    return _without_listener(store)


@cache
def _shared_postgresql_store() -> Store:
    store = open_postgresql_store(_postgresql_url(), PATIENCE)
    at_session_end.callback(store.close)
    return store


def _empty_postgresql_store() -> Store:
    empty(_postgresql_url())
    return _without_listener(_shared_postgresql_store())


def _without_listener(store: Store) -> Store:
    store.listen(lambda _: None)
    return store


KINDS = (
    StoreKind("sqlite", _open_sqlite_store, _empty_sqlite_store),
    StoreKind("postgresql", _open_postgresql_store, _empty_postgresql_store),
)
