"""JetStream as an engine of the queue."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence

from clarion_server.adapters.queue.jetstream.address import QueueAddress
from clarion_server.adapters.queue.jetstream.cancellation import cancel
from clarion_server.adapters.queue.jetstream.connection import Connection
from clarion_server.adapters.queue.jetstream.consumer import LONGEST_DELAY, JetStreamConsumer
from clarion_server.adapters.queue.jetstream.layout import Layout
from clarion_server.adapters.queue.jetstream.publisher import Publisher
from clarion_server.adapters.queue.jetstream.reconciler import Reconciler
from clarion_server.application.group_commit import GroupCommit
from clarion_server.application.ports.clock import Clock
from clarion_server.application.sending.lease import Lease
from clarion_server.application.sending.store_queue import StoreQueue
from clarion_server.application.transactions import Transactions
from clarion_server.domain.channel import ChannelConfiguration
from clarion_server.domain.instant import SECOND, Instant
from clarion_server.domain.message import Lane, Message, MessageState

#: The ack wait in leases. When a name comes again, the lease of a dead process has lapsed, and other processes have
#: recorded the outcome of its attempts.
_LEASES_PER_ACK_WAIT = 2
#: How often within the ack wait a process reports progress on its names.
_REPORTS_PER_ACK_WAIT = 4


class JetStreamQueue:
    """Implements the port `Queue`. Belongs to one event loop."""

    def __init__(
        self, address: QueueAddress, transactions: Transactions, commits: GroupCommit, clock: Clock, lease: Lease
    ) -> None:
        self._transactions = transactions
        self._commits = commits
        self._clock = clock
        self._owner = lease.process_id
        self._layout = Layout(address, lease.span * _LEASES_PER_ACK_WAIT)
        self._store_queue = StoreQueue(transactions, commits, clock, lease.process_id)
        self.connection = Connection(self._layout, self._on_connection_change)
        self._consumers: dict[tuple[int, Lane], JetStreamConsumer] = {}
        self._publisher: Publisher | None = None
        self._reporting: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._publisher = Publisher(self.connection, self._on_refusal)
        await self.connection.open()
        self._reporting = asyncio.create_task(self._report_progress_forever())

    def source(
        self, configuration: ChannelConfiguration, lane: Lane, on_change: Callable[[ChannelConfiguration], None]
    ) -> JetStreamConsumer:
        assert self._publisher is not None, "a queue is started first"
        key = configuration.key
        consumer = JetStreamConsumer(
            key,
            lane,
            self._owner,
            self._store_queue.source(configuration, lane, on_change),
            Reconciler(key, lane, self.connection, self._publisher, self._transactions, self._clock),
            self.connection,
            self._publisher,
            self._commits,
            self._clock,
        )
        self._consumers[key, lane] = consumer
        return consumer

    def queued(self, channel_key: int, lane: Lane, messages: Sequence[Message], due_time: Instant, /) -> None:
        consumer = self._consumers.get((channel_key, lane))
        # What is due soon may be published: the process that fetches it delays it until then.
        if not self._may_publish or due_time > self._clock.now() + LONGEST_DELAY:
            if consumer is not None:
                consumer.wake(due_time)
        elif waiting := [message for message in messages if message.state is MessageState.QUEUED]:
            self._post(channel_key, lane, waiting)
        elif consumer is not None:
            consumer.nudge()

    def heard(self, channel_keys: Collection[int], /) -> None:
        """Does nothing: the other processes have published the names."""

    async def close(self) -> None:
        await cancel(self._reporting)
        if self._publisher is not None:
            await self._publisher.close()
        await self.connection.close()

    @property
    def _may_publish(self) -> bool:
        return self.connection.is_up and self._publisher is not None and not self._publisher.is_refused

    def _post(self, channel_key: int, lane: Lane, messages: Sequence[Message]) -> None:
        assert self._publisher is not None, "a queue is started first"
        self._publisher.post([self._layout.subject(lane, channel_key, message.id) for message in messages])

    def _on_connection_change(self) -> None:
        for consumer in self._consumers.values():
            consumer.connection_changed()

    def _on_refusal(self) -> None:
        for consumer in self._consumers.values():
            consumer.claim_from_store()

    async def _report_progress_forever(self) -> None:
        while True:
            await asyncio.sleep(self._layout.ack_wait / _REPORTS_PER_ACK_WAIT / SECOND)
            for consumer in self._consumers.values():
                consumer.report_progress()
