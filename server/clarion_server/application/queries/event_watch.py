"""Follows events as they are committed: each once, in order, none missed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass, replace

from clarion_server.application.ports.queries import EventQuery
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.transactions import Transactions
from clarion_server.domain.errors import ResumeTokenExpired, Unavailable
from clarion_server.domain.event import Event

#: A position before every event that is still there.
FROM_START = -1
#: Seconds without an event after which a watcher is told that there was none.
HEARTBEAT = 15.0
#: How often, in seconds, watchers look for commits of other processes.
_LOOK_EVERY = 0.25
#: How long, in seconds, a watcher that was woken lets further commits come.
_GATHER = 0.02


@dataclass(frozen=True, slots=True)
class Watched:
    """What a watcher learns: an event, or that there was none, and the position from which to go on."""

    position: int
    event: Event | None = None


class CommitSignal:
    """Wakes whoever waits for something to be committed. Belongs to one event loop."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions
        self._committed = asyncio.Event()
        self.ended = False
        """True when this process is about to end, and commits nothing more."""

    def commit_happened(self) -> None:
        self._committed.set()
        self._committed = asyncio.Event()

    def end(self) -> None:
        """Nobody need wait any more."""
        self.ended = True
        self._committed.set()

    async def wait(self, mark: object, seconds: float) -> None:
        """Returns soon after the store no longer bears that change mark, or after that long, or at the end."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + seconds
        while not self.ended and (remaining := deadline - clock()) > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._committed.wait(), min(remaining, _LOOK_EVERY))
            if self._transactions.commit_version() != mark:
                # Commits come in bursts: one read for several of them.
                await asyncio.sleep(_GATHER)
                return


class EventWatch:
    def __init__(self, transactions: Transactions, signal: CommitSignal) -> None:
        self._transactions = transactions
        self._signal = signal

    def end(self) -> None:
        """Every watch, those to come included, ends as unavailable: another process goes on where it stopped."""
        self._signal.end()

    async def watch(self, query: EventQuery, start: int | None) -> AsyncGenerator[Watched]:
        """Goes on from the position `start`, from the oldest event there is where it is FROM_START, or from this moment
        where it is None. Ends with the process alone, and then raises Unavailable.

        Raises ResumeTokenExpired when events behind `start` were purged.
        """
        clock = asyncio.get_running_loop().time
        position = await self._transactions.read_events(lambda unit: _begin(unit, start))
        yield Watched(position)
        told = clock()
        while not self._signal.ended:
            mark = self._transactions.commit_version()
            events, position = await self._next(replace(query, after=position))
            for event in events:
                yield Watched(event.sequence, event)
            if events:
                told = clock()
            elif clock() - told >= HEARTBEAT:
                yield Watched(position)
                told = clock()
            else:
                await self._signal.wait(mark, HEARTBEAT - (clock() - told))
        raise Unavailable

    async def _next(self, query: EventQuery) -> tuple[list[Event], int]:
        """The next events, and the position behind everything that was looked at for them."""

        def look(unit: UnitOfWork) -> tuple[list[Event], int]:
            last = unit.events.last_sequence()
            events = unit.events.page(query)
            return events, events[-1].sequence if len(events) == query.limit else max(last, query.after)

        return await self._transactions.read_events(look)


def _begin(unit: UnitOfWork, start: int | None) -> int:
    if start is None:
        return unit.events.last_sequence()
    if start != FROM_START and start < unit.events.purged_through():
        raise ResumeTokenExpired
    return max(start, 0)
