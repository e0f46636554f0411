"""Dispatch for a process that only accepts: the processes that send claim what it has queued."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence

from clarion_server.application.ports.queue import Queue
from clarion_server.application.sending.local_dispatch import Reservation
from clarion_server.domain.instant import Instant
from clarion_server.domain.message import Lane, Message


class NoLocalDispatch:
    """Implements the port `LocalDispatch` of triggering without capacity."""

    def __init__(self, queue: Queue, notify_queued: Callable[[Collection[int]], None]) -> None:
        """`notify_queued` tells the other processes for which channel configurations messages wait."""
        self._queue = queue
        self._notify_queued = notify_queued
        self._unannounced: set[int] = set()

    def on_due(self, channel_key: int, _lane: Lane, _due_time: Instant) -> None:
        """Tells the other processes, once for all messages of a commit. Is an `OnDue` of the queue."""
        if not self._unannounced:
            asyncio.get_running_loop().call_soon(self._announce)
        self._unannounced.add(channel_key)

    def reserve(self, _channel_key: int, _lane: Lane, _count: int) -> Reservation | None:
        return None

    def queued(self, channel_key: int, lane: Lane, messages: Sequence[Message], due_time: Instant) -> None:
        self._queue.queued(channel_key, lane, messages, due_time)

    def _announce(self) -> None:
        channel_keys, self._unannounced = self._unannounced, set()
        self._notify_queued(channel_keys)
