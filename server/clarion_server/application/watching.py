"""Follows events as they are committed: each once, in order, none missed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, replace

from clarion_server.application.ports.queries import EventQuery
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.transactions import Transactions
from clarion_server.domain.message import Event

#: Seconds without an event after which a watcher is told that there was none.
HEARTBEAT = 15.0
#: How often, in seconds, watchers look for commits of other processes.
_LOOK_EVERY = 0.25


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

    def commit_happened(self) -> None:
        self._committed.set()
        self._committed = asyncio.Event()

    async def wait(self, mark: object, timeout: float) -> None:
        """Returns soon after the store no longer bears that change mark, or after `timeout` seconds."""
        deadline = asyncio.get_running_loop().time() + timeout
        while (remaining := deadline - asyncio.get_running_loop().time()) > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._committed.wait(), min(remaining, _LOOK_EVERY))
            if self._transactions.change_mark() != mark:
                return


class Watching:
    def __init__(self, transactions: Transactions, signal: CommitSignal) -> None:
        self._transactions = transactions
        self._signal = signal

    async def watch(self, query: EventQuery, from_start: bool) -> AsyncIterator[Watched]:
        """Never ends by itself. `query.after` is where to begin; 0: with the oldest event, or with this moment."""
        position = query.after
        if position == 0 and not from_start:
            position = await self._transactions.read(lambda unit: unit.events.last_sequence())
        yield Watched(position)
        while True:
            mark = self._transactions.change_mark()
            events, position = await self._next(replace(query, after=position))
            for event in events:
                yield Watched(event.sequence, event)
            if not events:
                yielded_at = asyncio.get_running_loop().time()
                await self._signal.wait(mark, HEARTBEAT)
                if asyncio.get_running_loop().time() - yielded_at >= HEARTBEAT:
                    yield Watched(position)

    async def _next(self, query: EventQuery) -> tuple[list[Event], int]:
        """The next events, and the position behind everything that was looked at for them."""

        def look(unit: UnitOfWork) -> tuple[list[Event], int]:
            last = unit.events.last_sequence()
            events = unit.events.page(query)
            return events, events[-1].sequence if len(events) == query.limit else max(last, query.after)

        return await self._transactions.read(look)
