"""One process at a queue: it claims, and says how it went, when the test tells it to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TypeVar

from clarion_server.adapters.system import SystemClock
from clarion_server.application.group_commit import GroupCommit
from clarion_server.application.ports.queue import Claimed, QueueConsumer
from clarion_server.application.ports.store import Store, UnitOfWork
from clarion_server.application.sending.lease import Lease
from clarion_server.application.sending.outcomes import record_outcomes
from clarion_server.application.transactions import Transactions
from clarion_server.domain.channel import ChannelConfiguration
from clarion_server.domain.delivery import AttemptOutcome
from clarion_server.domain.instant import SECOND, Instant, Span
from clarion_server.domain.message import Event, EventType, Lane, Message, MessageState

from tests.contract.queue.kinds import Open
from tests.contract.store.given import Sender

T = TypeVar("T")

#: How long, in seconds, anything may take that must happen; only a failing test waits for it.
DEADLINE = 30
#: Between two rounds, in seconds.
ROUND = 0.1
CAPACITY = 100_000
LANE = Lane.TRANSACTIONAL


class Desk:
    def __init__(self, open_queue: Open, store: Store, name: str, span: Span = 10 * SECOND) -> None:
        self.name = name
        self.clock = SystemClock()
        self.transactions = Transactions(store)
        self._commits = GroupCommit(self.transactions, lambda: None, CAPACITY)
        self.queue = open_queue(self.transactions, self._commits, self.clock, Lease(name, span, self.clock))
        self._sources: dict[tuple[int, Lane], QueueConsumer] = {}

    def source(self, channel: ChannelConfiguration, lane: Lane = LANE) -> QueueConsumer:
        key = (channel.key, lane)
        if key not in self._sources:
            self._sources[key] = self.queue.source(channel, lane, lambda _changed: None)
        return self._sources[key]

    async def write(self, work: Callable[[UnitOfWork], T]) -> T:
        return await self.transactions.write(work)

    async def add(self, sender: Sender, number: int = 1, *, delay: Span = 0, lane: Lane = LANE) -> list[Message]:
        """Commits messages that are queued, and due after that, and tells nobody."""
        now = self.clock.now()
        times = {"accept_time": now, "release_time": now + delay, "due_time": now + delay}
        return await self.write(lambda unit: sender.messages(unit, number, lane=lane, **times))

    async def queue_up(self, sender: Sender, number: int = 1, *, delay: Span = 0, lane: Lane = LANE) -> list[Message]:
        """The same, and tells the queue."""
        messages = await self.add(sender, number, delay=delay, lane=lane)
        self.queue.queued(sender.channel.key, lane, messages, messages[0].due_time)
        return messages

    async def claim(self, channel: ChannelConfiguration, number: int, *, lane: Lane = LANE) -> list[Message]:
        """So many, however often they have to be asked for."""
        found: list[Message] = []
        async with asyncio.timeout(DEADLINE):
            while len(found) < number:
                found += (await self.claim_once(channel, number - len(found), lane=lane)).messages
        return found

    async def claim_once(self, channel: ChannelConfiguration, limit: int, *, lane: Lane = LANE) -> Claimed:
        """What a look at the queue comes to."""
        source = self.source(channel, lane)
        async with asyncio.timeout(DEADLINE):
            while not await source.has_work():
                pass
        return await source.claim(limit, self.clock.now())

    @asynccontextmanager
    async def going_round(self) -> AsyncIterator[None]:
        """Its sources look for what their engine does not know of, again and again, as a keeper has them do."""

        async def go_round() -> None:
            while True:
                for source in self._sources.values():
                    source.look()
                await asyncio.sleep(ROUND)

        keeper = asyncio.create_task(go_round())
        try:
            yield
        finally:
            keeper.cancel()

    async def sent(self, message: Message) -> None:
        await self._conclude(message, MessageState.SENT)

    async def deferred(self, message: Message, delay: Span) -> Instant:
        due_time = self.clock.now() + delay
        await self._conclude(message, MessageState.QUEUED, due_time)
        return due_time

    async def requeue(self, messages: Sequence[Message]) -> None:
        """Messages that were claimed here and not begun."""
        for message in messages:
            self._sources[message.channel_key, message.lane].pending_requeue(message)
        await self.write(lambda unit: unit.messages.requeue([message.id for message in messages], self.name))
        for source in self._sources.values():
            source.wake(self.clock.now())

    async def close(self) -> None:
        for source in self._sources.values():
            source.end()
            await source.close()
        await self._commits.drained()
        await self.queue.close()
        self.transactions.close()

    async def _conclude(self, message: Message, state: MessageState, due_time: Instant | None = None) -> None:
        now = self.clock.now()
        kind = EventType.DEFERRED if state is MessageState.QUEUED else EventType[state.name]
        event = Event(kind, now, message.id, message.campaign_key)
        conclusion = AttemptOutcome(message, state, now, event, due_time)
        await self.write(lambda unit: record_outcomes(unit, [conclusion], self.name))
        self._sources[message.channel_key, message.lane].concluded(conclusion)


@asynccontextmanager
async def open_desk(open_queue: Open, store: Store, name: str, span: Span = 10 * SECOND) -> AsyncIterator[Desk]:
    desk = Desk(open_queue, store, name, span)
    try:
        await desk.queue.start()
        yield desk
    finally:
        await desk.close()


def in_flight_count(message: Message, owner: str, claimed: Message) -> Message:
    """What a queued message is when it has been claimed."""
    return replace(
        message,
        state=MessageState.SENDING,
        owner=owner,
        attempt_count=message.attempt_count + 1,
        attempt_time=claimed.attempt_time,
    )
