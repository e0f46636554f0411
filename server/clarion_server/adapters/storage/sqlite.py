"""The store in one SQLite file.

Readers never wait (write-ahead log), writers queue, and a commit returns when the disk has it (`synchronous=FULL`).
Several processes may have the file open at once.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.exc import DBAPIError

from clarion_server.adapters.storage.migrate import migrate
from clarion_server.adapters.storage.store import SqlStore

#: How long a writer waits for its turn, and for the writers of other processes, in seconds.
_PATIENCE = 30
_READERS = 4
_STATEMENTS = 512

#: The primary result codes (https://www.sqlite.org/rescode.html) of a database that cannot answer now.
_UNAVAILABLE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_NOTADB,
}


def open_sqlite_store(path: Path | str) -> SqlStore:
    """Opens the file, making it or bringing its tables up to date as needed."""
    file = Path(path)
    # Recipients' data and passwords of channels are in it. The log beside it takes over its mode.
    file.touch(mode=0o600)
    writer = _engine(file, connections=1, begin="BEGIN IMMEDIATE")
    with closing(sqlite3.connect(file, timeout=_PATIENCE, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    with writer.begin() as transaction:
        migrate(transaction)
    readers = _engine(file, connections=_READERS, begin="BEGIN")
    return SqlStore(writer, readers, _DataVersion(file), _is_unavailability)


def _engine(file: Path, connections: int, begin: str) -> Engine:
    engine = create_engine(
        URL.create("sqlite+pysqlite", database=str(file)),
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=_PATIENCE,
        connect_args={
            "timeout": _PATIENCE,
            # Transactions begin where SQLAlchemy begins them, and nowhere else.
            "isolation_level": None,
            "check_same_thread": False,
            "cached_statements": _STATEMENTS,
        },
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _record: Any) -> None:
        connection.executescript("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -16384")

    @event.listens_for(engine, "begin")
    def begin_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _is_unavailability(error: DBAPIError) -> bool:
    code: int | None = getattr(error.orig, "sqlite_errorcode", None)
    # The lower byte is the primary code, the rest tells more.
    return code is not None and code & 0xFF in _UNAVAILABLE


class _DataVersion:
    """Asks on a connection of its own, which sees the commits of all others, of this process or not."""

    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(file, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
        self._lock = threading.Lock()

    def mark(self) -> object:
        with self._lock:
            return self._connection.execute("PRAGMA data_version").fetchone()[0]

    def close(self) -> None:
        self._connection.close()
