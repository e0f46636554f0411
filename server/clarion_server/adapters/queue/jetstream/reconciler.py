"""Publishes the names that a stream lacks.

The reconciler reads the queued messages from the store, the longest due first, and publishes their names. A stream
refuses a name that it has, so the reconciler stops at a page of which the stream had every name. Whatever a stream has
lost is found at the latest when it is the longest due.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog
from nats.errors import Error
from nats.js.errors import APIError

from clarion_server.adapters.queue.jetstream.connection import Connection
from clarion_server.adapters.queue.jetstream.publisher import BATCH, Publisher
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.queries import DueQuery, QueuedMessage
from clarion_server.application.transactions import Transactions
from clarion_server.domain.instant import HOUR, SECOND, Instant, Span
from clarion_server.domain.message import Lane

log = structlog.get_logger()

#: How long, in seconds, it waits after an unexpected error.
_PAUSE = 1.0


class Reconciler:
    """Serves one channel configuration in one lane. Belongs to one event loop."""

    def __init__(
        self,
        channel_key: int,
        lane: Lane,
        connection: Connection,
        publisher: Publisher,
        transactions: Transactions,
        clock: Clock,
    ) -> None:
        self._channel_key = channel_key
        self._lane = lane
        self._connection = connection
        self._publisher = publisher
        self._transactions = transactions
        self._clock = clock
        #: It has published what came due until then.
        self._published_until: Instant = clock.now()
        #: When the next message that waits for its time comes due.
        self._next_due: Instant = 0
        self._wants_look = True
        self._woken = asyncio.Event()
        self._closing = False
        self._task = asyncio.create_task(self._run())

    def wake(self, due_time: Instant) -> None:
        """Publishes what is due by then, when it is due."""
        if due_time <= self._clock.now():
            self._wants_look = True
        else:
            self._next_due = min(self._next_due, due_time)
        self._woken.set()

    def look(self) -> None:
        """Compares the store with the stream soon."""
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
                    await self._publish_due()
            except APIError:
                self._wants_look = True
            except (Error, OSError) as error:
                self._wants_look = True
                self._connection.suspect(error)
            except Exception as error:  # noqa: BLE001 - it tries again, whatever the reason
                self._wants_look = True
                log.warning("reconciling_failed", channel_key=self._channel_key, error=type(error).__name__)
                await asyncio.sleep(_PAUSE)

    async def _sleep(self) -> None:
        """Waits until it is woken or something comes due."""
        if self._wants_look and self._may_publish:
            return
        self._woken.clear()
        try:
            await asyncio.wait_for(self._woken.wait(), self._longest_sleep / SECOND)
        except TimeoutError:
            return

    @property
    def _may_publish(self) -> bool:
        return self._connection.is_up and not self._publisher.is_refused

    @property
    def _longest_sleep(self) -> Span:
        if self._may_publish:
            return max(0, self._next_due - self._clock.now())
        return SECOND if self._connection.is_up else HOUR

    async def _publish_due(self) -> None:
        now = self._clock.now()
        if self._wants_look:
            # Cleared first: whoever asks while the names are published wants another look.
            self._wants_look = False
            await self._publish_missing(now)
        if self._next_due <= now:
            await self._publish_newly_due(now)
        self._published_until = now
        # Set before the read: whoever wakes it during the read knows better.
        self._next_due = now + HOUR
        self._next_due = min(await self._next_due_time(now), self._next_due)

    async def _publish_missing(self, now: Instant) -> None:
        """Starts with the longest due, and stops at a page of which the stream had every name."""
        query = DueQuery(self._channel_key, self._lane, until=now, limit=BATCH)
        missing = 0
        while page := await self._page(query):
            stored = await self._publish(page)
            missing += stored
            if not stored or len(page) < BATCH:
                break
            query = query.after_last(page[-1])
        if missing:
            log.info("queue_reconciled", channel_key=self._channel_key, lane=self._lane.name, messages=missing)

    async def _publish_newly_due(self, now: Instant) -> None:
        """Publishes what has come due since the last time. Messages that were due at once have been published then."""
        query = DueQuery(self._channel_key, self._lane, until=now, limit=BATCH, after=(self._published_until, ""))
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
        layout = self._connection.layout
        return await self._publisher.publish(
            [layout.subject(self._lane, self._channel_key, message.id) for message in messages]
        )

    async def _next_due_time(self, now: Instant) -> Instant:
        due = await self._transactions.read(
            lambda unit: unit.messages.next_due_time(self._channel_key, [self._lane], now)
        )
        return now + HOUR if due is None else due
