"""Processes with one database hear of each other's commits."""

from __future__ import annotations

import queue
from collections.abc import Callable

from clarion_server.adapters.storage.store import SqlStore
from clarion_server.application.ports.store import EVERY_CHANNEL

DEADLINE_S = 120

OpenStore = Callable[[], SqlStore]


def notifications_of(store: SqlStore) -> queue.SimpleQueue[frozenset[int]]:
    received: queue.SimpleQueue[frozenset[int]] = queue.SimpleQueue()
    store.listen(received.put)
    return received


def test_a_commit_is_heard_by_others(open_store: OpenStore) -> None:
    one, other = open_store(), open_store()
    notifications = notifications_of(other)
    with one.begin() as work:
        work.processes.renew("process-1", 1)
        work.commit()
    assert notifications.get(timeout=DEADLINE_S) == frozenset()


def test_it_is_heard_for_which_channels_there_is_something_to_send(open_store: OpenStore) -> None:
    one, other = open_store(), open_store()
    own, notifications = notifications_of(one), notifications_of(other)
    one.notify_queued([7, 4711])
    assert notifications.get(timeout=DEADLINE_S) == {7, 4711}
    # Notifications come in the order of their commits: its own would have come before this one.
    other.notify_queued([8])
    assert own.get(timeout=DEADLINE_S) == {8}


def test_more_channels_than_a_notification_holds_are_heard_as_all_of_them(open_store: OpenStore) -> None:
    one, other = open_store(), open_store()
    notifications = notifications_of(other)
    one.notify_queued(range(10_000, 12_000))
    assert notifications.get(timeout=DEADLINE_S) == {EVERY_CHANNEL}
