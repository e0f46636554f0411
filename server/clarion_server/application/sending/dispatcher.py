"""One channel configuration at work in this process: claims, attempts, records.

Its places bound what is in this process's hands: a message takes one when it is claimed and leaves it when its
conclusion is durable. Whatever finds no place stays queued in the store, so that memory does not grow with a backlog.
Each lane leaves places to those before it, so that a backlog of marketing keeps nothing waiting that is urgent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from clarion_server.application.group_commit import BulkOperation, GroupCommit
from clarion_server.application.ports.channels import ChannelFactory
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.metrics import Metrics
from clarion_server.application.ports.queue import Claimed, Queue, QueueConsumer
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.sending.attempt import AttemptRunner
from clarion_server.application.sending.in_flight import InFlightLimit
from clarion_server.application.sending.lease import Lease
from clarion_server.application.sending.local_dispatch import ClaimedMessage
from clarion_server.application.sending.open_channel import OpenChannel
from clarion_server.application.sending.outcomes import record_outcomes
from clarion_server.application.sending.requeue import PendingRequeue
from clarion_server.application.sending.send_queue import SendQueue
from clarion_server.domain.channel import ChannelConfiguration
from clarion_server.domain.delivery import AttemptOutcome
from clarion_server.domain.errors import Unavailable
from clarion_server.domain.instant import Instant
from clarion_server.domain.message import Lane

log = structlog.get_logger()

#: After a fault of the store.
_PAUSE = 1.0
#: How long, in seconds, an outlet that closes waits for a store that does not answer. What it could not record by then
#: is in doubt for whoever takes over.
_PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class DispatcherPorts:
    """What every outlet of a process shares."""

    queue: Queue
    commits: GroupCommit
    delivery: AttemptRunner
    open_channel: ChannelFactory
    clock: Clock
    lease: Lease
    """This process's. Without it, others may be sending its messages."""
    pending_requeue: PendingRequeue
    metrics: Metrics = field(default_factory=Metrics)

    @property
    def owner(self) -> str:
        """What the store knows this process by."""
        return self.lease.process_id


