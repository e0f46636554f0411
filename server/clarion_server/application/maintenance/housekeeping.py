"""Background work on the stored data: merging the recipient index, and purging what expired or was retained for long.

One of the processes that share a store does it, in small bulk steps, so that it never delays other writes for long.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

import structlog

from clarion_server.application.audiences.uploading import purge_lists
from clarion_server.application.erasure.sweeping import ErasureSweeper
from clarion_server.application.maintenance.retention import Purging, Retention
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.resumable_imports import purge_imports
from clarion_server.application.suppressions.entries import purge_expired
from clarion_server.application.transactions import Transactions
from clarion_server.domain.errors import Unavailable

T = TypeVar("T")

log = structlog.get_logger()

#: Seconds between two rounds.
EVERY = 5.0
#: One step moves or deletes at most this many rows, which takes a few milliseconds, for which triggers may have to
#: wait.
BATCH = 100
#: Members of lists are small, and one list may have ten million.
LIST_BATCH = 1_000


class Housekeeper:
    def __init__(
        self, transactions: Transactions, clock: Clock, process_id: str, retention: Retention, eraser: ErasureSweeper
    ) -> None:
        self._transactions = transactions
        self._clock = clock
        self._process_id = process_id
        self._purging = Purging(retention)
        self._eraser = eraser
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def run_once(self) -> None:
        """Works until nothing is left to do, or until another process is the one that does it."""
        for step in self._steps():
            while await self._write(step, durable_later=True):
                pass
        await self._eraser.sweep(self._write)

    async def _write(self, step: Callable[[UnitOfWork], T], *, durable_later: bool = False) -> T | None:
        run = partial(self._run_if_chosen, step)
        return await self._transactions.write(run, bulk=True, durable_later=durable_later)

    def _steps(self) -> Iterator[Callable[[UnitOfWork], int]]:
        yield lambda unit: unit.messages.merge_recipient_index(BATCH)
        yield lambda unit: purge_expired(unit, self._clock.now(), BATCH)
        yield from self._purging.steps(self._clock.now(), BATCH)
        yield lambda unit: purge_lists(unit, self._clock.now(), LIST_BATCH)
        yield lambda unit: purge_imports(unit, self._clock.now(), BATCH)

    def _run_if_chosen(self, step: Callable[[UnitOfWork], T], unit: UnitOfWork) -> T | None:
        """Returns the step's result if this process has the smallest id of those that are alive; else does nothing."""
        live = unit.processes.live(self._clock.now())
        return step(unit) if self._process_id == min(live, default="") else None

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            try:
                await self.run_once()
            except Exception as error:  # noqa: BLE001 - any fault is logged, and the next round follows
                if not isinstance(error, Unavailable):
                    log.warning("housekeeping_failed", error=type(error).__name__)
