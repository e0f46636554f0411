"""Runs units of work for a single event loop without ever blocking it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from functools import partial
from typing import Any, TypeVar

from clarion_server.application.lagging_commits import LaggingCommits
from clarion_server.application.ports.store import Store, StoreUnavailable, UnitOfWork, WriteConflict
from clarion_server.application.store_troubles import StoreTroubles
from clarion_server.domain.errors import Unavailable

T = TypeVar("T")

#: Says how many reads may use the store at the same time. Further ones wait.
READERS = 4
#: Says how many steps of long reads may run at the same time, on threads of their own: other reads never wait for them.
LONG_READERS = 2
#: Says how many times a write is tried while transactions of other processes conflict with it.
ATTEMPTS = 5
#: After so many interactive writes a bulk step goes next although more of them wait, so that bulk work always advances.
INTERACTIVE_PER_BULK_STEP = 4
#: After each step, bulk work rests for so many times the step's duration unless the step says otherwise: it has a fifth
#: of the store at most, which also leaves room for the writes of other processes. Long reads do so while others write.
_REST = 4.0
#: The same while nobody else writes.
_REST_ALONE = 0.25
#: No rest is longer, in seconds: a step that took long has mostly waited, and callers wait for the next one.
_LONGEST_REST = 1.0
#: For so many seconds after an interactive write, others are to be expected.
_BUSY = 1.0


class Transactions:
    """Runs writes on one thread, one after the other, and reads on a few."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._writer = ThreadPoolExecutor(1, "store-writer")
        self._readers = ThreadPoolExecutor(READERS, "store-reader")
        self._long_readers = ThreadPoolExecutor(LONG_READERS, "store-long-reader")
        self._turns = _WriteTurns()
        self._lagging = LaggingCommits(self._make_durable)
        self.failure_count = 0
        """Counts the reads and writes that the store did not answer."""
        self._troubles = StoreTroubles()

    async def write(
        self,
        work: Callable[[UnitOfWork], T],
        *,
        bulk: bool = False,
        rest: float = _REST,
        durable_later: bool = False,
    ) -> T:
        """Runs `work` in a transaction of its own and commits it. Rolls back when `work` raises.

        Repeats `work` after a WriteConflict, and raises Unavailable when every one of ATTEMPTS met one. This is the
        only place that repeats a write: a use case states its changes once.

        `bulk` marks one step of a large piece of work. A step goes after the interactive writes that wait, and only one
        is under way at a time, so an interactive write never waits for more than one. A step should take a few
        milliseconds. Bulk work rests after it, for `rest` times as long as it took, and for a second at most.

        `durable_later` is for steps that may be undone by a crash of the machine, because whoever made them makes them
        again from what the store has then (`Store.begin`). They do not hold up others by a sync of their own. Before
        the result of such steps is told to anybody, `await_durable`.
        """
        async with self._turns.bulk(rest) if bulk else self._turns.interactive():
            number = self._lagging.begin(durable_later=durable_later)
            result = await self._run(self._writer, lambda: self._commit(work, durable_later=durable_later))
        if not durable_later:
            self._lagging.durable(number)
        if self._troubles.reasons:
            self._troubles.end()
        return result

    async def read(self, work: Callable[[UnitOfWork], T]) -> T:
        """Runs `work` on one consistent state. It must not change anything."""
        return await self._run(self._readers, lambda: _read(self._store.snapshot(), work))

    @asynccontextmanager
    async def long_read(self) -> AsyncIterator[LongRead]:
        """Opens one consistent state that is read in many steps. It holds up no writer, and gives way to interactive
        writes: a step should take a few milliseconds.

        While it is open the database keeps all that is changed or deleted, so it should be open for minutes at most.
        """
        snapshot, unit = await self._run(self._long_readers, lambda: _entered(self._store.snapshot()))
        read = LongRead(snapshot, unit, partial(self._run, self._long_readers), self._turns)
        try:
            yield read
        finally:
            await asyncio.shield(self._run(self._long_readers, read.close))

    async def read_events(self, work: Callable[[UnitOfWork], T]) -> T:
        """Does the same as `read` for a watcher, whose pages of events must pass none that is still being committed.

        Returns when all that was read is durable: after a crash of the machine other events have the same places.
        """
        result = await self._run(self._readers, lambda: _read(self._store.event_snapshot(), work))
        await self.await_durable()
        return result

    async def await_durable(self) -> None:
        """Returns when all that this process has committed by now is durable. Raises Unavailable."""
        await self._lagging.wait(patiently=self.is_busy)

    async def scrub(self) -> bool:
        """Does what `Store.scrub` does. It goes like one step of bulk work."""
        async with self._turns.bulk(_REST):
            return await self._run(self._writer, self._store.scrub)

    @property
    def are_serial(self) -> bool:
        """Returns whether what a write has read is still so when it commits (`Store.serialises_writes`)."""
        return self._store.serialises_writes

    @property
    def is_busy(self) -> bool:
        """Returns whether interactive writes are to be expected, as there was one a moment ago."""
        return self._turns.is_busy

    @property
    def usual_rest(self) -> float:
        """Returns how long steps of imports rest: they hurry while nobody else writes."""
        return _REST if self.is_busy else _REST_ALONE

    @property
    def interactive_writes(self) -> int:
        """Returns the number of interactive writes that wait or run."""
        return self._turns.interactive_count

    def commit_version(self) -> object:
        """Returns a value that differs from an earlier one when any process has committed something in between."""
        try:
            return self._store.commit_version()
        except StoreUnavailable as error:
            self._report(str(error) or "It does not answer.")
            raise Unavailable from error

    def close(self) -> None:
        """Waits for the transactions under way."""
        if self._lagging.stop():
            self._writer.submit(self._commit, _nothing)
        self._writer.shutdown()
        self._readers.shutdown()
        self._long_readers.shutdown()

    async def _make_durable(self) -> None:
        """Commits nothing, and thereby makes durable what was committed before. It is no sign that somebody is busy."""
        number = self._lagging.begin(durable_later=False)
        await self._run(self._writer, lambda: self._commit(_nothing))
        self._lagging.durable(number)

    def _commit(self, work: Callable[[UnitOfWork], T], *, durable_later: bool = False) -> T:
        for _ in range(ATTEMPTS):
            with suppress(WriteConflict):
                return self._commit_once(work, durable_later)
        raise Unavailable

    def _commit_once(self, work: Callable[[UnitOfWork], T], durable_later: bool) -> T:
        with self._store.begin(durable_later=durable_later) as unit:
            result = work(unit)
            unit.commit()
        return result

    async def _run(self, threads: ThreadPoolExecutor, call: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(threads, call)
        except StoreUnavailable as error:
            self._report(str(error) or "It does not answer.")
            raise Unavailable from error

    def _report(self, reason: str) -> None:
        self.failure_count += 1
        self._troubles.report(reason)


def _nothing(_unit: UnitOfWork) -> None:
    pass


def _read(snapshot: AbstractContextManager[UnitOfWork], work: Callable[[UnitOfWork], T]) -> T:
    with snapshot as unit:
        return work(unit)


def _entered(
    snapshot: AbstractContextManager[UnitOfWork],
) -> tuple[AbstractContextManager[UnitOfWork], UnitOfWork]:
    return snapshot, snapshot.__enter__()


class LongRead:
    """One consistent state, which is read in steps. One step runs at a time."""

    def __init__(
        self,
        snapshot: AbstractContextManager[UnitOfWork],
        unit: UnitOfWork,
        run: Callable[[Callable[[], Any]], Awaitable[Any]],
        turns: _WriteTurns,
    ) -> None:
        self._snapshot = snapshot
        self._unit = unit
        self._run = run
        self._turns = turns
        self._is_open = True

    async def read(self, work: Callable[[UnitOfWork], T]) -> T:
        """Runs `work`, which must not change anything. When it raises, the state is closed.

        Rests after each step while others write, since a step of Python slows other threads.
        """
        clock = asyncio.get_running_loop().time
        begin = clock()
        result: T = await self._run(lambda: self._step(work))
        if self._turns.is_busy:
            await asyncio.sleep(min(_REST * (clock() - begin), _LONGEST_REST))
        return result

    def close(self) -> None:
        """Ends the snapshot, unless it has ended. Blocks."""
        if self._is_open:
            self._is_open = False
            self._snapshot.__exit__(None, None, None)

    def _step(self, work: Callable[[UnitOfWork], T]) -> T:
        try:
            return work(self._unit)
        except BaseException as error:
            self._is_open = False
            # The store translates the database's errors where the snapshot ends.
            self._snapshot.__exit__(type(error), error, error.__traceback__)
            raise


class _BulkKind:
    """Is bulk work that rests equally long. Its steps go in their order."""

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self.rest_until = 0.0


class _WriteTurns:
    """Decides when bulk steps go to the writer's thread. Interactive writes go there at once."""

    def __init__(self) -> None:
        self.interactive_count = 0
        self._finished = 0
        self._step = asyncio.Lock()
        #: The kinds of bulk work, by how long they rest: none holds up another one while it rests.
        self._kinds: dict[float, _BulkKind] = {}
        self._busy_until = 0.0
        #: Set whenever an interactive write ends.
        self._ended = asyncio.Event()

    @asynccontextmanager
    async def interactive(self) -> AsyncIterator[None]:
        self.interactive_count += 1
        try:
            yield
        finally:
            self.interactive_count -= 1
            self._finished += 1
            self._busy_until = asyncio.get_running_loop().time() + _BUSY
            self._ended.set()

    @property
    def is_busy(self) -> bool:
        return self.interactive_count > 0 or asyncio.get_running_loop().time() < self._busy_until

    @asynccontextmanager
    async def bulk(self, rest: float) -> AsyncIterator[None]:
        clock = asyncio.get_running_loop().time
        kind = self._kinds.setdefault(rest, _BulkKind())
        async with kind.turn:
            await asyncio.sleep(kind.rest_until - clock())
            async with self._step:
                await self._turn()
                begin = clock()
                try:
                    yield
                finally:
                    kind.rest_until = clock() + min(rest * (clock() - begin), _LONGEST_REST)

    async def _turn(self) -> None:
        latest = self._finished + INTERACTIVE_PER_BULK_STEP
        while self.interactive_count and self._finished < latest:
            self._ended.clear()
            await self._ended.wait()
