"""What the store in memory says beyond the contract of every store: to users whose tests do something wrong."""

from __future__ import annotations

import pytest
from clarion_server.adapters.memory_store import MemoryStore
from clarion_server.adapters.memory_store.table import DuplicateKey, ReadOnly, Table
from clarion_server.application.ports.store import StoreUnavailable
from clarion_server.domain.access import ApiKey


def api_key(key_id: str = "1") -> ApiKey:
    return ApiKey(key_id, "Shop", "default", frozenset(), b"", create_time=0)


def test_two_stores_share_nothing() -> None:
    one, other = MemoryStore(), MemoryStore()
    with one.begin() as work:
        work.keys.add(api_key())
        work.commit()
    with other.snapshot() as work:
        assert work.keys.get("1") is None


def test_a_snapshot_cannot_be_committed() -> None:
    store = MemoryStore()
    with store.snapshot() as work, pytest.raises(RuntimeError, match="only reads"):
        work.commit()


def test_a_change_in_a_snapshot_says_what_to_do() -> None:
    store = MemoryStore()
    with store.snapshot() as work, pytest.raises(ReadOnly, match=r"Store\.begin"):
        work.keys.add(api_key())


def test_a_unit_of_work_that_has_ended_cannot_be_committed() -> None:
    store = MemoryStore()
    with store.begin() as work:
        work.keys.add(api_key())
    with pytest.raises(RuntimeError, match="has ended"):
        work.commit()
    with store.snapshot() as later:
        assert later.keys.get("1") is None


def test_a_key_that_is_kept_already_is_refused_and_the_first_one_stays() -> None:
    store = MemoryStore()
    with store.begin() as work:
        work.keys.add(api_key())
        with pytest.raises(DuplicateKey, match="'1'"):
            work.keys.add(api_key())


def test_a_closed_store_is_unavailable() -> None:
    store = MemoryStore()
    store.close()
    store.close()
    with pytest.raises(StoreUnavailable), store.snapshot():
        pass
    with pytest.raises(StoreUnavailable), store.begin():
        pass
    with pytest.raises(StoreUnavailable):
        store.commit_version()


def test_a_commit_to_a_closed_store_is_refused() -> None:
    store = MemoryStore()
    with store.begin() as work:
        store.close()
        with pytest.raises(StoreUnavailable):
            work.commit()


def test_a_table_and_its_forks_never_see_each_others_changes() -> None:
    table = Table({"a": 1})
    fork, other = table.fork(), table.fork()
    fork.put("b", 2)
    other.remove("a")
    table.put("a", 3)
    grandchild = fork.fork()
    fork.put("c", 4)
    grandchild.remove("b")
    assert (table.rows, other.rows) == ({"a": 3}, {})
    assert (fork.rows, grandchild.rows) == ({"a": 1, "b": 2, "c": 4}, {"a": 1})


def test_a_table_that_is_only_read_is_never_copied() -> None:
    table = Table({"a": 1})
    fork = table.fork()
    fork.remove("unknown")
    assert fork.rows is table.rows
