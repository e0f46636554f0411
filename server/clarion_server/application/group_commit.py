"""Gathers small writes into few commits.

A commit waits for the disk; while it does, what arrives gathers and goes into the next one. There is no timer: a lone
write is committed at once, and under load each commit carries as many as came during the one before (Gawlick and
Kinkade, "Varieties of Concurrency Control in IMS/VS Fast Path", 1985).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.transactions import Transactions
from clarion_server.domain.errors import Overloaded

Item = TypeVar("Item")
Result = TypeVar("Result")

#: Applies many items in one unit of work, and returns a result for each, in their order.
BulkOperation = Callable[[UnitOfWork, Sequence[Item]], Sequence[Result]]

_Entry = tuple[Any, asyncio.Future[Any]]
_Batch = dict[BulkOperation[Any, Any], list[_Entry]]


class GroupCommit:
    """Belongs to one event loop."""

    def __init__(self, transactions: Transactions, on_commit: Callable[[], None], capacity: int) -> None:
        self._transactions = transactions
        self._on_commit = on_commit
        self._capacity = capacity
        self._weight = 0
        self._pending: _Batch = {}
        self._flushing: asyncio.Task[None] | None = None

    def check_room(self, weight: int) -> None:
        """Raises Overloaded when that many rows more would be too many to wait for."""
        if self._weight + weight > self._capacity:
            raise Overloaded

    def submit(self, operation: BulkOperation[Item, Result], item: Item, weight: int = 1) -> asyncio.Future[Result]:
        """The result, once it is durable. `weight` is about how many rows the item writes."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._pending.setdefault(operation, []).append((item, future))
        self._weight += weight
        if self._flushing is None:
            self._flushing = asyncio.create_task(self._flush())
        return future

    async def drained(self) -> None:
        """Returns when nothing is pending."""
        while self._flushing is not None:
            await self._flushing

    async def _flush(self) -> None:
        try:
            while self._pending:
                batch, self._pending, self._weight = self._pending, {}, 0
                await self._commit(batch)
        finally:
            self._flushing = None

    async def _commit(self, batch: _Batch) -> None:
        try:
            results = await self._transactions.write(lambda unit: _apply(unit, batch))
        except Exception as error:  # noqa: BLE001 - handed on to whoever waits
            await self._commit_apart(batch, error)
        else:
            for entries, values in zip(batch.values(), results, strict=True):
                _resolve(entries, values)
        self._on_commit()

    async def _commit_apart(self, batch: _Batch, error: Exception) -> None:
        """After a failure each item stands alone, so that a bad one fails no other."""
        alone = sum(map(len, batch.values())) == 1
        for operation, entries in batch.items():
            for entry in entries:
                if alone:
                    _reject(entry, error)
                else:
                    await self._commit({operation: [entry]})


def _apply(unit: UnitOfWork, batch: _Batch) -> list[Sequence[Any]]:
    return [operation(unit, [item for item, _ in entries]) for operation, entries in batch.items()]


def _resolve(entries: Sequence[_Entry], values: Sequence[Any]) -> None:
    for (_, future), value in zip(entries, values, strict=True):
        if not future.done():
            future.set_result(value)


def _reject(entry: _Entry, error: Exception) -> None:
    if not entry[1].done():
        entry[1].set_exception(error)
