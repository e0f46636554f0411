"""Gathers small writes into few commits.

A commit waits for the disk. The writes that arrive meanwhile go into the next commit together (Gawlick and Kinkade,
"Varieties of Concurrency Control in IMS/VS Fast Path", 1985). On a fast disk that makes many commits of a few writes
each, and every commit has costs besides the disk. So a commit is also delayed a little when many writes came at once
lately (the idea of PostgreSQL's `commit_delay` and `commit_siblings`). A lone write is committed at once.
"""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

from clarion_server.application.ports.metrics import Metrics
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.transactions import Transactions
from clarion_server.domain.errors import Overloaded, Unavailable

Item = TypeVar("Item")
Result = TypeVar("Result")

#: A commit has about this many rows at most: while it is written, the triggers of the one before are answered.
_ROWS_PER_COMMIT = 500
#: Is the longest delay of a commit, in seconds: for each write that the last commits had, and in all. Under load many
#: writes share a commit then, and without load nobody waits for long. Where a commit of many writes takes longer than
#: their delay, the next one is delayed for as long: writes come slowly to such a machine, too, and small commits would
#: keep it busy.
_DELAY_PER_WRITE, _MAX_DELAY = 0.0002, 0.006
#: From so many writes on the time of a commit counts.
_MANY = 4


class BulkOperation(ABC, Generic[Item, Result]):
    """Is a kind of write that is made for many items at once."""

    @abstractmethod
    def apply(self, unit: UnitOfWork, items: Sequence[Item], /) -> Sequence[Result]:
        """Writes the items, and returns a result for each, in their order. It is called on the writer's thread."""

    def committed(self, items: Sequence[Item], results: Sequence[Result], /) -> None:
        """Is called on the event loop as soon as the items are durable, before anybody is answered. Never raises."""

    def failed(self, item: Item, error: Exception, /) -> None:
        """Is called on the event loop when it is unknown whether the item was written. Never raises."""


class _Entry:
    """Is an item that waits for its commit."""

    __slots__ = ("future", "item", "operation", "weight")

    def __init__(
        self, operation: BulkOperation[Any, Any], item: Any, weight: int, future: asyncio.Future[Any] | None
    ) -> None:
        self.operation = operation
        self.item = item
        self.weight = weight
        self.future = future


