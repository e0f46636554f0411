"""What is done behind the scenes, a little at a time: finding stays fast, and what has been kept long enough goes.

One process of those that share a store does it. Each transaction is small, and after each the housekeeper rests for a
multiple of the time that it took: it never has more than a share of the store, and less the busier the store is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress

import structlog

from clarion_server.application.maintenance.retention import Purging, Retention
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.transactions import Transactions

log = structlog.get_logger()

#: Seconds between rounds in which there was nothing to do.
EVERY = 5.0
#: How many rows a transaction moves or deletes: few milliseconds' work, as triggers wait for it.
BATCH = 100
#: How long the housekeeper rests, in times of what a transaction took, the wait for its turn included.
_REST = 4.0


class Housekeeper:
    def __init__(self, transactions: Transactions, clock: Clock, process_id: str, retention: Retention) -> None:
        self._transactions = transactions
        self._clock = clock
        self._process_id = process_id
        self._purging = Purging(retention)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def keep_house(self) -> None:
        """One round: until nothing is left to do, or another process is the one to do it."""
        clock = asyncio.get_running_loop().time
        for step in self._steps():
            count = BATCH
            while count:
                begin = clock()
                count = await self._transactions.write(lambda unit, step=step: self._do(unit, step))  # type: ignore[misc] # binds the loop's value
                await asyncio.sleep((clock() - begin) * _REST)

    def _steps(self) -> Iterator[Callable[[UnitOfWork], int]]:
        yield lambda unit: unit.messages.tidy(BATCH)
        yield from self._purging.steps(self._clock.now(), BATCH)

    def _do(self, unit: UnitOfWork, step: Callable[[UnitOfWork], int]) -> int:
        """The step, where it is this process's to do."""
        live = unit.processes.live(self._clock.now())
        return step(unit) if self._process_id == min(live, default="") else 0

    async def _run(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.sleep(EVERY)
            try:
                await self.keep_house()
            except Exception as error:  # noqa: BLE001 - whatever it is, the next round comes
                log.warning("housekeeping_failed", error=type(error).__name__)
