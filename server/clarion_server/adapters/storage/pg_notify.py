"""News of commits between the processes that share a PostgreSQL database."""

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

from clarion_server.application.ports.store import CommitListener

#: Advisory locks with two keys: this one, and the number of a shard of the figures.
_SHARD_CLASS = 0x436C6173
_SHARDS = 256
_TAKE_SHARD = (
    f"SELECT shard FROM generate_series(1, {_SHARDS}) AS shard"  # noqa: S608 - constants alone
    f" WHERE pg_try_advisory_lock({_SHARD_CLASS}, shard) LIMIT 1"
)
#: Seconds between tries to connect again.
_RETRY_AFTER = 1.0


class CommitNews:
    """A connection of its own that says when this process has committed, hears when others have, and holds a shard.

    It is told after the commit, in a transaction that writes nothing: one that notifies keeps all others that notify
    waiting until its commit is on the disk. Commits that come while it speaks are told of together.
    """

    def __init__(self, connect: Callable[[], psycopg.Connection[Any]]) -> None:
        """Raises psycopg's errors."""
        self._connect = connect
        self._own = itertools.count(1)
        self._own_mark = 0
        self._others = itertools.count(1)
        self._others_mark = 0
        self._shard = 0
        self._hear_of: CommitListener = lambda _: None
        self._queued: deque[int] = deque()
        self._closing = False
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._reading, False)
        os.set_blocking(self._writing, False)
        self._connection: psycopg.Connection[Any] | None = self._open()
        self._thread = threading.Thread(target=self._run, name="commit-news", daemon=True)
        self._thread.start()

    def mark(self) -> object:
        """What is committed by others makes it differ a moment later."""
        return self._own_mark, self._others_mark

    def announce(self) -> None:
        self._own_mark = next(self._own)
        self._wake()

    def listen(self, hear: CommitListener) -> None:
        self._hear_of = hear

    def notify_queued(self, channel_keys: Collection[int]) -> None:
        self._queued.extend(channel_keys)
        self._wake()

    def shard(self) -> int:
        """The shard of the figures that is this process's own; 0 when all the others are taken."""
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
        # A full pipe has woken it already.
        with suppress(BlockingIOError):
            os.write(self._writing, b"!")

    def _run(self) -> None:
        while not self._closing:
            try:
                if self._connection is None:
                    self._connection = self._open()
                    # Whatever was told meanwhile was missed.
                    self._others_mark = next(self._others)
                    self._hear_of(frozenset())
                self._speak_and_hear(self._connection)
            except (psycopg.Error, OSError):
                self._drop()
                self._pause()
                # What was told meanwhile was missed, and what will be: whoever waits for news had better look.
                self._others_mark = next(self._others)
                self._hear_of(frozenset())
        self._drop()

    def _speak_and_hear(self, connection: psycopg.Connection[Any]) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(connection.fileno(), selectors.EVENT_READ)
            selector.register(self._reading, selectors.EVENT_READ)
            while not self._closing:
                ready = {key.fd for key, _ in selector.select()}
                if self._reading in ready and self._heard_wake():
                    connection.execute("SELECT pg_notify('clarion_commits', %s)", [self._news()])
                if connection.fileno() in ready:
                    self._hear(connection)

    def _heard_wake(self) -> bool:
        os.read(self._reading, 65_536)
        return not self._closing

    def _news(self) -> str:
        """The keys of channel configurations for which messages were queued."""
        keys = {self._queued.popleft() for _ in range(len(self._queued))}
        return ",".join(map(str, keys))

    def _hear(self, connection: psycopg.Connection[Any]) -> None:
        connection.pgconn.consume_input()
        while (note := connection.pgconn.notifies()) is not None:
            self._note(note.be_pid, note.extra.decode(), connection)

    def _note(self, sender: int, news: str, connection: psycopg.Connection[Any]) -> None:
        if sender != connection.info.backend_pid:
            self._others_mark = next(self._others)
            self._hear_of(frozenset(int(key) for key in news.split(",") if key.isdecimal()))

    def _open(self) -> psycopg.Connection[Any]:
        connection = self._connect()
        try:
            # Told while a statement runs.
            connection.add_notify_handler(lambda note: self._note(note.pid, note.payload, connection))
            connection.execute("LISTEN clarion_commits")
            taken = connection.execute(_TAKE_SHARD).fetchone()
            self._shard = taken[0] if taken else 0
        except BaseException:
            connection.close()
            raise
        return connection

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _pause(self) -> None:
        """Until it is worth a try, or the end. Not until the next commit: there may be hundreds a second."""
        until = time.monotonic() + _RETRY_AFTER
        with selectors.DefaultSelector() as selector:
            selector.register(self._reading, selectors.EVENT_READ)
            while not self._closing and (left := until - time.monotonic()) > 0:
                if selector.select(left):
                    os.read(self._reading, 65_536)
