"""Runs short statements of the hot path by the driver of SQLite itself.

SQLAlchemy makes a context and a result for each statement. In the interpreter, for which the event loop waits
meanwhile, that takes fifteen times as long as the call of the driver, and a commit of triggers runs six statements.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError


class Ran(Protocol):
    """Is a statement that has run."""

    @property
    def rowcount(self) -> int:
        """Returns how many rows it has changed."""
        ...

    def fetchall(self) -> Sequence[Sequence[Any]]: ...


def run(connection: Connection, statement: str, parameters: Sequence[Any] = ()) -> Ran:
    """Runs a statement of the driver's own form in the connection's transaction.

    Raises what SQLAlchemy would raise. PostgreSQL's driver does more for each statement than SQLAlchemy adds to it.
    """
    if connection.dialect.name != "sqlite":
        return connection.exec_driver_sql(statement, tuple(parameters))
    if not connection.in_transaction():
        # As SQLAlchemy does: nothing is written outside of a transaction.
        connection.begin()
    return _run_on_sqlite(connection, statement, parameters)


def run_outside(connection: Connection, statement: str) -> Ran:
    """Runs a statement outside of a transaction, or the one that begins it, on SQLite. Raises what SQLAlchemy would
    raise.
    """
    return _run_on_sqlite(connection, statement, ())


def _run_on_sqlite(connection: Connection, statement: str, parameters: Sequence[Any]) -> Ran:
    driver: Any = connection.connection.dbapi_connection
    base: type[Exception] = connection.dialect.dbapi.Error  # type: ignore[union-attr] # a dialect in use has its driver
    try:
        ran: Ran = driver.execute(statement, parameters)
    except base as error:
        raise DBAPIError.instance(
            statement, None, error, base, hide_parameters=True, dialect=connection.dialect
        ) from error
    return ran
