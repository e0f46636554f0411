"""Decides which commits wait for the disk, and makes the others durable (`Store.begin`)."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from clarion_server.adapters.storage.statements import driver
from clarion_server.application.ports.store import StoreUnavailable

#: Is the key under which a connection remembers its level.
_LEVEL = "clarion_synchronous"
_FULL, _NORMAL = "FULL", "NORMAL"


class Durability:
    """Leaves every commit as the database makes it. One thread at a time writes."""

    def before_begin(self, connection: Connection, *, durable_later: bool) -> None:
        """Is called before each transaction, on the connection on which it will begin."""

    def after_commit(self, connection: Connection) -> None:
        """Is called before anybody is told of the commit."""

    def commit_failed(self) -> None:
        """Is called when it is unknown whether the commit happened."""


class LogDurability(Durability):
    """Leaves out the sync of SQLite's log at commits that are durable later.

    A commit appends to the log, and a sync of the log is one of all that was appended before. What was not synced is
    gone after a crash of the machine from some commit on, as each frame's checksum goes on from the frame before it.

    When a sync fails, the system may forget what it could not write, and a later sync says nothing of it (Rebello et
    al., "Can Applications Recover from fsync Failures?", USENIX ATC 2020). All that comes behind that in the log would
    be gone after a crash, so the log is moved into the database and begun anew before the next commit. The syncs that
    SQLite makes by itself, one in a thousand pages, are not known to fail.
    """

    def __init__(self, log: Path, is_alone: Callable[[], bool]) -> None:
        """`is_alone` returns whether no other process has the file open. Where there are others each commit is synced:
        a watcher of theirs sees events as soon as they are committed, and could not know that they may be undone.
        """
        self._log = log
        self._is_alone = is_alone
        #: A process that was killed may have left the end of the log without a sync.
        self._is_behind = True
        #: A sync has failed, so that the log may lack on the disk what was not synced before.
        self._is_damaged = False
        self._change_count = 0

    def before_begin(self, connection: Connection, *, durable_later: bool) -> None:
        level = _NORMAL if durable_later and self._is_alone() else _FULL
        if connection.info.get(_LEVEL, _FULL) != level:
            # Within a transaction SQLite refuses it.
            driver.run_outside(connection, f"PRAGMA synchronous = {level}")
            connection.info[_LEVEL] = level
        if self._is_behind or durable_later:
            if self._is_damaged:
                self._begin_log_anew(connection)
            self._change_count = _change_count(connection)

    def after_commit(self, connection: Connection) -> None:
        if connection.info.get(_LEVEL, _FULL) == _NORMAL:
            self._is_behind |= _change_count(connection) != self._change_count
            if not self._is_alone():
                self._sync()
        elif self._is_behind:
            # Without a change SQLite has synced nothing, but what was read is going to be told.
            if _change_count(connection) == self._change_count:
                self._sync()
            else:
                self._is_behind = False

    def commit_failed(self) -> None:
        # What SQLite itself was about to sync it writes again.
        self._is_damaged = self._is_behind

    def _begin_log_anew(self, connection: Connection) -> None:
        ((is_busy, *_),) = driver.run_outside(connection, "PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        if is_busy:
            raise StoreUnavailable(
                "A sync of the SQLite file's log failed, and it cannot be begun anew while others read it: check the"
                " disk, and end exports that take long."
            )
        self._is_damaged = self._is_behind = False

    def _sync(self) -> None:
        try:
            # Without a log all is in the database, which SQLite has synced before it removed the log.
            with suppress(FileNotFoundError):
                _sync_file(self._log)
        except OSError as error:
            self._is_damaged = True
            raise StoreUnavailable(f"The log of the SQLite file cannot be synced: {error.strerror}.") from error
        self._is_behind = False


def _change_count(connection: Connection) -> int:
    """Returns how many rows were ever changed on the connection."""
    raw: Any = connection.connection.dbapi_connection
    count: int = raw.total_changes
    return count


def _sync_file(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