class ChannelDispatcher:
    def __init__(self, configuration: ChannelConfiguration, ports: DispatcherPorts) -> None:
        self._ports = ports
        self._recording = RecordOutcomes(self, ports.owner, ports.metrics)
        self._places = InFlightLimit(configuration)
        #: The lanes in which messages that are due may wait in the store: newer ones must not overtake them.
        self._backlog = set(Lane)
        self._room = asyncio.Event()
        self._allowed = asyncio.Event()
        self._queue = SendQueue(configuration.max_concurrency)
        #: Where a rate is kept, one at a time waits for the next turn, and then takes what is first by then.
        self._turnstile = asyncio.Lock()
        self._closing = False
        self._hired = 0
        self._workers: list[asyncio.Task[None]] = []
        self._line = OpenChannel(configuration, ports.open_channel)
        self._sources = {lane: ports.queue.source(configuration, lane, self.configure) for lane in Lane}
        self._hire()
        self._claimers = [asyncio.create_task(self._claim_forever(lane)) for lane in Lane]

    @property
    def configuration(self) -> ChannelConfiguration:
        return self._line.configuration

    @property
    def in_flight_count(self) -> int:
        return self._places.taken

    # What triggers ask of it.

    def reserve(self, lane: Lane, count: int) -> str | None:
        overtakes = bool(self._backlog) and min(self._backlog) <= lane
        if overtakes or self._closing or count > self._places.free(lane) or not self._may_send():
            self._backlog.add(lane)
            return None
        self._places.take(lane, count)
        return self._ports.owner

    def give_up(self, lane: Lane, count: int) -> None:
        self._places.leave(lane, count)
        self._room.set()

    def hand_off(self, messages: Sequence[ClaimedMessage]) -> None:
        for message in messages:
            if self._closing:
                self._requeue(message)
            else:
                self._queue.put(message)

    def queued(self, lane: Lane, due_time: Instant) -> None:
        if due_time <= self._ports.clock.now():
            self._backlog.add(lane)

    def wake(self, due_time: Instant) -> None:
        for lane, source in self._sources.items():
            self.queued(lane, due_time)
            source.wake(due_time)

    def look(self) -> None:
        self._allowed.set()
        for source in self._sources.values():
            source.look()

    # The way of a claimed message.

    def _hire(self) -> None:
        self._workers = [worker for worker in self._workers if not worker.done()]
        while self._hired < self.configuration.max_concurrency:
            self._hired += 1
            self._workers.append(asyncio.create_task(self._work()))

    async def _work(self) -> None:
        # A lowered concurrency sends workers home after their next message.
        while self._hired <= self.configuration.max_concurrency:
            hand_off = await self._next()
            try:
                await self._attempt(hand_off)
            except Exception:
                # It was not begun, as a begun attempt always has a conclusion: its version could not be read, say.
                log.exception("attempt_not_begun", message=hand_off.message.name)
                self._requeue(hand_off)
            finally:
                self._queue.done(hand_off)
        self._hired -= 1

    async def _next(self) -> ClaimedMessage:
        if not self.configuration.max_rate:
            await self._queue.ready()
            return self._queue.take()
        async with self._turnstile:
            await self._queue.ready()
            await self._line.turn()
            # It may be gone, if the outlet is closing.
            await self._queue.ready()
            return self._queue.take()

    async def _attempt(self, hand_off: ClaimedMessage) -> None:
        line = self._line
        async with line:
            if not self._ports.lease.covers(hand_off.message.attempt_time or 0):
                # Others may have taken the message over: whoever has it now sends it.
                self._requeue(hand_off)
                return
            self._record(await self._ports.delivery.attempt(hand_off, line.channel, line.configuration))

    def _requeue(self, hand_off: ClaimedMessage) -> None:
        self._ports.pending_requeue.add(hand_off.message)
        lane = hand_off.message.lane
        self._sources[lane].pending_requeue(hand_off.message)
        self.give_up(lane, 1)

    def _record(self, conclusion: AttemptOutcome) -> None:
        self._ports.commits.post(self._recording, conclusion, 2)

    def recorded(self, conclusion: AttemptOutcome) -> None:
        """Part of `RecordOutcomes`: the message has left this process's hands."""
        lane = conclusion.message.lane
        self.give_up(lane, 1)
        if conclusion.due_time is not None:
            self.queued(lane, conclusion.due_time)
        self._sources[lane].concluded(conclusion)

    def not_recorded(self, conclusion: AttemptOutcome, error: Exception) -> None:
        """Called by `RecordOutcomes`. It stays in flight, so that the outcome is recorded when the store is back."""
        if not isinstance(error, Unavailable):
            # A store that does not answer is told of once, and not for each message.
            log.warning("record_failed", message=conclusion.message.name, error=type(error).__name__)
        asyncio.get_running_loop().call_later(_PAUSE, self._record, conclusion)

    # ClaimMessages.

    def _may_send(self) -> bool:
        return not self.configuration.disabled and self._ports.lease.is_held()

    async def _claim_forever(self, lane: Lane) -> None:
        source = self._sources[lane]
        while not self._closing:
            try:
                if await self._has_room(lane) and await source.has_work() and self._places.free(lane) > 0:
                    await self._claim(lane, source)
            except Exception as error:  # noqa: BLE001 - whatever it is, the next look comes
                if not isinstance(error, Unavailable):
                    log.warning("claim_failed", channel=self.configuration.name, error=type(error).__name__)
                await asyncio.sleep(_PAUSE)

    async def _has_room(self, lane: Lane) -> bool:
        """Waits for a fair part of the places: few large claims cost less than many small ones."""
        self._room.clear()
        if self._places.is_roomy(lane):
            return True
        await self._room.wait()
        return False

    async def _until_allowed(self) -> None:
        """Or until it may be: a changed configuration is told of, a lease that is held again mostly."""
        self._allowed.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._allowed.wait(), None if self.configuration.disabled else _PAUSE)

    async def _claim(self, lane: Lane, source: QueueConsumer) -> None:
        if not self._may_send():
            await self._until_allowed()
            return
        now, limit = self._ports.clock.now(), self._places.free(lane)
        self._places.take(lane, limit)
        self._backlog.discard(lane)
        try:
            claimed = await source.claim(limit, now)
        except Exception:
            self._backlog.add(lane)
            self._ports.pending_requeue.claims.add(now)
            self.give_up(lane, limit)
            raise
        self._take(claimed, lane, limit)

    def _take(self, claimed: Claimed, lane: Lane, limit: int) -> None:
        self.give_up(lane, limit - len(claimed.messages))
        if claimed.configuration is not None:
            self.configure(claimed.configuration)
        if claimed.next_due_time is not None:
            self.queued(lane, claimed.next_due_time)
        self.hand_off([ClaimedMessage(message) for message in claimed.messages])

    # Change and end.

    def configure(self, configuration: ChannelConfiguration) -> None:
        """Takes up a changed configuration: attempts under way finish over the old connections."""
        if configuration.revision <= self.configuration.revision:
            return
        self._line.retire()
        self._line = OpenChannel(configuration, self._ports.open_channel)
        self._places.configure(configuration)
        self._queue.configure(configuration.max_concurrency)
        self._hire()
        self._allowed.set()
        self.wake(self._ports.clock.now())

    async def close(self) -> None:
        """Claims no more, lets attempts under way finish and be recorded, and disowns what was not begun."""
        self._closing = True
        for hand_off in self._queue.clear():
            self._requeue(hand_off)
        for source in self._sources.values():
            source.end()
        self._room.set()
        self._allowed.set()
        await asyncio.gather(*self._claimers)
        await self._queue.join()
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                await self._emptied()
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        for source in self._sources.values():
            await source.close()
        await self._line.close()

    async def _emptied(self) -> None:
        """Returns when no place is taken: what was begun is recorded, and no trigger under way has a place."""
        while self._places.taken:
            self._room.clear()
            await self._room.wait()


class RecordOutcomes(BulkOperation[AttemptOutcome, None]):
    """Writes down how an outlet's attempts ended."""

    def __init__(self, outlet: ChannelDispatcher, owner: str, metrics: Metrics) -> None:
        self._outlet = outlet
        self._owner = owner
        self._metrics = metrics

    def apply(self, unit: UnitOfWork, conclusions: Sequence[AttemptOutcome], /) -> Sequence[None]:
        record_outcomes(unit, conclusions, self._owner)
        return [None] * len(conclusions)

    def committed(self, conclusions: Sequence[AttemptOutcome], _results: Sequence[None], /) -> None:
        for conclusion in conclusions:
            self._outlet.recorded(conclusion)
        self._metrics.count_attempts(conclusions)

    def failed(self, conclusion: AttemptOutcome, error: Exception, /) -> None:
        self._outlet.not_recorded(conclusion, error)
