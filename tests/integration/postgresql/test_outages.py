"""A store reports an outage of its server or connection as StoreUnavailable, and recovers by itself."""

from __future__ import annotations

import select
from collections.abc import Callable, Iterator
from contextlib import closing
from queue import SimpleQueue
from typing import Any

import psycopg
import pytest
from clarion_server.adapters.storage.connections import pg_notify
from clarion_server.adapters.storage.connections.pg_notify import PgNotifier
from clarion_server.adapters.storage.postgresql import open_postgresql_store
from clarion_server.adapters.storage.store import SqlStore
from clarion_server.application.ports.store import StoreUnavailable
from clarion_server.bootstrap import CannotStart, open_store

from tests.contract.store.given import committing
from tests.postgresql import PostgresqlServer, ask, made_database, own_postgresql
from tests.waiting import wait_until

DEADLINE_S = 120
OpenStore = Callable[[], SqlStore]


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pg_notify, "_RETRY_AFTER", 0.01)


def write(store: SqlStore, process_id: str = "process-1") -> None:
    with committing(store) as work:
        work.processes.renew(process_id, 1)


def read(store: SqlStore) -> set[str]:
    with store.snapshot() as work:
        return work.processes.live(0)


def cut(url: str, backend: int) -> None:
    assert ask(url, f"SELECT pg_terminate_backend({backend}, 10000)") == [(True,)]


def backend_of(engine: Any) -> int:
    with engine.connect() as connection:
        return int(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())


# Connections are cut.


def test_a_writer_that_is_cut_while_it_is_idle_writes_on(open_store: OpenStore, url: str) -> None:
    store = open_store()
    cut(url, backend_of(store._writer))
    write(store)
    assert read(store) == {"process-1"}


def test_a_writer_that_is_cut_between_two_transactions_writes_on(open_store: OpenStore, url: str) -> None:
    store = open_store()
    with committing(store) as work:
        repository: Any = work.processes
        backend = repository._connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    cut(url, backend)
    write(store)
    assert read(store) == {"process-1"}


def test_a_reader_that_is_cut_while_it_is_idle_reads_on(open_store: OpenStore, url: str) -> None:
    store = open_store()
    write(store)
    cut(url, backend_of(store._readers))
    assert read(store) == {"process-1"}


def test_a_transaction_that_is_cut_fails_and_the_next_one_works(open_store: OpenStore, url: str) -> None:
    store = open_store()
    for begin in (store.begin, store.snapshot):

        def be_cut(begin: Any = begin) -> None:
            with begin() as work:
                cut(url, work.messages._connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())
                work.processes.live(0)

        with pytest.raises(StoreUnavailable, match="terminating connection due to administrator command"):
            be_cut()
    write(store)
    assert read(store) == {"process-1"}


@pytest.mark.usefixtures("no_pauses")
def test_a_process_whose_notifications_were_cut_off_hears_that_some_were_missed_and_then_the_next(
    open_store: OpenStore, url: str
) -> None:
    store, other = open_store(), open_store()
    heard: SimpleQueue[frozenset[int]] = SimpleQueue()
    store.listen(heard.put)
    mark = store.commit_version()
    notifier: Any = store._notifier
    connection = notifier._connection
    cut(url, connection.info.backend_pid)
    assert heard.get(timeout=DEADLINE_S) == frozenset()
    assert store.commit_version() != mark
    wait_until(lambda: notifier._connection not in {None, connection})
    other.notify_queued([4711])
    while heard.get(timeout=DEADLINE_S) != {4711}:
        pass


def test_commits_do_not_hurry_a_notifier_that_is_cut_off(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise every commit would ask a full server for a connection."""
    monkeypatch.setattr(pg_notify, "_RETRY_AFTER", 3600.0)
    tries: list[int] = []

    def connect() -> psycopg.Connection[Any]:
        tries.append(1)
        return psycopg.connect(url, autocommit=True)

    with closing(PgNotifier(connect)) as notifier:
        assert notifier._connection is not None
        cut(url, notifier._connection.info.backend_pid)
        wait_until(lambda: notifier._connection is None)
        for _ in range(3):
            notifier.notify_committed()
            wait_until(lambda: not select.select([notifier._reading], [], [], 0)[0])
    assert len(tries) == 1


# The server accepts no further connection.


@pytest.fixture
def limited() -> str:
    """Returns the URL of a database whose owner has a limited number of connections."""
    url = made_database("clarion_limited")
    ask(url, "DROP ROLE IF EXISTS clarion_limited")
    ask(url, "CREATE ROLE clarion_limited LOGIN PASSWORD 'secret'")
    ask(url, "ALTER DATABASE clarion_limited OWNER TO clarion_limited")
    return url


def as_owner(url: str) -> str:
    return url.replace("clarion@", "clarion_limited:secret@", 1)


def limit_to(url: str, connections: int) -> None:
    ask(url, f"ALTER ROLE clarion_limited CONNECTION LIMIT {connections}")


@pytest.mark.parametrize("connections", [0, 1])
def test_a_server_without_a_free_connection_is_reported_at_start(limited: str, connections: int) -> None:
    limit_to(limited, connections)
    with pytest.raises(CannotStart, match=r"too many connections for role .*\. Check CLARION_STORE and the server\.$"):
        open_store(as_owner(limited))


@pytest.mark.usefixtures("no_pauses")
def test_a_store_without_free_connections_works_again_when_there_are_some(limited: str) -> None:
    with closing(open_postgresql_store(as_owner(limited))) as store:
        write(store)
        limit_to(limited, 0)
        ask(limited, "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename = 'clarion_limited'")
        for use in (write, read):
            with pytest.raises(StoreUnavailable, match="too many connections"):
                use(store)
        limit_to(limited, -1)
        write(store)
        assert read(store) == {"process-1"}
        notifier: Any = store._notifier
        wait_until(lambda: notifier._connection is not None)


# The server refuses writes.


def test_a_database_that_is_read_only_by_default_is_written() -> None:
    url = made_database("clarion_read_only")
    ask(url, "ALTER DATABASE clarion_read_only SET default_transaction_read_only = on")
    with closing(open_postgresql_store(url)) as store:
        write(store)
        assert read(store) == {"process-1"}


@pytest.fixture
def server() -> Iterator[PostgresqlServer]:
    with own_postgresql() as made:
        yield made


@pytest.mark.usefixtures("no_pauses")
def test_a_server_that_becomes_a_standby_lets_read_and_is_written_to_when_it_is_promoted(
    server: PostgresqlServer,
) -> None:
    with closing(open_postgresql_store(server.url())) as store:
        write(store)
        server.become_standby()
        with pytest.raises(StoreUnavailable, match="cannot set transaction read-write mode during recovery"):
            write(store, "process-2")
        assert read(store) == {"process-1"}
        with pytest.raises(CannotStart, match=r"read-write mode during recovery\. Check CLARION_STORE"):
            open_store(server.url())
        assert ask(server.url(), "SELECT pg_promote()") == [(True,)]
        write(store, "process-2")
        assert read(store) == {"process-1", "process-2"}


# Rights are revoked.


def test_a_revoked_right_is_reported_until_it_is_granted_again(limited: str) -> None:
    with closing(open_postgresql_store(as_owner(limited))) as store:
        ask(limited, "REVOKE ALL ON processes FROM clarion_limited")
        for use in (write, read):
            with pytest.raises(StoreUnavailable, match="permission denied for table processes"):
                use(store)
        ask(limited, "GRANT ALL ON processes TO clarion_limited")
        write(store)
        assert read(store) == {"process-1"}
