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
from clarion_server.domain.events.event import Event

#: Is a position before every event that is still there.
FROM_START = -1
#: After so many seconds without an event a watcher is told that there was none.
HEARTBEAT = 15.0
#: Says how many seconds events that were read may wait for a slow watcher before it is asked whether labels have
#: changed.
_LABELS_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Watched:
    """Is an event, or a sign that there was none, with the position from which to go on."""

    position: int
    event: Event | None = None


@dataclass(slots=True)
class _Page:
    """Events that a watcher is to see by the access labels at one moment."""

    events: list[Event]
    position: int
    """Behind everything that was looked at for them."""
    change_count: int
    check_time: float


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
                page = await self._page(replace(query, after=position))
                is_behind = len(page.events) == query.limit
                for event in page.events:
                    if await self._is_outdated(page):
                        is_behind = True
                        break
                    yield Watched(event.sequence, event)
                    position = event.sequence
                else:
                    position = page.position
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
            for event in follower.take():
                # Asked now: the watcher may have taken its time, in which the labels of a campaign changed.
                if follower.sees(event):
                    yield Watched(event.sequence, event)
                    yielded = clock()
            if clock() - yielded >= HEARTBEAT:
                yield Watched(max(self._tail.position, follower.query.after))
                yielded = clock()
            else:
                await follower.wait(HEARTBEAT - (clock() - yielded))

    async def _page(self, query: EventQuery) -> _Page:
        check_time = asyncio.get_running_loop().time()

        def read(unit: UnitOfWork) -> _Page:
            last = unit.events.last_sequence()
            events = unit.events.page(query)
            position = events[-1].sequence if len(events) == query.limit else max(last, query.after)
            return _Page(events, position, unit.access_labels.change_count(), check_time)

        return await self._transactions.read_events(read)

    async def _is_outdated(self, page: _Page) -> bool:
        """Returns whether access labels have changed since the page was read, which is looked up from time to time."""
        now = asyncio.get_running_loop().time()
        if now - page.check_time < _LABELS_SECONDS:
            return False
        page.check_time = now
        return page.change_count != await self._transactions.read(lambda unit: unit.access_labels.change_count())


def _begin(unit: UnitOfWork, start: int | None) -> int:
    if start is None:
        return unit.events.last_sequence()
    if start != FROM_START and start < unit.events.purged_through():
        raise ResumeTokenExpired
    # A position beyond the last event is of another store, and would keep the tail waiting for events of years to come.
    # The watermark is no measure of that, as it may be lower than when the position was given.
    return max(min(start, unit.events.newest_sequence()), 0)
