"""The store in a PostgreSQL database, which any number of processes may share.

Writers are READ COMMITTED and lock the rows that they are about to change. Readers are REPEATABLE READ, so that one
unit of work sees one state. Row locks and unique constraints decide between two processes that write the same: see
`_translate`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Self

import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.exc import DBAPIError

from clarion_server.adapters.storage.connections.pg_notify import PgNotifier
from clarion_server.adapters.storage.messages.event_watermark import READS_EVENTS, clear_watermark, take_watermark
from clarion_server.adapters.storage.migrate import migrate
from clarion_server.adapters.storage.store import SqlStore
from clarion_server.application.ports.store import StoreUnavailable, WriteConflict

Connect = Callable[[], "psycopg.Connection[Any]"]

#: Is the oldest release that is maintained, or was until lately.
_OLDEST_POSTGRESQL = 14
#: Is an advisory lock with two keys. `pg_notify` and `campaign_locks` have others.
_MIGRATION_LOCK = (0x436C6172, 0)

#: These hold unless the URL says otherwise. A server that vanishes without closing its connections is noticed within a
#: minute.
_DEFAULTS = {
    "application_name": "clarion",
    "client_encoding": "UTF8",
    "connect_timeout": "10",
    "keepalives_idle": "15",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
_SESSION = (
    # A commit returns when it is on the disk. Stricter settings of the server are left alone.
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
    # A process that hangs in a transaction would hold back watchers, and all who wait for its rows.
    "SET idle_in_transaction_session_timeout = '60s'",
    # The statements are short: compiling them takes longer than running them.
    "SET jit = off",
    # Nor is a statement worth further processes: a watcher far behind took 157 ms instead of 1 for its next 500 events.
    "SET max_parallel_workers_per_gather = 0",
)

#: Classes and codes of errors (https://www.postgresql.org/docs/current/errcodes-appendix.html).
_CONFLICTS = frozenset({"23505", "40001", "40P01"})  # unique violation, serialization failure, deadlock
_CLASSES_WITH_VALUES = frozenset({"22", "23"})  # data exception, integrity constraint violation
_UNAVAILABLE_CLASSES = frozenset({"08", "53", "57", "58"})  # connection, resources, intervention, system
_UNAVAILABLE = frozenset(
    {
        "0A000",  # a standby begins no transaction that writes
        "25006",  # a standby runs no statement that writes
        "25P03",  # the transaction was idle for too long
        "42501",  # a right was revoked, and may be granted again
        "55P03",  # lock not available
    }
)
#: Holds what to do next, by SQLSTATE, where that is known.
_REMEDIES = {
    "42501": "Grant the user in CLARION_STORE that right, or let it own the database",
    "42P07": "The database is another program's: name an empty one in CLARION_STORE",
}


def open_postgresql_store(url: str, timeout: float = 30.0) -> SqlStore:
    """Opens the database. Makes its tables, or brings them up to date, when that is needed.

    `url` is a connection URI of libpq. `timeout` is how long a writer waits for the connection, in seconds. Raises
    StoreUnavailable, whose text says in one sentence what is wrong, and SchemaUnknown when a newer Clarion has written
    the database.
    """
    connect = _connector(url)
    with _failures_of_opening(), ExitStack() as undo:
        # The store keeps one. The other is for whoever looks at the database by the engine itself.
        writer = _engine(connect, timeout, pool_size=1, max_overflow=1)
        undo.callback(writer.dispose)
        event.listen(writer, "begin", _begin_writing)
        with writer.begin() as transaction:
            _check_server(transaction)
            # Of processes that start at the same time, one migrates, and the others find that done.
            transaction.exec_driver_sql("SELECT pg_advisory_xact_lock(%s, %s)", _MIGRATION_LOCK)
            migrate(transaction)
        readers = _engine(connect, timeout, pool_size=4, max_overflow=-1)
        event.listen(readers, "begin", _begin_reading)
        notifier = PgNotifier(connect)
        undo.pop_all()
    return SqlStore(writer, readers, notifier, _translate, notifier.shard, timeout=timeout)


def _connector(url: str) -> Connect:
    try:
        parameters: dict[str, Any] = {**_DEFAULTS, **conninfo_to_dict(url)}
    except psycopg.ProgrammingError as error:
        # What libpq says may hold the password.
        raise StoreUnavailable(
            "The store's URL is not one of PostgreSQL: write postgresql://user:password@host:5432/database with options"
            " that libpq knows, and other characters than letters and digits encoded, as %40 for @."
        ) from error

    def connect() -> psycopg.Connection[Any]:
        # The engine begins the transactions, and psycopg none of its own.
        return psycopg.connect(**parameters, autocommit=True, cursor_factory=_Cursor)

    return connect


@contextmanager
def _failures_of_opening() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise StoreUnavailable(_explain(error.orig)) from error
    except psycopg.Error as error:
        raise StoreUnavailable(_explain(error)) from error


def _explain(error: BaseException | None) -> str:
    remedy = _REMEDIES.get(getattr(error, "sqlstate", None) or "", "Check CLARION_STORE and the server")
    return f"PostgreSQL says: {_reason(error)}. {remedy}."


def _reason(error: BaseException | None) -> str:
    """Returns PostgreSQL's own words, which never hold the password. Of several addresses, the first one's count."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    reason = next((line for line in lines if "FATAL:" in line), lines[0] if lines else "no reason was given")
    return reason.rpartition("FATAL:")[2].strip().rstrip(".")


