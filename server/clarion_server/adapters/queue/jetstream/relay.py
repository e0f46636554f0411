"""Puts into the streams what they lack: the store has the truth.

It walks the queue of the store, the longest due first, and publishes every name. A stream refuses what it has, so a
walk ends where a whole page was there already. Whatever a stream has lost is found at the latest when it is the longest
due.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from clarion_server.adapters.queue.jetstream.layout import Layout
from clarion_server.adapters.queue.jetstream.link import Link, LinkDown, Refused
from clarion_server.adapters.queue.jetstream.outbox import BATCH, Outbox, Publication
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.queries import DueQuery, QueuedMessage
from clarion_server.application.transactions import Transactions
from clarion_server.domain.instant import HOUR, SECOND, Instant, Span
from clarion_server.domain.message import Lane

log = structlog.get_logger()

#: After a fault.
_PAUSE = 1.0


class Relay:
    """Of one channel configuration in one lane. Belongs to one event loop."""

    def __init__(
        self,
        channel_key: int,
        lane: Lane,
        layout: Layout,
        link: Link,
        outbox: Outbox,
        transactions: Transactions,
        clock: Clock,
    ) -> None:
        self._channel_key = channel_key
        self._lane = lane
        self._layout = layout
        self._link = link
        self._outbox = outbox
        self._transactions = transactions
        self._clock = clock
        self._relayed_until: Instant = clock.now()
        #: When something that waits for its time comes due.
        self._next_due: Instant = 0
        self._wants_look = True
        self._woken = asyncio.Event()
        self._closing = False
        self._task = asyncio.create_task(self._run())

    def wake(self, due_time: Instant) -> None:
        if due_time <= self._clock.now():
            self._wants_look = True
        else:
            self._next_due = min(self._next_due, due_time)
        self._woken.set()

    def look(self) -> None:
        self._wants_look = True
        self._woken.set()

    async def close(self) -> None:
        self._closing = True
        self._woken.set()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while not self._closing:
            try:
                await self._sleep()
                if self._may_publish and not self._closing:
                    await self._relay()
            except Refused:
                self._wants_look = True
            except LinkDown as error:
                self._wants_look = True
                self._link.suspect(error)
            except Exception as error:  # noqa: BLE001 - whatever it is, the next look comes
                self._wants_look = True
                log.warning("relaying_failed", channel_key=self._channel_key, error=type(error).__name__)
                await asyncio.sleep(_PAUSE)

    async def _sleep(self) -> None:
        """Until somebody asks, or something comes due."""
        if self._wants_look and self._may_publish:
            return
        self._woken.clear()
        try:
            await asyncio.wait_for(self._woken.wait(), self._longest_sleep / SECOND)
        except TimeoutError:
            return

    @property
    def _may_publish(self) -> bool:
        return self._link.is_up and not self._outbox.is_refused

    @property
    def _longest_sleep(self) -> Span:
        if self._may_publish:
            return max(0, self._next_due - self._clock.now())
        return SECOND if self._link.is_up else HOUR

    async def _relay(self) -> None:
        now = self._clock.now()
        if self._wants_look:
            # Cleared before the walk: who asks during it wants another one.
            self._wants_look = False
            await self._walk(now)
        if self._next_due <= now:
            await self._relay_newly_due(now)
        self._relayed_until = now
        # Whoever wakes during the look knows better than it.
        self._next_due = now + HOUR
        self._next_due = min(await self._time_of_next(now), self._next_due)

    async def _walk(self, now: Instant) -> None:
        """From the longest due on, until a page has nothing new."""
        query = DueQuery(self._channel_key, self._lane, until=now, limit=BATCH)
        put_back = 0
        while page := await self._page(query):
            stored = await self._publish(page)
            put_back += stored
            if not stored or len(page) < BATCH:
                break
            query = query.after_last(page[-1])
        if put_back:
            log.info("queue_relayed", channel_key=self._channel_key, lane=self._lane.name, messages=put_back)

    async def _relay_newly_due(self, now: Instant) -> None:
        """What has come due since the last time. What was due on acceptance was published then."""
        query = DueQuery(self._channel_key, self._lane, until=now, limit=BATCH, after=(self._relayed_until, ""))
        while page := await self._page(query):
            waited = [message for message in page if message.due_time != message.accept_time]
            if waited:
                await self._publish(waited)
            if len(page) < BATCH:
                break
            query = query.after_last(page[-1])

    async def _page(self, query: DueQuery) -> list[QueuedMessage]:
        return [] if self._closing else await self._transactions.read(lambda unit: unit.messages.queued(query))

    async def _publish(self, messages: Sequence[QueuedMessage]) -> int:
        subjects = [self._layout.subject(self._lane, self._channel_key, message.id) for message in messages]
        return await self._outbox.publish([Publication(subject, None) for subject in subjects])

    async def _time_of_next(self, now: Instant) -> Instant:
        due = await self._transactions.read(
            lambda unit: unit.messages.next_due_time(self._channel_key, [self._lane], now)
        )
        return now + HOUR if due is None else due
