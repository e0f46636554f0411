"""Follows events as they are committed: each once, in order, none missed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace

from clarion_server.application.ports.queries import EventQuery
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.queries.commit_signal import CommitSignal
from clarion_server.application.queries.event_tail import EventFollower, EventTail
from clarion_server.application.transactions import Transactions
from clarion_server.domain.errors import ResumeTokenExpired, Unavailable
from clarion_server.domain.event import Event

#: A position before every event that is still there.
FROM_START = -1
#: After so many seconds without an event a watcher is told that there was none.
HEARTBEAT = 15.0


@dataclass(frozen=True, slots=True)
class Watched:
    """An event, or the news that there was none, and the position from which to go on."""

    position: int
    event: Event | None = None


class EventWatch:
    """Reads pages from the store for a watcher that is behind, and lets it follow the tail when it has caught up."""

    def __init__(self, transactions: Transactions, signal: CommitSignal) -> None:
        self._transactions = transactions
        self._signal = signal
        self._tail = EventTail(transactions, signal)

    def end(self) -> None:
        """Ends every watch, those to come included, as unavailable: another process goes on where it stopped."""
        self._signal.end()
        self._tail.wake_all()

    async def watch(self, query: EventQuery, start: int | None) -> AsyncGenerator[Watched]:
        """Goes on from the position `start`, from the oldest event there is where it is FROM_START, or from this moment
        where it is None. Ends with the process alone, and then raises Unavailable.

        Raises ResumeTokenExpired when events behind `start` were purged.
        """
        position = await self._transactions.read_events(lambda unit: _begin(unit, start))
        yield Watched(position)
        is_behind = start is not None
        while not self._signal.ended:
            if is_behind:
                events, position = await self._page(replace(query, after=position))
                is_behind = len(events) == query.limit
                for event in events:
                    yield Watched(event.sequence, event)
                continue
            with self._tail.follow(query, position) as follower:
                async for watched in self._follow(follower):
                    yield watched
                    position = watched.position
            is_behind = True
        raise Unavailable

    async def _follow(self, follower: EventFollower) -> AsyncGenerator[Watched]:
        """Yields what the tail brings, until the watcher is behind or the process ends."""
        clock = asyncio.get_running_loop().time
        yielded = clock()
        while not (follower.is_behind or self._signal.ended):
            if follower.has_failed:
                raise Unavailable
            events = follower.take()
            for event in events:
                yield Watched(event.sequence, event)
            if events:
                yielded = clock()
            elif clock() - yielded >= HEARTBEAT:
                yield Watched(max(self._tail.position, follower.query.after))
                yielded = clock()
            else:
                await follower.wait(HEARTBEAT - (clock() - yielded))

    async def _page(self, query: EventQuery) -> tuple[list[Event], int]:
        """Returns the next events, and the position behind everything that was looked at for them."""

        def read(unit: UnitOfWork) -> tuple[list[Event], int]:
            last = unit.events.last_sequence()
            events = unit.events.page(query)
            return events, events[-1].sequence if len(events) == query.limit else max(last, query.after)

        return await self._transactions.read_events(read)


def _begin(unit: UnitOfWork, start: int | None) -> int:
    if start is None:
        return unit.events.last_sequence()
    if start != FROM_START and start < unit.events.purged_through():
        raise ResumeTokenExpired
    # A position beyond the last event is of another store, and would keep the tail waiting for events of years to come.
    # The watermark is no measure of that, as it may be lower than when the position was given.
    return max(min(start, unit.events.newest_sequence()), 0)
