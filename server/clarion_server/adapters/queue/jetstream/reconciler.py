"""Publishes the names that a stream lacks.

The reconciler reads the queued messages from the store, the longest due first, and publishes their names. A stream
refuses a name that it has, so the reconciler stops at a page of which the stream had every name. Whatever a stream has
lost, and whatever has come due since it was queued, is found at the latest when it is the longest due.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog
from nats.errors import Error
from nats.js.errors import APIError

from clarion_server.adapters.queue.jetstream.cancellation import cancel
from clarion_server.adapters.queue.jetstream.connection import Connection
from clarion_server.adapters.queue.jetstream.publisher import BATCH, Publisher
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.queries import DueQuery, QueuedMessage
from clarion_server.application.transactions import Transactions
from clarion_server.domain.messages.message import Lane

log = structlog.get_logger()

#: Says how long, in seconds, it rests between two comparisons.
_REST = 1.0


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
        self._running: asyncio.Task[None] | None = None
        self._rest_until = 0.0

    def start(self) -> None:
        """Compares the store with the stream, unless that goes on or was done a moment ago."""
        rests = asyncio.get_running_loop().time() < self._rest_until
        if not rests and (self._running is None or self._running.done()):
            self._running = asyncio.create_task(self._run())

    async def close(self) -> None:
        await cancel(self._running)

    async def _run(self) -> None:
        try:
            await self._publish_missing()
        except APIError:
            # The stream is full. The publisher has said so, and messages are claimed from the store.
            return
        except (Error, OSError) as error:
            self._connection.suspect(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next claim starts it again
            log.warning("reconciling_failed", channel_key=self._channel_key, error=type(error).__name__)
        finally:
            self._rest_until = asyncio.get_running_loop().time() + _REST

    async def _publish_missing(self) -> None:
        """Starts with the longest due, and stops at a page of which the stream had every name."""
        query = DueQuery(self._channel_key, self._lane, until=self._clock.now(), limit=BATCH)
        missing = 0
        while self._may_publish and (page := await self._page(query)):
            stored = await self._publish(page)
            missing += stored
            if not stored or len(page) < BATCH:
                break
            query = query.after_last(page[-1])
        if missing:
            log.info("queue_reconciled", channel_key=self._channel_key, lane=self._lane.name, messages=missing)

    @property
    def _may_publish(self) -> bool:
        return self._connection.is_up and not self._publisher.is_refused

    async def _page(self, query: DueQuery) -> list[QueuedMessage]:
        return await self._transactions.read(lambda unit: unit.messages.queued(query))

    async def _publish(self, messages: Sequence[QueuedMessage]) -> int:
        layout = self._connection.layout
        return await self._publisher.publish(
            [layout.subject(self._lane, self._channel_key, message.id) for message in messages]
        )