class GroupCommit:
    """Gathers writes into few transactions. An instance belongs to one event loop."""

    def __init__(
        self,
        transactions: Transactions,
        on_commit: Callable[[], None],
        capacity: int,
        metrics: Metrics | None = None,
    ) -> None:
        self._metrics = metrics or Metrics()
        self._transactions = transactions
        self._on_commit = on_commit
        self._capacity = capacity
        self._weight = 0
        self._pending: deque[_Entry] = deque()
        self._flushing: asyncio.Task[None] | None = None
        self._estimator = _BatchEstimator()
        #: While a commit is delayed: how many entries it waits for, and the future that ends the delay.
        self._wanted = 0
        self._enough: asyncio.Future[None] | None = None

    @property
    def pending(self) -> int:
        """About how many rows wait for a commit."""
        return self._weight

    def check_capacity(self, weight: int) -> None:
        """Raises Overloaded when so many further rows would have to wait for too long."""
        if self._weight + weight > self._capacity:
            raise Overloaded

    def submit(self, operation: BulkOperation[Item, Result], item: Item, weight: int = 1) -> asyncio.Future[Result]:
        """Returns a future of the item's result, which is set when the item is durable. It may be cancelled: the item
        is written all the same. `weight` is about how many rows it writes.
        """
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._add(_Entry(operation, item, weight, future))
        return future

    def post(self, operation: BulkOperation[Item, Any], item: Item, weight: int = 1) -> None:
        """Does the same as `submit` for items about which only the operation itself has to know."""
        self._add(_Entry(operation, item, weight, None))

    async def drain(self) -> None:
        """Waits until nothing is pending."""
        while self._flushing is not None:
            await self._flushing

    def _add(self, entry: _Entry) -> None:
        self._pending.append(entry)
        self._weight += entry.weight
        if self._flushing is None:
            self._flushing = asyncio.create_task(self._flush())
        elif self._enough is not None and self._is_enough():
            _end_delay(self._enough)

    async def _flush(self) -> None:
        try:
            while self._pending:
                await self._gather()
                batch = self._next_batch()
                begun = time.monotonic()
                await self._commit(batch)
                self._estimator.record(len(batch) + len(self._pending), time.monotonic() - begun)
        finally:
            self._flushing = None

    async def _gather(self) -> None:
        """Delays the commit until as many entries wait as the last commits had, or until the longest delay is over."""
        self._wanted = self._estimator.expected
        if self._is_enough():
            return
        loop = asyncio.get_running_loop()
        self._enough = enough = loop.create_future()
        timer = loop.call_later(self._estimator.max_delay, _end_delay, enough)
        try:
            await enough
        finally:
            timer.cancel()
            self._enough = None

    def _is_enough(self) -> bool:
        return len(self._pending) >= self._wanted or self._weight >= _ROWS_PER_COMMIT

    def _next_batch(self) -> list[_Entry]:
        batch, rows = [], 0
        while self._pending and rows < _ROWS_PER_COMMIT:
            entry = self._pending.popleft()
            rows += entry.weight
            batch.append(entry)
        self._weight -= rows
        return batch

    async def _commit(self, batch: list[_Entry]) -> None:
        groups, begun = _by_operation(batch), time.monotonic()
        try:
            results = await self._transactions.write(lambda unit: _apply(unit, groups))
        except Unavailable as error:
            # No item is to blame, and it is unknown whether they were written. So none is tried again.
            for entry in batch:
                _fail(entry, error)
        except Exception as error:  # noqa: BLE001 - passed on to whoever waits for the item
            await self._commit_apart(batch, error)
        else:
            for (operation, entries), values in zip(groups, results, strict=True):
                operation.committed([entry.item for entry in entries], values)
                _answer(entries, values)
            self._on_commit()
            self._metrics.observe_commit(len(batch), time.monotonic() - begun)

    async def _commit_apart(self, batch: list[_Entry], error: Exception) -> None:
        """Commits each item by itself after a failure, so that a bad one fails no other."""
        if len(batch) == 1:
            _fail(batch[0], error)
            return
        for entry in batch:
            await self._commit([entry])


class _BatchEstimator:
    """Estimates how many entries the next commit will have."""

    def __init__(self) -> None:
        self._count = 0
        self._seconds = 0.0

    def record(self, count: int, seconds: float) -> None:
        """Records how many entries a commit had, together with those that arrived meanwhile, and how long it took."""
        # The estimate falls slowly, as one commit may just have come between two waves.
        self._count = max(count, (self._count + count) // 2)
        self._seconds = seconds

    @property
    def expected(self) -> int:
        """Returns as many as the last commits had: when they have all arrived, no further ones are expected."""
        return self._count

    @property
    def max_delay(self) -> float:
        of_writes = _DELAY_PER_WRITE * self._count
        return min(of_writes if self._count < _MANY else max(of_writes, self._seconds), _MAX_DELAY)


def _end_delay(enough: asyncio.Future[None]) -> None:
    if not enough.done():
        enough.set_result(None)


_Group = tuple[BulkOperation[Any, Any], list[_Entry]]


def _by_operation(batch: Iterable[_Entry]) -> list[_Group]:
    """Groups the entries in the order in which their operations first came."""
    groups: dict[int, _Group] = {}
    for entry in batch:
        key = id(entry.operation)
        if key not in groups:
            groups[key] = (entry.operation, [])
        groups[key][1].append(entry)
    return list(groups.values())


def _apply(unit: UnitOfWork, groups: Sequence[_Group]) -> list[Sequence[Any]]:
    return [operation.apply(unit, [entry.item for entry in entries]) for operation, entries in groups]


def _answer(entries: Sequence[_Entry], values: Sequence[Any]) -> None:
    for entry, value in zip(entries, values, strict=True):
        if entry.future is not None and not entry.future.done():
            entry.future.set_result(value)


def _fail(entry: _Entry, error: Exception) -> None:
    entry.operation.failed(entry.item, error)
    if entry.future is not None and not entry.future.done():
        entry.future.set_exception(error)
        # Whoever submitted the item may have gone. asyncio would write a traceback about what nobody reads.
        entry.future.exception()
