"""Implements the store in one SQLite file.

Readers never wait (write-ahead log), writers take turns, and a commit returns when the disk has it
(`synchronous=FULL`), unless its unit of work is durable later. Several processes may have the file open at once.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.exc import DBAPIError

from clarion_server.adapters.storage.connections.open_file import OpenFile
from clarion_server.adapters.storage.connections.open_mark import OpenMark
from clarion_server.adapters.storage.connections.unix_notify import UnixNotifier
from clarion_server.adapters.storage.connections.writer_lock import FairWriterLock
from clarion_server.adapters.storage.durability import Durability, LogDurability
from clarion_server.adapters.storage.migrate import migrate
from clarion_server.adapters.storage.statements import driver
from clarion_server.adapters.storage.store import SqlStore
from clarion_server.application.ports.store import StoreUnavailable

Connect = Callable[[], sqlite3.Connection]

#: This is the first version of SQLite with RETURNING.
_OLDEST_SQLITE = (3, 35, 0)

#: The writer's connection keeps so many. Texts of bulk statements come in many sizes, and each is parsed once while it
#: is kept. It takes 30 KB, and a burst has more than 160. Of the statements that recur 99 of 100 are among these.
_WRITER_STATEMENTS = 128
#: Each reader keeps so many. With 128 four readers came to 16 MB after some minutes of all kinds of calls.
_READER_STATEMENTS = 32

#: Files of at most this many bytes are written anew, which takes some tens of milliseconds, for which triggers wait.
VACUUM_LIMIT = 8 * 1024 * 1024
#: Writers wait at most this long for readers of old pages when the log is emptied.
_SCRUB_TIMEOUT_MS = 10

# A commit is on the disk before it returns.
_DURABLE = "PRAGMA synchronous = FULL"
_NOT_DURABLE = "PRAGMA synchronous = OFF"
_IN_MEMORY = "PRAGMA temp_store = MEMORY"
_PRAGMAS = (
    "PRAGMA foreign_keys = ON",
    # Statements over many rows keep what they may have to undo; in a file, that was a third of all that was written.
    _IN_MEMORY,
    # What is deleted or replaced is overwritten, so that an erasure leaves nothing of it in the file.
    "PRAGMA secure_delete = ON",
)
#: The writer's connection keeps a 128th of the file at hand, in KB between these two. The operating system caches the
#: file as well, so this only saves reading the upper levels of the indexes again and again.
_LEAST_CACHE, _MOST_CACHE = 2_048, 65_536
_FILE_TO_CACHE = 128
_READER_PRAGMAS = (*_PRAGMAS, "PRAGMA query_only = ON")

#: Holds the primary result codes (https://www.sqlite.org/rescode.html) of a database that cannot answer now.
_UNAVAILABLE = frozenset(
    {
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
)

_LET_THE_USER = "let the service's user read and write it, its folder, and the files with -wal and -shm"
#: Holds the predicates of the explanations, by primary result code.
_EXPLANATIONS = {
    sqlite3.SQLITE_NOTADB: "is no SQLite database: name another file, or move this one away",
    sqlite3.SQLITE_CORRUPT: "is damaged: put a backup in its place, and move the files with -wal and -shm away",
    # The log has the mode that the file had when the log was made.
    sqlite3.SQLITE_READONLY: f"cannot be written: {_LET_THE_USER}",
    sqlite3.SQLITE_CANTOPEN: f"cannot be opened: {_LET_THE_USER}",
    sqlite3.SQLITE_FULL: "does not fit on its disk: make room there",
    sqlite3.SQLITE_BUSY: "is locked by another program: end that program first",
}


def open_sqlite_store(
    path: Path | str,
    timeout: float = 30.0,
    *,
    durable: bool = True,
    vacuum_limit: int = VACUUM_LIMIT,
    on_close: Callable[[], None] = lambda: None,
) -> SqlStore:
    """Opens the file; makes it, or brings its tables up to date, when that is needed.

    `timeout` is how long a writer waits for its turn and for the writers of other processes, in seconds. Without
    `durable` a commit does not wait for the disk, and a crash of the machine may damage the file. A file of at most
    `vacuum_limit` bytes is written anew when it is scrubbed. `on_close` is called after the file was closed. Raises
    StoreUnavailable when the file cannot be opened, and SchemaUnknown when a newer Clarion has written it.
    """
    named = Path(path)
    # SQLite writes its log beside the file that a symbolic link leads to, and so the files that go with it are there.
    file = Path(os.path.realpath(named))
    connect = partial(_connect, file, timeout, _READER_STATEMENTS)
    with _failures_of_opening(file), ExitStack() as undo:
        _make_file(file)
        _write_ahead(connect, timeout)
        writer = _writer_engine(file, timeout, durable=durable)
        undo.callback(writer.dispose)
        with writer.begin() as transaction:
            migrate(transaction)
        readers = _engine(connect, _READER_PRAGMAS, "BEGIN", timeout, pool_size=4, max_overflow=-1)
        notifier, lock, mark = _coordination(file, connect, timeout)
        undo.pop_all()
    return SqlStore(
        writer,
        readers,
        notifier,
        _translate,
        serialises_writes=True,
        timeout=timeout,
        writer_lock=partial(_turn, OpenFile(named), lock),
        durability=LogDurability(_beside(file, "-wal"), mark.is_alone) if durable else Durability(),
        scrub=partial(_scrub, connect, vacuum_limit),
        on_close=partial(_close, lock, mark, on_close),
    )


def _writer_engine(file: Path, timeout: float, *, durable: bool) -> Engine:
    cache = min(max(file.stat().st_size // (1024 * _FILE_TO_CACHE), _LEAST_CACHE), _MOST_CACHE)
    pragmas = (*_PRAGMAS, f"PRAGMA cache_size = -{cache}", _DURABLE if durable else _NOT_DURABLE)
    connect = partial(_connect, file, timeout, _WRITER_STATEMENTS)
    # The store keeps one connection. The other is for whoever looks at the file by the engine itself.
    return _engine(connect, pragmas, "BEGIN IMMEDIATE", timeout, pool_size=1, max_overflow=1)


def _make_file(file: Path) -> None:
    """Makes the file unless it is there."""
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        oldest = ".".join(map(str, _OLDEST_SQLITE))
        raise StoreUnavailable(f"This Python has SQLite {sqlite3.sqlite_version}; Clarion needs {oldest} or newer.")
    if file.is_dir():
        raise StoreUnavailable(f"{file} is a folder: name a file in it.")
    # Data of recipients and passwords of channels are in it. The log beside it gets the same mode.
    file.touch(mode=0o600)


def _coordination(file: Path, connect: Connect, timeout: float) -> tuple[_SqliteNotifier, FairWriterLock, OpenMark]:
    """Returns how the processes on one file hear of each other's commits, how they take turns in writing, and how each
    knows of the others.
    """
    unix_notifier = UnixNotifier(file)
    notifier = _SqliteNotifier(connect(), unix_notifier)
    turns = _beside(file, "-turns")
    lock = FairWriterLock(turns, timeout, lambda: unix_notifier.is_alone)
    return notifier, lock, OpenMark(turns)


@contextmanager
def _turn(file: OpenFile, lock: FairWriterLock) -> Iterator[None]:
    file.check()
    with lock.hold():
        yield


def _beside(file: Path, ending: str) -> Path:
    return file.with_name(f"{file.name}{ending}")


def _close(lock: FairWriterLock, mark: OpenMark, on_close: Callable[[], None]) -> None:
    mark.close()
    lock.close()
    on_close()


@contextmanager
def _failures_of_opening(file: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error, DBAPIError) as error:
        raise StoreUnavailable(f"{file} {_explain(error)}.") from error


def _explain(error: OSError | sqlite3.Error | DBAPIError) -> str:
    """Returns why the file cannot be used and what to do about it, without the subject of the sentence."""
    if isinstance(error, OSError):
        remedy = ". " + _LET_THE_USER.capitalize() if isinstance(error, PermissionError) else ""
        return f"cannot be opened: {error.strerror}{remedy}"
    cause = error.orig if isinstance(error, DBAPIError) else error
    code: int = getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    if str(cause).endswith("already exists"):
        return f"belongs to another program ({cause}): name another file, or move this one away"
    return _EXPLANATIONS.get(code & 0xFF, f"cannot be used: {cause}")


def _connect(file: Path, timeout: float, statements: int) -> sqlite3.Connection:
    # Where no file is, SQLite would make an empty one, and delete the log of the file that was moved away from there.
    return sqlite3.connect(
        f"{file.as_uri()}?mode=rw",
        uri=True,
        timeout=timeout,
        # Transactions begin where SQLAlchemy begins them, and nowhere else.
        isolation_level=None,
        # Pools hand connections from thread to thread, one at a time.
        check_same_thread=False,
        cached_statements=statements,
    )


def _write_ahead(connect: Connect, timeout: float) -> None:
    """Switches to the write-ahead log, once for the life of the file.

    Where several processes do it at once SQLite sends all but one away, without the waiting it does elsewhere.
    """
    deadline = time.monotonic() + timeout
    with closing(connect()) as connection:
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
            else:
                return


def _scrub(connect: Connect, vacuum_limit: int) -> bool:
    """Removes what deleted rows have left in the file and its log. Returns False when others use the log for too long.

    SQLite overwrites what is deleted, but not the copies that stay behind when rows move from one page to another. Only
    VACUUM removes these, as it writes the whole file anew.
    """
    try:
        with closing(connect()) as connection:
            return _scrub_on(connection, vacuum_limit)
    except sqlite3.Error as error:
        raise StoreUnavailable(f"The SQLite file {_explain(error)}.") from error


def _scrub_on(connection: sqlite3.Connection, vacuum_limit: int) -> bool:
    connection.execute(_IN_MEMORY)
    if not _empty_log(connection):
        return False
    ((pages,), (page_size,)) = (connection.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "page_size"))
    if pages * page_size > vacuum_limit:
        return True
    connection.execute("VACUUM")
    return _empty_log(connection)


def _empty_log(connection: sqlite3.Connection) -> bool:
    """Moves the log into the file and cuts it."""
    # This part lets others read and write.
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    connection.execute(f"PRAGMA busy_timeout = {_SCRUB_TIMEOUT_MS}")
    is_busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not is_busy


def _engine(
    connect: Connect, pragmas: Sequence[str], begin: str, timeout: float, *, pool_size: int, max_overflow: int
) -> Engine:
    engine = create_engine(
        "sqlite+pysqlite://",
        creator=connect,
        # An error would tell the values of its statement, such as addresses, and end up in the log.
        hide_parameters=True,
        poolclass=QueuePool,
        pool_size=pool_size,
        max_overflow=max_overflow,
        pool_timeout=timeout,
        # In turns, each of four readers would come to keep prepared statements where one is enough.
        pool_use_lifo=True,
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _record: Any) -> None:
        for pragma in pragmas:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def begin_transaction(connection: Connection) -> None:
        driver.run_outside(connection, begin)

    return engine


def _translate(error: DBAPIError) -> StoreUnavailable | None:
    code: int | None = getattr(error.orig, "sqlite_errorcode", None)
    # The lower byte is the primary code; the rest details it.
    if code is None or code & 0xFF not in _UNAVAILABLE:
        return None
    return StoreUnavailable(f"The SQLite file {_explain(error)}.")


class _SqliteNotifier:
    """Implements `CommitNotifier`. Its own connection sees the commits of all others, of this process or not."""

    def __init__(self, connection: sqlite3.Connection, notifier: UnixNotifier) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._notifier = notifier
        self.listen = notifier.listen
        self.notify_queued = notifier.notify
        self.notify_committed = notifier.notify

    def commit_version(self) -> object:
        try:
            with self._lock:
                return self._connection.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.Error as error:
            raise StoreUnavailable(f"The SQLite file {_explain(error)}.") from error

    def close(self) -> None:
        self._notifier.close()
        self._connection.close()
