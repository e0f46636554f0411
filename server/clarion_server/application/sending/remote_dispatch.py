"""Leaves all messages of a process that only accepts to the processes that send, which claim what it has queued."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

from clarion_server.application.sending.dispatch import Reservation
from clarion_server.domain.instant import Instant
from clarion_server.domain.messages.message import Lane


class RemoteDispatch:
    """Implements the port `Dispatch` of triggering: without capacity, every message is queued."""

    def __init__(self, notify_queued: Callable[[Collection[int]], None]) -> None:
        """`notify_queued` tells the other processes for which channel configurations messages wait."""
        self._notify_queued = notify_queued
        self._unannounced: set[int] = set()

    def on_due(self, channel_key: int, _lane: Lane, _due_time: Instant) -> None:
        """Tells the other processes, once for all messages of a commit. Is an `OnDue` of the queue."""
        if not self._unannounced:
            asyncio.get_running_loop().call_soon(self._announce)
        self._unannounced.add(channel_key)

    def reserve(self, _channel_key: int, _lane: Lane, _count: int) -> Reservation | None:
        return None

    def announced_size(self, _channel_key: int) -> int | None:
        return None

    def _announce(self) -> None:
        channel_keys, self._unannounced = self._unannounced, set()
        self._notify_queued(channel_keys)
