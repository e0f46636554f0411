"""Runs units of work for a single event loop without ever blocking it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

import structlog

from clarion_server.application.ports.store import Store, StoreUnavailable, UnitOfWork, WriteConflict
from clarion_server.domain.errors import Unavailable

T = TypeVar("T")

log = structlog.get_logger()

#: How many reads may wait for the store at once; more of them queue.
READERS = 4
#: How many times a write is tried while transactions of other processes conflict with it.
ATTEMPTS = 5


class Transactions:
    """Writes go through one thread, one after the other; reads through a few."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._writer = ThreadPoolExecutor(1, "store-writer")
        self._readers = ThreadPoolExecutor(READERS, "store-reader")
        #: Why the store did not answer since something was written last.
        self._troubles: set[str] = set()

    async def write(self, work: Callable[[UnitOfWork], T]) -> T:
        """Runs `work` in a transaction of its own and commits it. Rolls back when `work` raises.

        Repeats `work` after a WriteConflict, and raises Unavailable when every one of ATTEMPTS met one. This is the
        only place that repeats a write: a use case states its changes once.
        """
        result = await self._run(self._writer, lambda: self._commit(work))
        if self._troubles:
            self._troubles.clear()
            log.info("store_back")
        return result

    async def read(self, work: Callable[[UnitOfWork], T]) -> T:
        """Runs `work` on a consistent state. It may change nothing."""
        return await self._run(self._readers, lambda: self._look(work))

    def commit_version(self) -> object:
        """Differs from an earlier mark when something was committed in between, by whichever process."""
        return self._store.commit_version()

    def close(self) -> None:
        """Waits for what is under way."""
        self._writer.shutdown()
        self._readers.shutdown()

    def _commit(self, work: Callable[[UnitOfWork], T]) -> T:
        for _ in range(ATTEMPTS):
            with suppress(WriteConflict):
                return self._commit_once(work)
        raise Unavailable

    def _commit_once(self, work: Callable[[UnitOfWork], T]) -> T:
        with self._store.begin() as unit:
            result = work(unit)
            unit.commit()
        return result

    def _look(self, work: Callable[[UnitOfWork], T]) -> T:
        with self._store.snapshot() as unit:
            return work(unit)

    async def _run(self, threads: ThreadPoolExecutor, call: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(threads, call)
        except StoreUnavailable as error:
            self._tell(str(error) or "It does not answer.")
            raise Unavailable from error

    def _tell(self, reason: str) -> None:
        """Once: everybody who needs the store meets the same, and tries again."""
        if reason not in self._troubles:
            self._troubles.add(reason)
            log.warning("store_unavailable", reason=reason)
