"""The store over SQL, whatever the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from clarion_server.adapters.storage.segments import Segments
from clarion_server.adapters.storage.unit_of_work import SqlUnitOfWork
from clarion_server.application.ports.store import StoreUnavailable


class ChangeSignal(Protocol):
    """Tells that something was committed, by whichever process."""

    def mark(self) -> object:
        """As `Store.change_mark`."""
        ...

    def close(self) -> None: ...


class SqlStore:
    def __init__(
        self,
        writer: Engine,
        readers: Engine,
        signal: ChangeSignal,
        is_unavailability: Callable[[DBAPIError], bool],
    ) -> None:
        """`is_unavailability` tells failures of the database from mistakes in what it was asked."""
        self._writer = writer
        self._readers = readers
        self._signal = signal
        self._is_unavailability = is_unavailability
        self._segments = Segments()

    def begin(self) -> AbstractContextManager[SqlUnitOfWork]:
        return self._unit_of_work(self._writer)

    def snapshot(self) -> AbstractContextManager[SqlUnitOfWork]:
        return self._unit_of_work(self._readers)

    def change_mark(self) -> object:
        return self._signal.mark()

    def close(self) -> None:
        self._signal.close()
        self._readers.dispose()
        self._writer.dispose()

    @contextmanager
    def _unit_of_work(self, engine: Engine) -> Iterator[SqlUnitOfWork]:
        with self._translated_errors(), engine.connect() as connection:
            unit = SqlUnitOfWork(connection, self._segments)
            try:
                yield unit
            finally:
                unit.roll_back()

    @contextmanager
    def _translated_errors(self) -> Iterator[None]:
        try:
            yield
        except PoolTimeout as error:
            raise StoreUnavailable from error
        except DBAPIError as error:
            if self._is_unavailability(error):
                raise StoreUnavailable from error
            raise
