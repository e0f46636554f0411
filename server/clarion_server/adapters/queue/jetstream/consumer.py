"""Takes the names of one channel configuration in one lane, as JetStream delivers them to this process."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial

from nats.aio.msg import Msg
from nats.errors import Error
from nats.js import JetStreamContext

from clarion_server.adapters.queue.jetstream.cancellation import cancel
from clarion_server.adapters.queue.jetstream.connection import Connection
from clarion_server.adapters.queue.jetstream.publisher import Publisher
from clarion_server.adapters.queue.jetstream.reconciler import Reconciler
from clarion_server.application.ports.clock import Clock
from clarion_server.application.sending.claim import NamedClaimed
from clarion_server.domain.instant import MINUTE, SECOND, Instant, Span
from clarion_server.domain.messages.message import Lane, Message

#: A retry that is due later leaves the stream, as each name that waits there takes memory of the server. The reconciler
#: publishes it in time.
LONGEST_DELAY: Span = 2 * MINUTE
#: After so long a name comes again that could not be claimed now.
_RETRY_DELAY: Span = SECOND
#: Says how many names are fetched at once. They are small, but no other process gets them meanwhile.
_BATCH = 128
#: Says how long, in seconds, a fetch waits for the first name. A deleted consumer is noticed at the latest after that.
_FETCH_SECONDS = 10.0
#: After so many seconds in which no names were asked for, it stops to listen for them.
_IDLE_SECONDS = 60.0


class JetStreamConsumer:
    """Fetches names when it is asked for some, and answers them when their messages have left this process's hands."""

    def __init__(
        self,
        channel_key: int,
        lane: Lane,
        reconciler: Reconciler,
        connection: Connection,
        publisher: Publisher,
        clock: Clock,
        on_fetched: Callable[[], None],
    ) -> None:
        """`on_fetched` is called when names have come."""
        self._channel_key = channel_key
        self._lane = lane
        self._reconciler = reconciler
        self._connection = connection
        self._publisher = publisher
        self._clock = clock
        self._on_fetched = on_fetched
        #: Holds the names that were fetched and not claimed yet.
        self._fetched: deque[Msg] = deque()
        #: Holds the names of the messages that this process has claimed, by message id.
        self._claimed: dict[str, Msg] = {}
        #: Says how many more names the server had at the last fetch.
        self._pending = 0
        self._fetching: asyncio.Task[None] | None = None
        self._wanted = asyncio.Event()

    @property
    def has_names(self) -> bool:
        """Returns whether names wait to be claimed, here or on the server."""
        return bool(self._fetched or self._pending)

    @property
    def is_idle(self) -> bool:
        """Returns whether this process has no names and asks for none."""
        fetches = self._fetching is not None and not self._fetching.done()
        return not (self._fetched or self._claimed or fetches)

    def take(self, limit: int) -> dict[str, Msg]:
        """Removes at most `limit` names from those fetched, and fetches further ones if there is none left.

        Returns them by message id: the end of their subject.
        """
        names = [self._fetched.popleft() for _ in range(min(limit, len(self._fetched)))]
        if not self._fetched:
            self._fetch()
        self._reconciler.start()
        return {name.subject.rpartition(".")[2]: name for name in names}

    def hold(self, names: Mapping[str, Msg], claimed: NamedClaimed) -> None:
        """Holds the names of claimed messages, delays those of early ones, and acknowledges the others: these messages
        were sent, cancelled, expired, held, or claimed by another process.
        """
        if claimed.is_disabled:
            self.give_back(names.values())
            return
        left = dict(names)
        for message in claimed.messages:
            self._claimed[message.id] = left.pop(message.id)
        for message in claimed.early:
            self._delay(left.pop(message.id), message.due_time)
        for name in left.values():
            self._publisher.answer(name.ack)

    def give_back(self, names: Iterable[Msg]) -> None:
        """Returns names that could not be claimed now. The server delivers them again a little later."""
        for name in names:
            self._publisher.answer(partial(name.nak, _RETRY_DELAY / SECOND))

    def release(self, message: Message, due_time: Instant | None) -> None:
        """Answers the name of a message that has left this process's hands, if it came by one."""
        name = self._claimed.pop(message.id, None)
        if name is None:
            return
        if due_time is None:
            self._publisher.answer(name.ack)
        elif due_time <= self._clock.now():
            # Its attempt has not begun. The heartbeat queues it again in the store.
            self.give_back([name])
        else:
            self._delay(name, due_time)

    def report_progress(self) -> None:
        """Keeps the server from delivering the names of this process to others."""
        for name in (*self._claimed.values(), *self._fetched):
            self._publisher.answer(name.in_progress)

    def reset(self) -> None:
        """Ends a fetch over a connection that was lost."""
        if self._fetching is not None:
            self._fetching.cancel()
        self._pending = 0

    async def close(self) -> None:
        await cancel(self._fetching)
        await self._reconciler.close()
        for name in (*self._claimed.values(), *self._fetched):
            # Without a delay, so that another process gets them at once.
            self._publisher.answer(name.nak)
        self._claimed.clear()

    # Fetching.

    def _fetch(self) -> None:
        """Starts to fetch names, unless that goes on already."""
        self._wanted.set()
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.create_task(self._fetch_while_wanted())

    async def _fetch_while_wanted(self) -> None:
        try:
            async with self._subscription() as subscription:
                while await self._is_wanted():
                    self._wanted.clear()
                    # TimeoutError says that no name came.
                    with suppress(TimeoutError):
                        self._add(await subscription.fetch(_BATCH, _FETCH_SECONDS))
        except Exception as error:  # noqa: BLE001 - whatever the reason, everything is checked again
            self._connection.suspect(error)

    async def _is_wanted(self) -> bool:
        """Waits until names are asked for. Returns False when none were for a while."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_IDLE_SECONDS):
                await self._wanted.wait()
        return self._wanted.is_set()

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
        if names:
            self._on_fetched()

    def _delay(self, name: Msg, due_time: Instant) -> None:
        delay = max(1, due_time - self._clock.now())
        self._publisher.answer(partial(name.nak, delay / SECOND) if delay <= LONGEST_DELAY else name.ack)
