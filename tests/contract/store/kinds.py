"""The stores that the contract suite tests. To test a further store, add it to `KINDS`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from clarion_server.adapters.storage.postgresql import open_postgresql_store
from clarion_server.adapters.storage.sqlite import open_sqlite_store
from clarion_server.application.ports.store import Store

from tests.postgresql import empty, made_database

#: The time in seconds that units of work wait for one another: long enough for a slow machine.
PATIENCE = 30.0


@dataclass(frozen=True)
class StoreKind:
    name: str
    open: Callable[[Path, float], Store]
    """Opens the store of that folder, and makes it if there is none yet. Its units of work wait for one another for so
    many seconds.
    """


def _open_sqlite_store(folder: Path, timeout_s: float) -> Store:
    file = folder / "clarion.db"
    if not file.exists():
        file.write_bytes(_empty_sqlite_file())
    return open_sqlite_store(file, timeout_s)


@cache
def _empty_sqlite_file() -> bytes:
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


KINDS = (
    StoreKind("sqlite", _open_sqlite_store),
    StoreKind("postgresql", _open_postgresql_store),
)
