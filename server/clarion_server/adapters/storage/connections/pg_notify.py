"""Notifies the processes that share a PostgreSQL database of commits, by NOTIFY and LISTEN."""

from __future__ import annotations

import itertools
import os
import selectors
import threading
import time
from collections import deque
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any

import psycopg

from clarion_server.adapters.storage.connections.channel_keys import keys_of, keys_text
from clarion_server.application.ports.store import CommitListener

#: Advisory locks with two keys: this one, and the number of a shard of the counters.
_SHARD_CLASS = 0x436C6173
_SHARDS = 256
_TAKE_SHARD = (
    f"SELECT shard FROM generate_series(1, {_SHARDS}) AS shard"  # noqa: S608 - constants alone
    f" WHERE pg_try_advisory_lock({_SHARD_CLASS}, shard) LIMIT 1"
)
#: PostgreSQL takes payloads of less than 8,000 bytes.
_LONGEST = 7_999
#: The listener waits this many seconds between two attempts to connect.
_RETRY_AFTER = 1.0


class PgNotifier:
    """Has a connection of its own, over which it notifies and listens, and which holds a shard of the counters.

    NOTIFY runs in a transaction of its own after the commit, because PostgreSQL lets one transaction at a time commit
    of all that have notified. Commits that happen meanwhile share the next NOTIFY.
    """

    def __init__(self, connect: Callable[[], psycopg.Connection[Any]]) -> None:
        """Raises psycopg's errors."""
        self._connect = connect
        self._own = itertools.count(1)
        self._own_version = 0
        self._others = itertools.count(1)
        self._others_version = 0
        self._shard = 0
        self._listener: CommitListener = lambda _: None
        self._queued: deque[int] = deque()
        self._closing = False
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._reading, False)
        os.set_blocking(self._writing, False)
        self._connection: psycopg.Connection[Any] | None = self._open()
        self._thread = threading.Thread(target=self._run, name="store-notifications", daemon=True)
        self._thread.start()

    def commit_version(self) -> object:
        """Returns a value that changes at once with commits of this process, a moment later with those of others."""
        return self._own_version, self._others_version

    def notify_committed(self) -> None:
        self._own_version = next(self._own)
        self._wake()

    def notify_queued(self, channel_keys: Collection[int]) -> None:
        self._queued.extend(channel_keys)
        self._wake()

    def listen(self, listener: CommitListener) -> None:
        self._listener = listener

    def shard(self) -> int:
        """Returns the shard of the counters that is this process's own; 0 when other processes have all of them."""
        return self._shard

    def close(self) -> None:
        if self._closing:
            return
        self._closing = True
        self._wake()
        self._thread.join()
        os.close(self._reading)
        os.close(self._writing)

    def _wake(self) -> None:
        # A full pipe has woken the thread already.
        with suppress(BlockingIOError):
            os.write(self._writing, b"!")

    def _run(self) -> None:
        while not self._closing:
            try:
                if self._connection is None:
                    self._connection = self._open()
                    self._report_missed()
                self._notify_and_listen(self._connection)
            except (psycopg.Error, OSError):
                self._disconnect()
                self._pause()
                self._report_missed()
        self._disconnect()

    def _report_missed(self) -> None:
        """Makes everybody who waits for notifications look: some were missed while there was no connection."""
        self._others_version = next(self._others)
        self._listener(frozenset())

    def _notify_and_listen(self, connection: psycopg.Connection[Any]) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(connection.fileno(), selectors.EVENT_READ)
            selector.register(self._reading, selectors.EVENT_READ)
            while not self._closing:
                ready = {key.fd for key, _ in selector.select()}
                if self._reading in ready and self._was_woken():
                    connection.execute("SELECT pg_notify('clarion_commits', %s)", [self._take_queued()])
                if connection.fileno() in ready:
                    self._receive(connection)

    def _was_woken(self) -> bool:
        os.read(self._reading, 65_536)
        return not self._closing

    def _take_queued(self) -> str:
        """Returns the keys of the channel configurations for which messages were queued, and forgets them."""
        keys = {self._queued.popleft() for _ in range(len(self._queued))}
        return keys_text(keys, _LONGEST)

    def _receive(self, connection: psycopg.Connection[Any]) -> None:
        connection.pgconn.consume_input()
        while (notification := connection.pgconn.notifies()) is not None:
            self._on_notification(notification.be_pid, notification.extra.decode(), connection)

    def _on_notification(self, sender: int, payload: str, connection: psycopg.Connection[Any]) -> None:
        if sender != connection.info.backend_pid:
            self._others_version = next(self._others)
            self._listener(keys_of(payload))

    def _open(self) -> psycopg.Connection[Any]:
        connection = self._connect()
        try:
            # psycopg calls this for notifications that come while a statement runs.
            connection.add_notify_handler(lambda each: self._on_notification(each.pid, each.payload, connection))
            connection.execute("LISTEN clarion_commits")
            taken = connection.execute(_TAKE_SHARD).fetchone()
            self._shard = taken[0] if taken else 0
        except BaseException:
            connection.close()
            raise
        return connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _pause(self) -> None:
        """Waits before the next attempt. Commits do not shorten it, as there may be hundreds a second; `close` does."""
        until = time.monotonic() + _RETRY_AFTER
        with selectors.DefaultSelector() as selector:
            selector.register(self._reading, selectors.EVENT_READ)
            while not self._closing and (left := until - time.monotonic()) > 0:
                if selector.select(left):
                    os.read(self._reading, 65_536)
