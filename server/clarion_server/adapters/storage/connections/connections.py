"""Opens connections with a transaction begun on them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout


def begin(engine: Engine, prepare: Callable[[Connection], None] = lambda _: None) -> Connection:
    """Returns a connection of the pool with a transaction begun on it, when `prepare` has had it."""
    try:
        return _begin_on(engine.connect(), prepare)
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
    # The connection was cut while it lay in the pool, as after a restart of the database. Now the pool is empty.
    return _begin_on(engine.connect(), prepare)


class KeptConnection:
    """Is a connection that stays out of the pool between transactions: to take it from there and give it back would
    take longer than a transaction's beginning and end. One thread at a time has it.
    """

    def __init__(self, engine: Engine, timeout: float) -> None:
        """`timeout` is how long a thread waits for its turn, in seconds."""
        self._engine = engine
        self._timeout = timeout
        self._turn = threading.Lock()
        self._idle: Connection | None = None

    @contextmanager
    def begun(self, prepare: Callable[[Connection], None] = lambda _: None) -> Iterator[Connection]:
        """Begins a transaction, when `prepare` has had the connection. It is kept if all went well, else the pool looks
        after it.

        Raises PoolTimeout when another thread has it for too long.
        """
        if not self._turn.acquire(timeout=self._timeout):
            raise PoolTimeout
        try:
            connection = self._begin(prepare)
            try:
                yield connection
                if connection.in_transaction():
                    connection.rollback()
            except BaseException:
                connection.close()
                raise
            self._idle = connection
        finally:
            self._turn.release()

    def close(self) -> None:
        """Gives the connection back to the pool."""
        with self._turn:
            if self._idle is not None:
                self._idle.close()
                self._idle = None

    def _begin(self, prepare: Callable[[Connection], None]) -> Connection:
        try:
            idle, self._idle = self._idle, None
            return _begin_on(self._engine.connect() if idle is None else idle, prepare)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
        # It was cut while it was kept, and so were those of the pool.
        return begin(self._engine, prepare)


def _begin_on(connection: Connection, prepare: Callable[[Connection], None]) -> Connection:
    try:
        prepare(connection)
        connection.begin()
    except BaseException:
        connection.close()
        raise
    return connection
