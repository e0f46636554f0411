"""The engine: its connection, its streams and consumers, and the sources it opened."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Collection, Sequence

from nats.aio.msg import Msg

from clarion_server.adapters.queue.jetstream.address import QueueAddress
from clarion_server.adapters.queue.jetstream.layout import Layout, check_echo
from clarion_server.adapters.queue.jetstream.link import Link, LinkDown, Refused
from clarion_server.adapters.queue.jetstream.outbox import Outbox, Publication
from clarion_server.adapters.queue.jetstream.puller import Puller, make_consumer
from clarion_server.adapters.queue.jetstream.relay import Relay
from clarion_server.adapters.queue.jetstream.source import LONGEST_POSTPONEMENT, JetStreamSource
from clarion_server.application.group_commit import GroupCommit
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.queue import QueueUnavailable
from clarion_server.application.sending.lease import Lease
from clarion_server.application.sending.store_queue import StoreQueue
from clarion_server.application.transactions import Transactions
from clarion_server.domain.channel import ChannelConfiguration
from clarion_server.domain.instant import SECOND, Instant
from clarion_server.domain.message import Lane, Message, MessageState

#: How many times the lease a pulled name is left to its process: when it comes again, the lease has lapsed, and others
#: have concluded what the process left behind.
_LEASES_PER_ACK_WAIT = 2
#: How many signs of life a process gives in that time.
_SIGNS_PER_ACK_WAIT = 4
#: JetStream's word for a stream that is there with other settings (err_code).
_STREAM_EXISTS = 10058
_STREAM_OVERLAPS = 10065
#: How many keys there are for trials: below 0, as those of channel configurations begin with 1.
_TRIALS = 2**31
#: What the tokens of pullers begin with.
_PULLED = "c"


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
        self._table = StoreQueue(transactions, commits, clock, lease.process_id)
        self._link = Link(address, self._set_up, self._receive, self._link_changed)
        self._sources: dict[tuple[int, Lane], JetStreamSource] = {}
        #: By what their names' subjects begin with, and by their token in the inbox.
        self._pullers: dict[str, Puller] = {}
        self._outbox: Outbox | None = None
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._outbox = Outbox(self._link, self._refused)
        await self._link.open()
        self._keeper = asyncio.create_task(self._keep_forever())

    def source(
        self, configuration: ChannelConfiguration, lane: Lane, on_change: Callable[[ChannelConfiguration], None]
    ) -> JetStreamSource:
        assert self._outbox is not None, "a queue is started first"
        key, woken = configuration.key, asyncio.Event()
        relay = Relay(key, lane, self._layout, self._link, self._outbox, self._transactions, self._clock)
        source = JetStreamSource(
            key,
            lane,
            self._owner,
            self._table.source(configuration, lane, on_change),
            self._puller(lane, key, woken),
            relay,
            self._link,
            self._outbox,
            self._commits,
            self._clock,
            woken,
        )
        self._sources[key, lane] = source
        return source

    def queued(self, channel_key: int, lane: Lane, messages: Sequence[Message], due_time: Instant, /) -> None:
        source = self._sources.get((channel_key, lane))
        # What is due soon may be published: whoever pulls it postpones it until then.
        if not self._takes_names or due_time > self._clock.now() + LONGEST_POSTPONEMENT:
            if source is not None:
                source.wake(due_time)
        elif waiting := [message for message in messages if message.state is MessageState.QUEUED]:
            self._post(channel_key, lane, waiting)
        elif source is not None:
            source.nudge()

    def heard(self, channel_keys: Collection[int], /) -> None:
        """The stream has told already."""

    async def close(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        if self._outbox is not None:
            await self._outbox.close()
        await self._link.close()

    @property
    def _takes_names(self) -> bool:
        return self._link.is_up and self._outbox is not None and not self._outbox.is_refused

    def _post(self, channel_key: int, lane: Lane, messages: Sequence[Message]) -> None:
        assert self._outbox is not None, "a queue is started first"
        channel = self._layout.channel(lane, channel_key)
        self._outbox.post([Publication(f"{channel}.{message.id}", message.name) for message in messages])

    def _puller(self, lane: Lane, channel_key: int, woken: asyncio.Event) -> Puller:
        token = f"{_PULLED}{channel_key}-{lane}"
        puller = Puller(self._link, self._layout, lane, channel_key, token, woken.set)
        self._pullers[self._layout.channel(lane, channel_key)] = self._pullers[token] = puller
        return puller

    # What the link asks of it.

    async def _set_up(self) -> None:
        """Makes sure of the streams, and that consumers may be made as they are meant. Raises QueueUnavailable."""
        await self._link.ask("INFO", trials=self._layout.trials())
        for lane in Lane:
            await self._make_stream(lane)
        # Of no channel configuration, and of nobody else: processes that come up at the same moment would delete what
        # others just made.
        lane, trial = Lane.TRANSACTIONAL, -1 - secrets.randbelow(_TRIALS)
        await make_consumer(self._link, self._layout, lane, trial)
        await self._link.ask(f"CONSUMER.DELETE.{self._layout.stream(lane)}.{self._layout.consumer(trial)}")

    async def _make_stream(self, lane: Lane) -> None:
        name, settings = self._layout.stream(lane), self._layout.stream_settings(lane)
        try:
            answer = await self._link.ask(f"STREAM.CREATE.{name}", settings)
        except Refused as error:
            if error.code == _STREAM_OVERLAPS:
                raise QueueUnavailable(
                    f"another stream there takes what is meant for {name}: set another prefix, as in"
                    " CLARION_QUEUE=nats://host:4222?prefix=shop."
                ) from error
            if error.code != _STREAM_EXISTS:
                raise
            # Of an earlier Clarion, or with another number of replicas.
            answer = await self._link.ask(f"STREAM.UPDATE.{name}", settings)
        check_echo(f"the stream {name}", settings, answer)

    def _link_changed(self) -> None:
        for source in self._sources.values():
            source.link_changed()

    def _refused(self) -> None:
        for source in self._sources.values():
            source.find()

    def _receive(self, message: Msg) -> None:
        token = self._link.token_of(message.subject)
        if token is None:
            puller = self._pullers.get(message.subject.rpartition(".")[0])
            if puller is not None:
                puller.came(message)
        elif token in self._pullers:
            status = (message.headers or {}).get("Status", "")
            if not self._pullers[token].status_came(status):
                self._link.suspect(LinkDown("a consumer is gone"))
        elif self._outbox is not None:
            self._outbox.take(token, message)

    async def _keep_forever(self) -> None:
        wait = self._layout.ack_wait / _SIGNS_PER_ACK_WAIT / SECOND
        while True:
            await asyncio.sleep(wait)
            if self._link.is_up:
                for source in self._sources.values():
                    source.keep()
