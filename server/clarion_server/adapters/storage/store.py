"""Implements the store over SQL, whatever the database."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from functools import partial
from typing import Protocol

from sqlalchemy import Connection, Engine, Transaction
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from clarion_server.adapters.storage.connections.connections import KeptConnection, begin
from clarion_server.adapters.storage.durability import Durability
from clarion_server.adapters.storage.limits.cap_locks import RowsToLock
from clarion_server.adapters.storage.messages.event_watermark import READS_EVENTS
from clarion_server.adapters.storage.messages.recipient_index import RecipientIndex
from clarion_server.adapters.storage.unit_of_work import Commit, SqlUnitOfWork
from clarion_server.application.ports.store import CommitListener, StoreUnavailable


class CommitNotifier(Protocol):
    """Tells the processes that share a database of each other's commits."""

    def commit_version(self) -> object:
        """Does what `Store.commit_version` does."""
        ...

    def notify_committed(self) -> None:
        """Tells the other processes that this one has committed something."""
        ...

    def notify_queued(self, channel_keys: Collection[int]) -> None:
        """Does what `Store.notify_queued` does."""
        ...

    def listen(self, listener: CommitListener) -> None:
        """Does what `Store.listen` does."""
        ...

    def close(self) -> None: ...


class SqlStore:
    """Implements `Store`."""

    def __init__(
        self,
        writer: Engine,
        readers: Engine,
        notifier: CommitNotifier,
        translate: Callable[[DBAPIError], Exception | None],
        shard: Callable[[], int] = lambda: 0,
        *,
        timeout: float,
        serialises_writes: bool = False,
        writer_lock: Callable[[], AbstractContextManager[None]] = nullcontext,
        durability: Durability | None = None,
        scrub: Callable[[], bool] = lambda: True,
        on_close: Callable[[], None] = lambda: None,
    ) -> None:
        """`translate` returns the port's exception for a failure of the database, and None for a mistake of Clarion.

        `timeout` is how long a thread waits until another one has ended its transaction, in seconds.
        `shard` returns this process's shard of the counters. The port explains `serialises_writes`. `writer_lock` is
        held while this process writes. `durability` decides which commits wait for the disk. `scrub` does what the
        method of that name does.
        """
        self.serialises_writes = serialises_writes
        self._writer = writer
        self._writing = KeptConnection(writer, timeout)
        self._readers = readers
        self._event_readers = readers.execution_options(**{READS_EVENTS: True})
        self._notifier = notifier
        self._translate = translate
        self._shard = shard
        self._writer_lock = writer_lock
        self._durability = durability or Durability()
        self._prepare = partial(self._durability.before_begin, durable_later=False)
        self._prepare_later = partial(self._durability.before_begin, durable_later=True)
        self._scrub = scrub
        self._on_close = on_close
        self._recipient_index = RecipientIndex()
        self._caps_to_lock = RowsToLock()

    @contextmanager
    def begin(self, *, durable_later: bool = False) -> Iterator[SqlUnitOfWork]:
        with (
            self._writer_lock(),
            self._translated_errors(),
            self._writing.begun(self._prepare_later if durable_later else self._prepare) as connection,
            self._unit_on(connection, self._commit) as unit,
        ):
            yield unit

    def snapshot(self) -> AbstractContextManager[SqlUnitOfWork]:
        return self._reading(self._readers)

    def event_snapshot(self) -> AbstractContextManager[SqlUnitOfWork]:
        return self._reading(self._event_readers)

    def commit_version(self) -> object:
        return self._notifier.commit_version()

    def listen(self, listener: CommitListener) -> None:
        self._notifier.listen(listener)

    def notify_queued(self, channel_keys: Collection[int]) -> None:
        self._notifier.notify_queued(channel_keys)

    def scrub(self) -> bool:
        with self._writer_lock(), self._translated_errors():
            return self._scrub()

    def close(self) -> None:
        self._notifier.close()
        self._readers.dispose()
        self._writing.close()
        self._writer.dispose()
        self._on_close()

    def _commit(self, connection: Connection, transaction: Transaction) -> None:
        try:
            transaction.commit()
        except BaseException:
            self._durability.commit_failed()
            raise
        self._durability.after_commit(connection)
        self._notifier.notify_committed()

    @contextmanager
    def _reading(self, engine: Engine) -> Iterator[SqlUnitOfWork]:
        with self._translated_errors(), closing(begin(engine)) as connection, self._unit_on(connection, None) as unit:
            yield unit

    @contextmanager
    def _unit_on(self, connection: Connection, commit: Commit | None) -> Iterator[SqlUnitOfWork]:
        transaction = connection.get_transaction()
        assert transaction is not None
        unit = SqlUnitOfWork(connection, transaction, self._recipient_index, self._caps_to_lock, self._shard(), commit)
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