def _check_server(connection: Connection) -> None:
    version = int(connection.exec_driver_sql("SHOW server_version_num").scalar_one()) // 10_000
    if version < _OLDEST_POSTGRESQL:
        raise StoreUnavailable(f"This is PostgreSQL {version}; Clarion needs {_OLDEST_POSTGRESQL} or newer.")
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding != "UTF8":
        raise StoreUnavailable(f"The database has the encoding {encoding}; Clarion needs UTF8.")


class _Cursor(psycopg.Cursor[Any]):
    """Raises errors without the values that PostgreSQL names in them, such as addresses, as errors end up in the log.

    They stand in the lines DETAIL and CONTEXT, and for wrong data (class 22) and broken constraints (class 23) in the
    first line too (https://www.postgresql.org/docs/current/errcodes-appendix.html).
    """

    def execute(self, *arguments: Any, **options: Any) -> Self:
        try:
            return super().execute(*arguments, **options)
        except psycopg.Error as error:
            error.args = (_without_values(error),)
            raise


def _without_values(error: psycopg.Error) -> str:
    told = error.diag
    if (error.sqlstate or "")[:2] in _CLASSES_WITH_VALUES:
        return f"{type(error).__name__} ({error.sqlstate}), table {told.table_name}, constraint {told.constraint_name}"
    return str(error).partition("\n")[0]


def _engine(connect: Connect, timeout: float, *, pool_size: int, max_overflow: int) -> Engine:
    engine = create_engine(
        "postgresql+psycopg://",
        creator=connect,
        # An error would tell the values of its statement, such as addresses, and end up in the log.
        hide_parameters=True,
        isolation_level="AUTOCOMMIT",
        # This saves a query for each connection.
        use_native_hstore=False,
        poolclass=QueuePool,
        pool_size=pool_size,
        max_overflow=max_overflow,
        pool_timeout=timeout,
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: psycopg.Connection[Any], _record: Any) -> None:
        for statement in _SESSION:
            connection.execute(statement)

    return engine


def _begin_writing(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")


def _begin_reading(connection: Connection) -> None:
    # The watermark costs a scan of all locks of the server, so it is taken for readers of events alone.
    if connection.get_execution_options().get(READS_EVENTS):
        take_watermark(connection)
    else:
        clear_watermark(connection)
    connection.exec_driver_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")


def _translate(error: DBAPIError) -> Exception | None:
    """Returns the port's exception for an error of PostgreSQL; None for a mistake of Clarion.

    When two processes write one unique key at the same time, the second meets a unique violation, and finds the first
    one's row when it tries again: in that way one request id becomes one execution.
    """
    code: str | None = getattr(error.orig, "sqlstate", None)
    if code in _CONFLICTS:
        return WriteConflict()
    if error.connection_invalidated or (code is None and isinstance(error.orig, psycopg.OperationalError)):
        return StoreUnavailable(_explain(error.orig))
    is_passing = code is not None and (code[:2] in _UNAVAILABLE_CLASSES or code in _UNAVAILABLE)
    return StoreUnavailable(_explain(error.orig)) if is_passing else None
