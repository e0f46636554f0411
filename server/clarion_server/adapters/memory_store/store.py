"""Transactions over tables in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from clarion_server.adapters.memory_store.campaigns import MemoryCampaignRepository
from clarion_server.adapters.memory_store.channels import MemoryChannelConfigurationRepository
from clarion_server.adapters.memory_store.events import MemoryCounterRepository, MemoryEventRepository
from clarion_server.adapters.memory_store.executions import MemoryExecutionRepository
from clarion_server.adapters.memory_store.keys import MemoryApiKeyRepository
from clarion_server.adapters.memory_store.messages import MemoryMessageRepository
from clarion_server.adapters.memory_store.processes import MemoryProcessRepository
from clarion_server.adapters.memory_store.retention import MemoryRetentionRepository
from clarion_server.adapters.memory_store.tables import Tables
from clarion_server.application.ports.store import CommitListener, StoreUnavailable, UnitOfWork


class MemoryUnitOfWork:
    """One transaction, on a fork of the committed tables."""

    def __init__(self, tables: Tables, publish: Callable[[Tables], None] | None) -> None:
        self._tables = tables
        self._publish = publish
        self.campaigns = MemoryCampaignRepository(tables)
        self.channels = MemoryChannelConfigurationRepository(tables)
        self.executions = MemoryExecutionRepository(tables)
        self.messages = MemoryMessageRepository(tables)
        self.events = MemoryEventRepository(tables)
        self.figures = MemoryCounterRepository(tables)
        self.retention = MemoryRetentionRepository(tables)
        self.keys = MemoryApiKeyRepository(tables)
        self.processes = MemoryProcessRepository(tables)

    def commit(self) -> None:
        if self._publish is None:
            raise RuntimeError("This unit of work only reads, is committed already, or has ended.")
        self._publish(self._tables)
        self.end()

    def end(self) -> None:
        self._publish = None


class MemoryStore:
    """Keeps everything until it is closed."""

    def __init__(self, patience_s: float = 5.0) -> None:
        """`patience_s`: how long `begin` waits for the transaction before it."""
        self._patience_s = patience_s
        self._writer = threading.Lock()
        self._committed: tuple[int, Tables] | None = (0, Tables())
        # The number of commits and the tables are replaced together: nobody sees the one without the other.

    @contextmanager
    def begin(self) -> Iterator[UnitOfWork]:
        if not self._writer.acquire(timeout=self._patience_s):
            raise StoreUnavailable
        try:
            work = MemoryUnitOfWork(self._state()[1].fork(), self._publish)
            try:
                yield work
            finally:
                work.end()
        finally:
            self._writer.release()

    @contextmanager
    def snapshot(self) -> Iterator[UnitOfWork]:
        yield MemoryUnitOfWork(self._state()[1].fork(writable=False), publish=None)

    def commit_version(self) -> object:
        return self._state()[0]

    def listen(self, hear: CommitListener) -> None:
        """No other process has it."""

    def notify_queued(self, channel_keys: Collection[int]) -> None:
        """See `listen`."""

    def close(self) -> None:
        self._committed = None

    def _publish(self, tables: Tables) -> None:
        self._committed = (self._state()[0] + 1, tables.fork())

    def _state(self) -> tuple[int, Tables]:
        if self._committed is None:
            raise StoreUnavailable
        return self._committed
