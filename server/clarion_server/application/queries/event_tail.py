"""Reads new events once for all watchers of a process."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace

import structlog

from clarion_server.application.ports.queries import EventQuery
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.queries.campaign_labels import CampaignLabels, LabelLook
from clarion_server.application.queries.commit_signal import CommitSignal
from clarion_server.application.transactions import Transactions
from clarion_server.domain.errors import Unavailable
from clarion_server.domain.events.event import Event

log = structlog.get_logger()

#: One read returns at most this many events.
_PAGE = 500
#: The tail remembers this many events, for watchers that join it a little behind.
_REMEMBERED = 1_000
#: At most this many events wait for a watcher. One that takes them more slowly falls behind, and reads them from the
#: store.
MAX_WAITING = 1_000


class EventFollower:
    """Receives from the tail what one watcher is to see."""

    def __init__(self, query: EventQuery, labels: CampaignLabels) -> None:
        self.query = query
        self._labels = labels
        self._waiting: list[Event] = []
        self._is_changed = asyncio.Event()
        self.is_behind = False
        """True when events were not kept for this watcher: it must read them from the store."""
        self.has_failed = False
        """True when the tail has ended, because the store did not answer."""

    def deliver(self, events: Iterable[Event]) -> None:
        """Keeps the events that the watcher is to see."""
        matching = [event for event in events if self.query.matches(event)]
        if matching and not self.is_behind:
            self._waiting += matching
            if len(self._waiting) > MAX_WAITING:
                self.fall_behind()
            self.wake()

    def sees(self, event: Event) -> bool:
        """Returns whether the labels of what the event belongs to let the watcher see it now."""
        return not self._labels.hides(event, self.query.visibility)

    def fall_behind(self) -> None:
        self.is_behind = True
        self._waiting.clear()

    def wake(self) -> None:
        self._is_changed.set()

    def take(self) -> list[Event]:
        """Removes and returns the events that wait."""
        events, self._waiting = self._waiting, []
        self._is_changed.clear()
        return events

    async def wait(self, seconds: float) -> None:
        """Returns when there may be events, when the tail has ended, or after that long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._is_changed.wait()


class EventTail:
    """Runs while somebody follows it. Belongs to one event loop."""

    def __init__(self, transactions: Transactions, signal: CommitSignal) -> None:
        self._transactions = transactions
        self._signal = signal
        self._followers: set[EventFollower] = set()
        self._labels = CampaignLabels()
        self._recent: deque[Event] = deque()
        #: All events behind this position, up to `position`, are among the recent ones.
        self._reaches_back_to = 0
        self.position = 0
        """The tail has read every event up to this position."""
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def follow(self, query: EventQuery, position: int) -> Iterator[EventFollower]:
        """Follows the tail from a position on. A follower is behind at once if the tail does not reach back so far."""
        if self._task is None:
            self._recent.clear()
            self._reaches_back_to = self.position = position
            self._task = asyncio.create_task(self._run())
        follower = EventFollower(replace(query, after=position), self._labels)
        if position < self._reaches_back_to:
            follower.fall_behind()
        else:
            follower.deliver(self._recent)
        self._followers.add(follower)
        try:
            yield follower
        finally:
            self._followers.discard(follower)
            if not self._followers:
                self._stop()

    def wake_all(self) -> None:
        """Lets every watcher see that the process ends."""
        for follower in self._followers:
            follower.wake()

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _run(self) -> None:
        try:
            while not self._signal.ended and self._task is asyncio.current_task():
                version = self._transactions.commit_version()
                events, position, look = await self._transactions.read_events(self._read)
                self._labels.learn(look)
                self._deliver(events, position)
                if len(events) < _PAGE:
                    await self._signal.wait(version)
        except Unavailable:
            self._fail()
        except Exception:
            log.exception("event_tail_failed")
            self._fail()

    def _read(self, unit: UnitOfWork) -> tuple[list[Event], int, LabelLook]:
        # Read first: whatever is committed later is read the next time.
        last = unit.events.last_sequence()
        events = unit.events.tail(self.position, _PAGE)
        # In the same snapshot: an event that was committed after its campaign got labels comes with these labels.
        look = self._labels.look(unit, events)
        return events, events[-1].sequence if len(events) == _PAGE else max(last, self.position), look

    def _deliver(self, events: Sequence[Event], position: int) -> None:
        self.position = position
        self._recent.extend(events)
        while len(self._recent) > _REMEMBERED:
            self._reaches_back_to = self._recent.popleft().sequence
        for follower in self._followers:
            follower.deliver(events)

    def _fail(self) -> None:
        """Ends every watch as unavailable. The next one starts the tail again."""
        self._task = None
        for follower in self._followers:
            follower.has_failed = True
            follower.wake()
