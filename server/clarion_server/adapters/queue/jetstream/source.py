"""What one channel configuration has in one lane's stream, as one process comes by it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from itertools import chain

from clarion_server.adapters.queue.jetstream.link import Link, LinkDown, Refused
from clarion_server.adapters.queue.jetstream.outbox import Outbox
from clarion_server.adapters.queue.jetstream.puller import AttemptRunner, Puller
from clarion_server.adapters.queue.jetstream.relay import Relay
from clarion_server.application.group_commit import GroupCommit
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.queue import Claimed, QueueUnavailable
from clarion_server.application.sending.claim import Claim, ClaimMessages
from clarion_server.application.sending.store_queue import StoreQueueConsumer
from clarion_server.domain.delivery import AttemptOutcome
from clarion_server.domain.instant import MINUTE, SECOND, Instant, Span
from clarion_server.domain.message import Lane, Message

#: A retry further ahead is no matter of the stream: the relay publishes it in time, and no name waits there meanwhile.
LONGEST_POSTPONEMENT: Span = 2 * MINUTE
#: Until a name comes again that could not be claimed now.
_PAUSE: Span = SECOND


class JetStreamSource:
    """Implements the port `QueueConsumer`. While the link is down it claims from the store, as without JetStream; while
    a stream takes no more names, from both.
    """

    def __init__(
        self,
        channel_key: int,
        lane: Lane,
        owner: str,
        table: StoreQueueConsumer,
        puller: Puller,
        relay: Relay,
        link: Link,
        outbox: Outbox,
        commits: GroupCommit,
        clock: Clock,
        woken: asyncio.Event,
    ) -> None:
        """`woken` is set by the puller when something came."""
        self._channel_key = channel_key
        self._lane = lane
        self._owner = owner
        self._table = table
        self._puller = puller
        self._relay = relay
        self._link = link
        self._outbox = outbox
        self._commits = commits
        self._clock = clock
        self._woken = woken
        self._claiming = ClaimMessages()
        #: What this process has claimed of what it pulled, by message id.
        self._in_hand: dict[str, AttemptRunner] = {}
        self._nudged = False
        self._ended = False

    async def has_work(self) -> bool:
        if self._ended:
            return False
        if not self._link.is_up:
            return await self._table.has_work()
        if self._nudged or self._puller.arrived:
            return True
        self._woken.clear()
        try:
            await self._puller.ask()
        except (LinkDown, Refused, QueueUnavailable) as error:
            # Told by the link, which comes back when everything is as it should be.
            self._link.suspect(error)
            return False
        if self._outbox.is_refused:
            return bool(self._puller.arrived) or await self._table.has_work()
        await self._woken.wait()
        return False

    async def claim(self, limit: int, now: Instant) -> Claimed:
        self._nudged = False
        if not self._link.is_up or (self._outbox.is_refused and not self._puller.arrived):
            return await self._table.claim(limit, now)
        pulled = self._take(limit)
        if not pulled:
            return Claimed(None, (), self._more(now))
        names = tuple(pulled)
        try:
            claimed = await self._commits.submit(
                self._claiming, Claim(self._channel_key, self._lane, self._owner, limit, now, names), len(names)
            )
        except Exception:
            for delivery in pulled.values():
                self._outbox.postpone(delivery.reply, _PAUSE)
            raise
        if claimed.configuration is not None and claimed.configuration.disabled:
            self._put_off(pulled.values())
        else:
            self._sort(pulled, claimed)
        return Claimed(claimed.configuration, claimed.messages, self._more(now))

    def nudge(self) -> None:
        """Lets whoever asks for work see how little there is."""
        self._nudged = True
        self._woken.set()

    def link_changed(self) -> None:
        self._puller.reset()
        self._relay.look()
        self.find()

    def find(self) -> None:
        """The store may have what the stream has not."""
        self._table.wake(0)
        self.nudge()

    def wake(self, due_time: Instant) -> None:
        self._relay.wake(due_time)
        self._table.wake(due_time)
        if due_time <= self._clock.now():
            self.nudge()

    def look(self) -> None:
        self._relay.look()

    def concluded(self, conclusion: AttemptOutcome) -> None:
        delivery = self._in_hand.pop(conclusion.message.id, None)
        due = conclusion.due_time
        if delivery is None:
            if due is not None:
                self.wake(due)
        elif due is None:
            self._outbox.acknowledge(delivery.reply)
        else:
            self._postpone(delivery, due)

    def pending_requeue(self, message: Message) -> None:
        delivery = self._in_hand.pop(message.id, None)
        if delivery is not None:
            self._outbox.postpone(delivery.reply, _PAUSE)

    def keep(self) -> None:
        """Tells the server of every name that is here for a while already that it is in good hands."""
        for delivery in self._here():
            if delivery.is_settled_in:
                self._outbox.keep(delivery.reply)
            delivery.is_settled_in = True
        self._puller.check()

    def end(self) -> None:
        self._ended = True
        self._table.end()
        self._woken.set()

    async def close(self) -> None:
        self.end()
        await self._relay.close()
        for delivery in self._here():
            # Another process may have them at once.
            self._outbox.postpone(delivery.reply, 0)
        self._in_hand.clear()

    def _here(self) -> Iterator[AttemptRunner]:
        return chain(self._in_hand.values(), self._puller.arrived)

    def _take(self, limit: int) -> dict[str, AttemptRunner]:
        arrived = self._puller.arrived
        taken = (arrived.popleft() for _ in range(min(limit, len(arrived))))
        return {delivery.message_id: delivery for delivery in taken}

    def _put_off(self, deliveries: Iterable[AttemptRunner]) -> None:
        for delivery in deliveries:
            self._outbox.postpone(delivery.reply, _PAUSE)

    def _sort(self, pulled: dict[str, AttemptRunner], claimed: Claimed) -> None:
        """What was claimed stays in hand, what is early comes again, and the rest is no matter of the stream any more:
        sent, cancelled, expired, held, or in the hands of another process.
        """
        for message in claimed.messages:
            self._in_hand[message.id] = pulled.pop(message.id)
        for message in claimed.early:
            self._postpone(pulled.pop(message.id), message.due_time)
        for delivery in pulled.values():
            self._outbox.acknowledge(delivery.reply)

    def _postpone(self, delivery: AttemptRunner, due_time: Instant) -> None:
        delay = due_time - self._clock.now()
        if delay <= LONGEST_POSTPONEMENT:
            self._outbox.postpone(delivery.reply, delay)
        else:
            self._outbox.acknowledge(delivery.reply)
            self._relay.wake(due_time)

    def _more(self, now: Instant) -> Instant | None:
        return now if self._puller.has_more else None
