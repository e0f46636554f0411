"""Several processes share one file."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from clarion_server.adapters.storage.sqlite import open_sqlite_store
from clarion_server.adapters.storage.store import SqlStore
from clarion_server.application.ports.queries import ExecutionQuery
from clarion_server.domain.events.counter import Metric

from tests.contract.store import samples
from tests.contract.store.given import a_sender, committing
from tests.integration.storage.writing import taken_at_once

PROCESSES = 3
REQUESTS = 60
TURNS = 100


def test_of_processes_with_the_same_requests_one_takes_each_and_no_write_is_lost(store: SqlStore, path: Path) -> None:
    with committing(store) as work:
        key = a_sender(work).campaign.key
    taken = taken_at_once(PROCESSES, str(path), key, REQUESTS)
    with store.snapshot() as work:
        executions = work.executions.page(ExecutionQuery(samples.VISIBILITY, campaign_key=key, limit=1000))
        counts = work.counters.of_campaign(key, None)
    assert sum(taken) == REQUESTS
    assert sorted(each.request_id or "" for each in executions) == sorted(f"order-{n}" for n in range(REQUESTS))
    assert counts == {(Metric.RETRIES, ""): PROCESSES * REQUESTS}


def test_writers_take_turns_however_greedy_one_of_them_is(path: Path, show_counts: Callable[[str], None]) -> None:
    """One process writes again and again with hardly a pause. SQLite alone would make the other wait for many turns."""
    others_turns, greedy_turns, done, known = 0, 0, threading.Event(), threading.Event()

    def be_greedy() -> None:
        nonlocal greedy_turns
        with closing(open_sqlite_store(path)) as store:
            while not done.is_set():
                with store.begin() as work:
                    done.wait(0.002)
                    work.commit()
                greedy_turns += 1
                done.wait(0.0005)

    with closing(open_sqlite_store(path)) as store, ThreadPoolExecutor(1) as other:
        # A process takes the writer lock only once it knows of another process.
        store.listen(lambda _: known.set())
        greedy = other.submit(be_greedy)
        assert known.wait(120)
        greedy_turns = 0
        while greedy_turns < TURNS:
            with store.begin():
                others_turns += 1
            done.wait(0.002)
        done.set()
        greedy.result(120)
    show_counts(f"{others_turns} turns beside {greedy_turns} of one that wants all")
    assert others_turns > greedy_turns / 3
