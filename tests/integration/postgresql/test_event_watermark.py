"""A watcher neither misses nor repeats an event, whatever the order in which writers commit."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event as Flag

import pytest
from clarion_server.adapters.storage.store import SqlStore
from clarion_server.application.ports.queries import EventQuery
from clarion_server.application.ports.store import StoreUnavailable, UnitOfWork

from tests.contract.store import samples
from tests.contract.store.given import Sender, a_sender, committing
from tests.integration.storage.statements import recorded
from tests.postgresql import ask

OpenStore = Callable[[], SqlStore]
WRITERS = 4
COMMITS = 60


def given(store: SqlStore) -> Sender:
    with committing(store) as work:
        return a_sender(work)


def record(work: UnitOfWork, sender: Sender, *message_ids: str) -> None:
    message = samples.message(sender.campaign.key, sender.channel.key)
    work.events.add_all([samples.event(message, message_id=each) for each in message_ids])


def read_on(store: SqlStore, after: int) -> tuple[list[str | None], int]:
    """Returns the messages of the events after a position, and the position after which a watcher goes on."""
    with store.event_snapshot() as work:
        last = work.events.last_sequence()
        events = work.events.page(EventQuery(samples.VISIBILITY, after))
    return [event.message_id for event in events], max([last, after, *(event.sequence for event in events)])


def test_a_writer_that_was_first_and_commits_last_is_not_passed_by(open_store: OpenStore) -> None:
    slow, quick, watcher = open_store(), open_store(), open_store()
    sender = given(slow)
    with slow.begin() as first:
        record(first, sender, "slow-1")
        with committing(quick) as second:
            record(second, sender, "quick-1")
        held_back, position = read_on(watcher, 0)
        record(first, sender, "slow-2")
        first.commit()
    found, position = read_on(watcher, position)
    assert held_back == []
    assert found == ["slow-1", "quick-1", "slow-2"]
    assert read_on(watcher, position) == ([], position)


def test_only_readers_of_events_pay_for_the_watermark(open_store: OpenStore) -> None:
    store = open_store()
    scans = []
    for snapshot in (store.snapshot, store.event_snapshot, store.snapshot):
        with recorded(store) as statements, snapshot() as work:
            work.processes.live(0)
        scans.append(sum("pg_locks" in statement for statement, _ in statements))
    assert scans == [0, 1, 0]


def test_a_writer_that_rolls_back_holds_nobody_back(open_store: OpenStore) -> None:
    slow, quick = open_store(), open_store()
    sender = given(slow)
    with slow.begin() as first:
        record(first, sender, "never")
        with committing(quick) as second:
            record(second, sender, "quick")
    assert read_on(quick, 0)[0] == ["quick"]


def test_a_writer_that_has_written_no_events_holds_nobody_back(open_store: OpenStore) -> None:
    slow, quick = open_store(), open_store()
    sender = given(slow)
    with slow.begin() as first:
        first.processes.renew("process-1", 1)
        with committing(quick) as second:
            record(second, sender, "quick")
        assert read_on(quick, 0)[0] == ["quick"]


def test_a_connection_cut_in_a_transaction_holds_nobody_back(open_store: OpenStore, url: str) -> None:
    slow, quick = open_store(), open_store()
    sender = given(slow)

    def be_cut() -> None:
        with slow.begin() as work:
            record(work, sender, "never")
            with committing(quick) as second:
                record(second, sender, "quick")
            backend = work.messages._connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
            ask(url, f"SELECT pg_terminate_backend({backend}, 10000)")
            assert read_on(quick, 0)[0] == ["quick"]

    with pytest.raises(StoreUnavailable):
        be_cut()


def test_of_many_writers_at_once_a_watcher_sees_each_event_once_and_in_order(open_store: OpenStore) -> None:
    writers = [open_store() for _ in range(WRITERS)]
    watchers = [open_store() for _ in range(2)]
    sender, done = given(writers[0]), Flag()

    def write(number: int) -> None:
        chance = random.Random(number)
        for count in range(COMMITS):
            with writers[number].begin() as work:
                record(work, sender, f"{number}-{count}-a")
                # Some transactions go on for longer, so that others overtake them.
                for _ in range(chance.choice((0, 0, 5, 20))):
                    work.processes.live(0)
                record(work, sender, f"{number}-{count}-b")
                if chance.random() < 0.9:
                    work.commit()

    def watch(store: SqlStore) -> tuple[list[str | None], int]:
        seen: list[str | None] = []
        position = 0
        while not done.is_set():
            found, position = read_on(store, position)
            seen += found
        found, position = read_on(store, position)
        return seen + found, position

    with ThreadPoolExecutor(WRITERS + 2) as threads:
        watching = [threads.submit(watch, store) for store in watchers]
        try:
            for written in [threads.submit(write, number) for number in range(WRITERS)]:
                written.result(60)
        finally:
            done.set()
        seen = [watched.result(60)[0] for watched in watching]
    committed, _ = read_on(writers[0], 0)
    assert len(committed) > WRITERS * COMMITS
    assert seen == [committed, committed]
