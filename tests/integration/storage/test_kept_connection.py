"""The writer's connection stays out of the pool between transactions that go well."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

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
