"""Makes JetStream an engine of the queue."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial

from nats.aio.msg import Msg

from clarion_server.adapters.queue.jetstream.address import QueueAddress
from clarion_server.adapters.queue.jetstream.cancellation import cancel
from clarion_server.adapters.queue.jetstream.connection import Connection
from clarion_server.adapters.queue.jetstream.consumer import LONGEST_DELAY, JetStreamConsumer
from clarion_server.adapters.queue.jetstream.layout import Layout
from clarion_server.adapters.queue.jetstream.publisher import Publisher
from clarion_server.adapters.queue.jetstream.reconciler import Reconciler
from clarion_server.application.group_commit import GroupCommit
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.queue import Claimed, ClaimRequest, OnDue
from clarion_server.application.sending.claim import ClaimNamedMessages, NamedClaim, NamedClaimed, NamedClaims
from clarion_server.application.sending.exclusions import ExclusionReader
from clarion_server.application.sending.lease import Lease
from clarion_server.application.sending.store_queue import StoreQueue
from clarion_server.application.transactions import Transactions
from clarion_server.domain.instant import SECOND, Instant
from clarion_server.domain.messages.message import Lane, Message, MessageState

#: The ack wait in leases. When a name comes again, the lease of a dead process has lapsed, and other processes have
#: recorded the outcome of its attempts.
_LEASES_PER_ACK_WAIT = 2
#: Says how often within the ack wait a process reports progress on its names.
_REPORTS_PER_ACK_WAIT = 4


class JetStreamQueue:
    """Implements the port `Queue`. Belongs to one event loop.

    It claims from the store while the connection is down, and from both while a stream refuses names.
    """

    def __init__(
        self,
        address: QueueAddress,
        transactions: Transactions,
        commits: GroupCommit,
        clock: Clock,
        lease: Lease,
        exclusions: ExclusionReader,
    ) -> None:
        self._transactions = transactions
        self._commits = commits
        self._clock = clock
        self._lease = lease
        self._owner = lease.process_id
        self._layout = Layout(address, lease.span * _LEASES_PER_ACK_WAIT)
        self._store_queue = StoreQueue(commits, lease.process_id, exclusions)
        self._claiming = ClaimNamedMessages(exclusions)
        self.connection = Connection(self._layout, self._on_connection_change)
        self._publisher = Publisher(self.connection, self._claim_from_store)
        #: Holds those of the channel configurations and lanes that were asked for lately.
        self._consumers: dict[tuple[int, Lane], JetStreamConsumer] = {}
        self._on_due: OnDue | None = None
        self._tending: asyncio.Task[None] | None = None

    async def start(self, on_due: OnDue) -> None:
        self._on_due = on_due
        await self._store_queue.start(on_due)
        self._publisher.start()
        await self.connection.open()
        self._tending = asyncio.create_task(self._tend_forever())

    def queued(self, channel_key: int, lane: Lane, messages: Sequence[Message], due_time: Instant, /) -> None:
        # What is due soon may be published: the process that fetches it delays it until then. The reconciler publishes
        # the rest when it comes due.
        if due_time <= self._clock.now() + LONGEST_DELAY:
            self._publisher.post(
                [
                    self._layout.subject(lane, channel_key, message.id)
                    for message in messages
                    if message.state is MessageState.QUEUED
                ]
            )
        self._store_queue.queued(channel_key, lane, messages, due_time)

    async def claim(self, requests: Sequence[ClaimRequest], now: Instant, /) -> Sequence[Claimed | None]:
        if not self.connection.is_up:
            return await self._store_queue.claim(requests, now)
        consumers = [self._consumer(request.channel_key, request.lane) for request in requests]
        names = [consumer.take(request.limit) for consumer, request in zip(consumers, requests, strict=True)]
        try:
            from_store = await self._claim_what_streams_lack(requests, names, now)
            # Comes last: if anything fails, no message of the names is claimed, and they can be given back.
            answers = await self._claim_named(requests, consumers, names, now)
        except Exception:
            for consumer, each in zip(consumers, names, strict=True):
                consumer.give_back(each.values())
            raise
        for index, answer in from_store.items():
            answers[index] = answer
        return answers

    def released(self, message: Message, due_time: Instant | None, /) -> None:
        consumer = self._consumers.get((message.action.channel_key, message.action.lane))
        if consumer is not None:
            consumer.release(message, due_time)
        self._store_queue.released(message, due_time)

    async def close(self) -> None:
        await cancel(self._tending)
        await self._store_queue.close()
        for consumer in self._consumers.values():
            await consumer.close()
        await self._publisher.close()
        await self.connection.close()

    async def _claim_what_streams_lack(
        self, requests: Sequence[ClaimRequest], names: Sequence[Mapping[str, Msg]], now: Instant
    ) -> dict[int, Claimed]:
        """Claims from the store while a stream refuses names. Returns the answers by the index of their request."""
        # The stream may lack any of the messages of those that it has no names for.
        without = [index for index, each in enumerate(names) if not each]
        if not without or not self._publisher.is_refused:
            return {}
        claimed = await self._store_queue.claim([requests[index] for index in without], now)
        return dict(zip(without, claimed, strict=True))

    async def _claim_named(
        self,
        requests: Sequence[ClaimRequest],
        consumers: Sequence[JetStreamConsumer],
        names: Sequence[Mapping[str, Msg]],
        now: Instant,
    ) -> list[Claimed | None]:
        """Claims the messages of the names that were fetched. Answers None where none were."""
        asked = [index for index, each in enumerate(names) if each]
        answers: list[Claimed | None] = [None] * len(requests)
        if not asked:
            return answers
        claims = [NamedClaim(requests[index].channel_key, tuple(names[index])) for index in asked]
        found: Sequence[NamedClaimed] = await self._commits.submit(
            self._claiming, NamedClaims(claims, self._owner, now), sum(len(names[index]) for index in asked)
        )
        for index, claimed in zip(asked, found, strict=True):
            consumers[index].hold(names[index], claimed)
            answers[index] = Claimed(claimed.messages, now if consumers[index].has_names else None)
        return answers

    def _consumer(self, channel_key: int, lane: Lane) -> JetStreamConsumer:
        consumer = self._consumers.get((channel_key, lane))
        if consumer is None:
            consumer = JetStreamConsumer(
                channel_key,
                lane,
                Reconciler(channel_key, lane, self.connection, self._publisher, self._transactions, self._clock),
                self.connection,
                self._publisher,
                self._clock,
                partial(self._announce, channel_key, lane),
            )
            self._consumers[channel_key, lane] = consumer
        return consumer

    def _announce(self, channel_key: int, lane: Lane) -> None:
        """Says that there is something to claim."""
        assert self._on_due is not None, "a queue is started first"
        self._on_due(channel_key, lane, self._clock.now())

    def _on_connection_change(self) -> None:
        for consumer in self._consumers.values():
            consumer.reset()
        self._claim_from_store()

    def _claim_from_store(self) -> None:
        """Makes the process ask again, now that the answer comes from elsewhere."""
        for channel_key, lane in self._consumers:
            self._announce(channel_key, lane)

    async def _tend_forever(self) -> None:
        """Reports progress on the names that are here, and drops the consumers that nobody asks any more."""
        while True:
            await asyncio.sleep(self._layout.ack_wait / _REPORTS_PER_ACK_WAIT / SECOND)
            for key, consumer in list(self._consumers.items()):
                # A process without its lease claims nothing and sends nothing. Others get its names after the ack wait.
                if self._lease.is_held():
                    consumer.report_progress()
                if consumer.is_idle:
                    del self._consumers[key]
                    await consumer.close()
