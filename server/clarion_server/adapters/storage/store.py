"""The store over SQL, whatever the database."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from typing import Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from clarion_server.adapters.storage.recipient_index import RecipientIndex
from clarion_server.adapters.storage.unit_of_work import SqlUnitOfWork
from clarion_server.application.ports.store import CommitListener, StoreUnavailable


class ChangeSignal(Protocol):
    """Tells that something was committed, by whichever process."""

    def mark(self) -> object:
        """As `Store.commit_version`."""
        ...

    def announce(self) -> None:
        """Tells others that this process has committed something."""
        ...

    def listen(self, hear: CommitListener) -> None:
        """As `Store.listen`."""
        ...

    def notify_queued(self, channel_keys: Collection[int]) -> None:
        """As `Store.notify_queued`."""
        ...

    def close(self) -> None: ...


class SqlStore:
    def __init__(
        self,
        writer: Engine,
        readers: Engine,
        signal: ChangeSignal,
        translate: Callable[[DBAPIError], Exception | None],
        shard: Callable[[], int] = lambda: 0,
        turn: Callable[[], AbstractContextManager[None]] = nullcontext,
        on_close: Callable[[], None] = lambda: None,
    ) -> None:
        """`translate` gives the port's word for a failure of the database, and None for mistakes in what it was asked.

        `shard` gives this process's shard of the figures, `turn` the time in which it may write.
        """
        self._writer = writer
        self._readers = readers
        self._signal = signal
        self._translate = translate
        self._shard = shard
        self._turn = turn
        self._on_close = on_close
        self._segments = RecipientIndex()

    @contextmanager
    def begin(self) -> Iterator[SqlUnitOfWork]:
        with self._turn(), self._unit_of_work(self._writer, self._signal.announce) as unit:
            yield unit

    def snapshot(self) -> AbstractContextManager[SqlUnitOfWork]:
        return self._unit_of_work(self._readers, None)

    def commit_version(self) -> object:
        return self._signal.mark()

    def listen(self, hear: CommitListener) -> None:
        self._signal.listen(hear)

    def notify_queued(self, channel_keys: Collection[int]) -> None:
        self._signal.notify_queued(channel_keys)

    def close(self) -> None:
        self._signal.close()
        self._readers.dispose()
        self._writer.dispose()
        self._on_close()

    @contextmanager
    def _unit_of_work(self, engine: Engine, on_commit: Callable[[], None] | None) -> Iterator[SqlUnitOfWork]:
        with self._translated_errors(), closing(_begin(engine)) as connection:
            transaction = connection.get_transaction()
            assert transaction is not None
            unit = SqlUnitOfWork(connection, transaction, self._segments, self._shard(), on_commit)
            try:
                yield unit
            finally:
                unit.roll_back()

    @contextmanager
    def _translated_errors(self) -> Iterator[None]:
        try:
            yield
        except PoolTimeout as error:
            raise StoreUnavailable("No connection to the database came free in time.") from error
        except DBAPIError as error:
            translated = self._translate(error)
            if translated is None:
                raise
            raise translated from error


def _begin(engine: Engine) -> Connection:
    """A connection with a transaction begun on it."""
    try:
        return _begin_once(engine)
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
    # It was cut while it lay in the pool, as after a restart of the database. Now the pool is empty.
    return _begin_once(engine)


def _begin_once(engine: Engine) -> Connection:
    connection = engine.connect()
    try:
        connection.begin()
    except BaseException:
        connection.close()
        raise
    return connection
