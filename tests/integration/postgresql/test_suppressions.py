"""Transactions that add some of the same suppressions never wait for each other in a circle."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from clarion_server.adapters.storage.store import SqlStore

from tests.contract.store import samples
from tests.contract.store.given import committing
from tests.postgresql import ask
from tests.waiting import wait_until

OpenStore = Callable[[], SqlStore]
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def test_whoever_waits_for_a_suppression_that_another_one_is_adding_has_none_that_comes_later(
    open_store: OpenStore, url: str
) -> None:
    store, other = open_store(), open_store()
    first, second, third = (samples.suppression(f"{name}@example.com") for name in "abc")

    def add_all() -> None:
        with committing(other) as work:
            work.suppressions.add_all([third, first, second])

    with ThreadPoolExecutor(1) as thread:
        with store.begin() as begun:
            begun.suppressions.add_all([second])
            adding = thread.submit(add_all)
            wait_until(lambda: ask(url, WAITING) == [(1,)])
            begun.suppressions.add_all([third])
        adding.result(120)
    with store.snapshot() as work:
        assert len(work.suppressions.covering([each.target_key for each in (first, second, third)])) == 3
