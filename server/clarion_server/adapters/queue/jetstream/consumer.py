"""Claims the messages of one channel configuration in one lane by the names that JetStream delivers."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from functools import partial

from nats.aio.msg import Msg
from nats.errors import Error
from nats.js import JetStreamContext

from clarion_server.adapters.queue.jetstream.cancellation import cancel
from clarion_server.adapters.queue.jetstream.connection import Connection
from clarion_server.adapters.queue.jetstream.publisher import Publisher
from clarion_server.adapters.queue.jetstream.reconciler import Reconciler
from clarion_server.application.group_commit import GroupCommit
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.queue import Claimed
from clarion_server.application.sending.claim import Claim, ClaimMessages
from clarion_server.application.sending.store_queue import StoreQueueConsumer
from clarion_server.domain.delivery import AttemptOutcome
from clarion_server.domain.instant import MINUTE, SECOND, Instant, Span
from clarion_server.domain.message import Lane, Message

#: A retry that is due later leaves the stream, as each name that waits there takes memory of the server. The reconciler
#: publishes it in time.
LONGEST_DELAY: Span = 2 * MINUTE
#: After so long a name comes again that could not be claimed now.
_RETRY_DELAY: Span = SECOND
#: How many names are fetched at once. They are small, but no other process gets them meanwhile.
_BATCH = 128
#: How long, in seconds, a fetch waits for the first name. A deleted consumer is noticed at the latest after that.
_FETCH_SECONDS = 10.0


class JetStreamConsumer:
    """Implements the port `QueueConsumer`. It claims from the store while the connection is down, and from both while a
    stream refuses names.
    """

    def __init__(
        self,
        channel_key: int,
        lane: Lane,
        owner: str,
        store_consumer: StoreQueueConsumer,
        reconciler: Reconciler,
        connection: Connection,
        publisher: Publisher,
        commits: GroupCommit,
        clock: Clock,
    ) -> None:
        self._channel_key = channel_key
        self._lane = lane
        self._owner = owner
        self._store_consumer = store_consumer
        self._reconciler = reconciler
        self._connection = connection
        self._publisher = publisher
        self._commits = commits
        self._clock = clock
        self._claiming = ClaimMessages()
        #: The names that were fetched and not claimed yet.
        self._fetched: deque[Msg] = deque()
        #: The names of the messages that this process has claimed, by message id.
        self._claimed: dict[str, Msg] = {}
        #: How many more names the server had at the last fetch.
        self._pending = 0
        self._fetching: asyncio.Task[None] | None = None
        self._wanted, self._woken = asyncio.Event(), asyncio.Event()
        self._nudged = False
        self._ended = False

    async def has_work(self) -> bool:
        if self._ended:
            return False
        if not self._connection.is_up:
            return await self._store_consumer.has_work()
        if self._nudged or self._fetched:
            return True
        self._woken.clear()
        self._fetch()
        if self._publisher.is_refused:
            return await self._store_consumer.has_work()
        await self._woken.wait()
        return False

    async def claim(self, limit: int, now: Instant) -> Claimed:
        self._nudged = False
        if not self._connection.is_up or (self._publisher.is_refused and not self._fetched):
            return await self._store_consumer.claim(limit, now)
        names = self._take(limit)
        if not names:
            return Claimed(None, (), self._next_due_time(now))
        try:
            claimed = await self._commits.submit(
                self._claiming, Claim(self._channel_key, self._lane, self._owner, limit, now, tuple(names)), len(names)
            )
        except Exception:
            self._return_names(names.values())
            raise
        if claimed.configuration is not None and claimed.configuration.disabled:
            self._return_names(names.values())
        else:
            self._answer_names(names, claimed)
        return Claimed(claimed.configuration, claimed.messages, self._next_due_time(now))

    def wake(self, due_time: Instant) -> None:
        self._reconciler.wake(due_time)
        self._store_consumer.wake(due_time)
        if due_time <= self._clock.now():
            self.nudge()

    def look(self) -> None:
        self._reconciler.look()

    def concluded(self, conclusion: AttemptOutcome) -> None:
        name = self._claimed.pop(conclusion.message.id, None)
        due = conclusion.due_time
        if name is None:
            if due is not None:
                self.wake(due)
        elif due is None:
            self._publisher.answer(name.ack)
        else:
            self._delay(name, due)

    def pending_requeue(self, message: Message) -> None:
        name = self._claimed.pop(message.id, None)
        if name is not None:
            self._return_names([name])

    def end(self) -> None:
        self._ended = True
        self._store_consumer.end()
        self._woken.set()

    async def close(self) -> None:
        self.end()
        await cancel(self._fetching)
        await self._reconciler.close()
        for name in (*self._claimed.values(), *self._fetched):
            # Without a delay, so that another process gets them at once.
            self._publisher.answer(name.nak)
        self._claimed.clear()

    # The queue calls these.

    def nudge(self) -> None:
        """Makes `has_work` return True once, so that a claim finds out how many messages wait."""
        self._nudged = True
        self._woken.set()

    def connection_changed(self) -> None:
        if self._fetching is not None:
            self._fetching.cancel()
        self._pending = 0
        self._reconciler.look()
        self.claim_from_store()

    def claim_from_store(self) -> None:
        """Makes the next claim look for messages that are missing in the stream."""
        self._store_consumer.wake(0)
        self.nudge()

    def report_progress(self) -> None:
        """Keeps the server from delivering the names of this process to others."""
        for name in (*self._claimed.values(), *self._fetched):
            self._publisher.answer(name.in_progress)

    # Fetching.

    def _fetch(self) -> None:
        """Starts to fetch names, unless that goes on already."""
        self._wanted.set()
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.create_task(self._fetch_when_wanted())

    async def _fetch_when_wanted(self) -> None:
        try:
            async with self._subscription() as subscription:
                while True:
                    await self._wanted.wait()
                    self._wanted.clear()
                    # TimeoutError says that no name came.
                    with suppress(TimeoutError):
                        self._add(await subscription.fetch(_BATCH, _FETCH_SECONDS))
                    self._woken.set()
        except Exception as error:  # noqa: BLE001 - whatever the reason, everything is checked again
            self._connection.suspect(error)
        finally:
            self._woken.set()

    @asynccontextmanager
    async def _subscription(self) -> AsyncIterator[JetStreamContext.PullSubscription]:
        js, layout = self._connection.js, self._connection.layout
        await layout.create_consumer(js, self._lane, self._channel_key)
        subscription = await js.pull_subscribe_bind(layout.consumer(self._channel_key), layout.stream(self._lane))
        try:
            yield subscription
        finally:
            with suppress(Error):
                await subscription.unsubscribe()

    def _add(self, names: list[Msg]) -> None:
        self._fetched.extend(names)
        self._pending = names[-1].metadata.num_pending if names else 0

    # Answers about names.

    def _take(self, limit: int) -> dict[str, Msg]:
        """Removes at most `limit` names from those fetched. Returns them by message id: the end of their subject."""
        names = [self._fetched.popleft() for _ in range(min(limit, len(self._fetched)))]
        return {name.subject.rpartition(".")[2]: name for name in names}

    def _return_names(self, names: Iterable[Msg]) -> None:
        for name in names:
            self._publisher.answer(partial(name.nak, _RETRY_DELAY / SECOND))

    def _answer_names(self, names: dict[str, Msg], claimed: Claimed) -> None:
        """Holds the names of claimed messages, delays those of early ones, and acknowledges the others: these messages
        were sent, cancelled, expired, held, or claimed by another process.
        """
        for message in claimed.messages:
            self._claimed[message.id] = names.pop(message.id)
        for message in claimed.early:
            self._delay(names.pop(message.id), message.due_time)
        for name in names.values():
            self._publisher.answer(name.ack)

    def _delay(self, name: Msg, due_time: Instant) -> None:
        delay = due_time - self._clock.now()
        if delay <= LONGEST_DELAY:
            self._publisher.answer(partial(name.nak, max(delay, 1) / SECOND))
        else:
            self._publisher.answer(name.ack)
            self._reconciler.wake(due_time)

    def _next_due_time(self, now: Instant) -> Instant | None:
        return now if self._fetched or self._pending else None
