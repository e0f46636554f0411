"""The writer's connection stays out of the pool between transactions that go well."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from clarion_server.adapters.storage.store import SqlStore
from sqlalchemy import event


@pytest.fixture
def taken(store: SqlStore) -> Iterator[list[object]]:
    """Grows by one whenever a connection is taken from the writer's pool."""
    found: list[object] = []

    def take(connection: object, *_: object) -> None:
        found.append(connection)

    event.listen(store._writer, "checkout", take)
    yield found
    event.remove(store._writer, "checkout", take)


def renew(store: SqlStore, process_id: str) -> None:
    with store.begin() as work:
        work.processes.renew(process_id, 1)
        work.commit()


def fail(store: SqlStore, process_id: str) -> None:
    with store.begin() as work:
        work.processes.renew(process_id, 1)
        raise ZeroDivisionError


def live(store: SqlStore) -> set[str]:
    with store.snapshot() as work:
        return work.processes.live(0)


def test_many_transactions_take_one_connection(store: SqlStore, taken: list[object]) -> None:
    for number in range(5):
        renew(store, f"process-{number}")
    assert len(taken) == 1
    assert len(live(store)) == 5


def test_a_transaction_that_fails_gives_its_connection_back(store: SqlStore, taken: list[object]) -> None:
    renew(store, "process-1")
    with pytest.raises(ZeroDivisionError):
        fail(store, "process-2")
    assert store._writer.pool.checkedout() == 0  # type: ignore[attr-defined] # of a QueuePool
    renew(store, "process-3")
    assert live(store) == {"process-1", "process-3"}
    assert len(taken) == 2


def test_what_is_read_after_the_commit_leaves_no_transaction_open(store: SqlStore) -> None:
    with store.begin() as work:
        work.processes.renew("process-1", 1)
        work.commit()
        work.processes.live(0)
    renew(store, "process-2")
    assert live(store) == {"process-1", "process-2"}


def test_threads_that_write_at_once_wait_for_one_another(store: SqlStore) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda number: renew(store, f"process-{number}"), range(40)))
    assert len(live(store)) == 40


def test_a_closed_store_keeps_no_connection(store: SqlStore) -> None:
    renew(store, "process-1")
    store.close()
    assert store._writer.pool.checkedout() == 0  # type: ignore[attr-defined] # of a QueuePool


def test_reads_one_after_the_other_take_one_connection_even_after_several_at_once(store: SqlStore) -> None:
    """Each connection keeps the statements that it has prepared."""
    with store.snapshot() as first, store.snapshot() as second, store.snapshot() as third:
        for work in (first, second, third):
            work.processes.live(0)
    taken: list[object] = []
    event.listen(store._readers, "checkout", lambda connection, *_: taken.append(connection))
    for _ in range(6):
        live(store)
    assert len(taken) == 6
    assert len(set(taken)) == 1


def test_readers_keep_few_prepared_statements(store: SqlStore) -> None:
    """Each takes some 30 KB, and there are four readers."""
    before = prepared_statements()
    with ExitStack() as reading:
        readers = [reading.enter_context(store._readers.connect()) for _ in range(4)]
        for connection in readers:
            for number in range(100):
                connection.exec_driver_sql(f"SELECT {number}")
    assert 4 <= prepared_statements() - before <= 4 * 40


def prepared_statements() -> int:
    gc.collect()
    return sum(type(each).__name__ == "Statement" for each in gc.get_objects())
