"""Processes with one file hear of each other's commits."""

from __future__ import annotations

import queue
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest
from clarion_server.adapters.storage.connections import unix_notify
from clarion_server.adapters.storage.sqlite import open_sqlite_store
from clarion_server.adapters.storage.store import SqlStore
from clarion_server.application.ports.store import EVERY_CHANNEL

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere processes look from time to time")

DEADLINE_S = 120

OpenStore = Callable[[], SqlStore]


@pytest.fixture
def open_store(path: Path) -> Iterator[OpenStore]:
    with ExitStack() as opened:
        yield lambda: opened.enter_context(closing(open_sqlite_store(path)))


def notifications_of(store: SqlStore) -> queue.SimpleQueue[frozenset[int]]:
    received: queue.SimpleQueue[frozenset[int]] = queue.SimpleQueue()
    store.listen(received.put)
    return received


def commit(store: SqlStore) -> None:
    with store.begin() as work:
        work.processes.renew("process-1", 1)
        work.commit()


def until_heard(notifications: queue.SimpleQueue[frozenset[int]], tell: Callable[[], None]) -> frozenset[int]:
    """Repeats `tell`, because a process that has just started may miss the first notifications."""
    for _ in range(DEADLINE_S * 10):
        tell()
        with suppress(queue.Empty):
            return notifications.get(timeout=0.1)
    raise TimeoutError


def test_a_commit_is_heard_by_all_others_and_not_by_oneself(open_store: OpenStore) -> None:
    stores = [open_store() for _ in range(3)]
    notifications = [notifications_of(store) for store in stores]
    for other in (0, 2):
        assert until_heard(notifications[other], lambda: commit(stores[1])) == frozenset()
    assert notifications[1].empty()


def test_it_is_heard_for_which_channels_there_is_something_to_send(open_store: OpenStore) -> None:
    one, other = open_store(), open_store()
    notifications = notifications_of(other)
    assert until_heard(notifications, lambda: one.notify_queued([7, 4711])) == {7, 4711}


def test_more_channels_than_a_notification_holds_are_heard_as_all_of_them(open_store: OpenStore) -> None:
    one, other = open_store(), open_store()
    notifications = notifications_of(other)
    assert until_heard(notifications, lambda: one.notify_queued(range(10_000, 12_000))) == {EVERY_CHANNEL}


def test_a_change_mark_has_changed_when_a_commit_is_heard(open_store: OpenStore) -> None:
    one, other = open_store(), open_store()
    notifications, mark = notifications_of(other), other.commit_version()
    until_heard(notifications, lambda: commit(one))
    assert other.commit_version() != mark


def test_who_has_gone_is_forgotten_and_its_place_taken_by_the_next(open_store: OpenStore, path: Path) -> None:
    one = open_store()
    with closing(open_sqlite_store(path)):
        pass
    commit(one)
    notifications = notifications_of(open_store())
    assert until_heard(notifications, lambda: commit(one)) == frozenset()


def test_processes_beyond_the_last_place_hear_nothing_and_work(
    open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unix_notify, "MAX_SOCKETS", 1)
    one, other = open_store(), open_store()
    mark = one.commit_version()
    commit(other)
    assert one.commit_version() != mark


def test_a_flood_of_news_never_blocks_who_tells(open_store: OpenStore) -> None:
    one, other = open_store(), open_store()
    heard: set[int] = set()
    done: queue.SimpleQueue[None] = queue.SimpleQueue()
    gate: queue.SimpleQueue[None] = queue.SimpleQueue()

    def hear(keys: frozenset[int]) -> None:
        gate.get(timeout=DEADLINE_S)
        heard.update(keys)
        done.put(None)

    other.listen(hear)
    for key in range(1, 1000):
        one.notify_queued([key])
    # Most of it is lost, as nobody heard it. What is told afterwards is heard again.
    for _ in range(2000):
        gate.put(None)
    for _ in range(DEADLINE_S * 10):
        one.notify_queued([1000])
        with suppress(queue.Empty):
            done.get(timeout=0.1)
        if 1000 in heard:
            break
    assert 1000 in heard
