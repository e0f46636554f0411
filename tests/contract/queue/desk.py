"""One process at a queue: it claims, and says how it went, when the test tells it to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from clarion_server.adapters.system import SystemClock
from clarion_server.application.group_commit import GroupCommit
from clarion_server.application.ports.queue import Claimed, ClaimRequest
from clarion_server.application.ports.store import Store, UnitOfWork
from clarion_server.application.sending.claim_schedule import ClaimSchedule
from clarion_server.application.sending.lease import Lease, Renewal
from clarion_server.application.sending.outcomes import record_outcomes
from clarion_server.application.transactions import Transactions
from clarion_server.domain.channels.channel import ChannelConfiguration
from clarion_server.domain.events.delivery import AttemptOutcome
from clarion_server.domain.events.event import message_event
from clarion_server.domain.instant import HOUR, SECOND, Instant, Span
from clarion_server.domain.messages.message import Lane, Message, MessageState

from tests.contract.queue.kinds import Open
from tests.contract.store import samples
from tests.contract.store.given import Sender

T = TypeVar("T")

#: Says how long, in seconds, anything may take that must happen; only a failing test waits for it.
DEADLINE = 120
#: Between two looks at the store, in seconds.
LOOK_SECONDS = 0.1
CAPACITY = 100_000
LANE = Lane.TRANSACTIONAL


class Desk:
    """Asks an engine as the claim loop does."""

    def __init__(self, open_queue: Open, store: Store, name: str, span: Span = 10 * SECOND) -> None:
        self.name = name
        self.clock = SystemClock()
        self.transactions = Transactions(store)
        self._commits = GroupCommit(self.transactions, lambda: None, CAPACITY)
        self.lease = Lease(name, span, self.clock)
        self.lease.renewed(Renewal(self.clock.now(), self.clock.now() + HOUR))
        self.queue = open_queue(self.transactions, self._commits, self.clock, self.lease)
        self.schedule = ClaimSchedule(self.clock)
        self._look_due_time: Instant = 0

    async def start(self) -> None:
        await self.queue.start(self.schedule.add)

    async def write(self, work: Callable[[UnitOfWork], T]) -> T:
        return await self.transactions.write(work)

    async def add(self, sender: Sender, number: int = 1, *, delay: Span = 0, lane: Lane = LANE) -> list[Message]:
        """Commits messages that are queued, and due after that, and tells nobody."""
        now = self.clock.now()
        times = {"accept_time": now, "release_time": now + delay, "due_time": now + delay}
        return await self.write(lambda unit: sender.messages(unit, number, lane=lane, **times))

    async def queue_up(self, sender: Sender, number: int = 1, *, delay: Span = 0, lane: Lane = LANE) -> list[Message]:
        """Returns the same, and tells the queue."""
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
        """The first answer of the engine, which is asked when there is something to claim."""
        async with asyncio.timeout(DEADLINE):
            while True:
                claimed = await self.try_to_claim(channel, limit, lane=lane)
                if claimed is not None:
                    return claimed

    async def try_to_claim(self, channel: ChannelConfiguration, limit: int, *, lane: Lane = LANE) -> Claimed | None:
        """None where nothing seems to wait, or the engine does not know yet."""
        if (channel.key, lane) not in self.schedule.claimable():
            await self.schedule.wait(LOOK_SECONDS)
            # What the look itself finds ends the next wait at once.
            if self.clock.now() >= self._look_due_time:
                await self.look()
            return None
        self.schedule.remove(channel.key, lane)
        (claimed,) = await self.queue.claim([ClaimRequest(channel.key, lane, limit)], self.clock.now())
        if claimed is None:
            self.schedule.expect(channel.key, lane)
        elif claimed.next_due_time is not None:
            self.schedule.add(channel.key, lane, claimed.next_due_time)
        return claimed

    async def look(self) -> None:
        """Finds in the store what nobody told."""
        looked_time = self.clock.now()
        self._look_due_time = looked_time + round(LOOK_SECONDS * SECOND)
        self.schedule.replace(await self.transactions.read(lambda unit: unit.messages.waiting()), looked_time)

    async def sent(self, message: Message) -> None:
        await self._end(message, MessageState.SENT)

    async def deferred(self, message: Message, delay: Span) -> Instant:
        due_time = self.clock.now() + delay
        await self._end(message, MessageState.QUEUED, due_time)
        return due_time

    async def requeue(self, messages: Sequence[Message]) -> None:
        """Messages that were claimed here, and whose attempts have not begun."""
        for message in messages:
            self.queue.released(message, message.due_time)
        attempts = {message.id: message.attempts.count for message in messages}
        await self.write(lambda unit: unit.messages.requeue(attempts, self.name))

    async def close(self) -> None:
        await self._commits.drain()
        await self.queue.close()
        self.transactions.close()

    async def _end(self, message: Message, state: MessageState, due_time: Instant | None = None) -> None:
        now = self.clock.now()
        outcome = AttemptOutcome(message, state, now, message_event(message, state, now), due_time)
        await self.write(lambda unit: record_outcomes(unit, [outcome], self.name))
        self.queue.released(message, due_time)


@asynccontextmanager
async def open_desk(open_queue: Open, store: Store, name: str, span: Span = 10 * SECOND) -> AsyncIterator[Desk]:
    desk = Desk(open_queue, store, name, span)
    try:
        await desk.start()
        yield desk
    finally:
        await desk.close()


def as_claimed(message: Message, owner: str, claimed: Message) -> Message:
    """Returns what a queued message is when it has been claimed."""
    return samples.changed(
        message,
        state=MessageState.SENDING,
        owner=owner,
        attempt_count=message.attempts.count + 1,
        attempt_time=claimed.attempts.last_time,
        first_attempt_time=claimed.attempts.last_time,
    )
