"""One channel configuration at work in this process: claims, attempts, records.

Its places bound what is in this process's hands: a message takes one when it is claimed and leaves it when its
conclusion is durable. Whatever finds no place stays queued in the store, so that memory does not grow with a backlog.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog

from clarion_server.application.delivery import Delivery
from clarion_server.application.disowning import Disowned
from clarion_server.application.group_commit import BulkOperation, GroupCommit
from clarion_server.application.hand_off import HandOff
from clarion_server.application.lease import Lease
from clarion_server.application.line import Line
from clarion_server.application.ports.channels import ChannelFactory
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.queue import Claimed, Queue
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.recording import settle
from clarion_server.domain.channel import ChannelConfiguration
from clarion_server.domain.delivery import Conclusion
from clarion_server.domain.instant import Instant

log = structlog.get_logger()

#: Places for each concurrent hand-off: while some are being sent, others are being claimed or recorded.
_PLACES_PER_HAND_OFF = 8
_MIN_PLACES = 32
#: With a rate limit: no more places than are used up in so many seconds.
_MAX_SECONDS_IN_HAND = 5
#: After a fault of the store.
_PAUSE = 1.0
#: How long, in seconds, an outlet that closes waits for a store that does not answer. What it could not record by then
#: is in doubt for whoever takes over.
_PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class OutletPorts:
    """What every outlet of a process shares."""

    queue: Queue
    commits: GroupCommit
    delivery: Delivery
    open_channel: ChannelFactory
    clock: Clock
    lease: Lease
    """This process's. Without it, others may be sending its messages."""
    disowned: Disowned

    @property
    def owner(self) -> str:
        """What the store knows this process by."""
        return self.lease.process_id


def places_of(configuration: ChannelConfiguration) -> int:
    """How many messages may be in the hands of one process."""
    places = max(_MIN_PLACES, configuration.max_concurrency * _PLACES_PER_HAND_OFF)
    if configuration.max_rate:
        places = min(places, max(1, int(configuration.max_rate * _MAX_SECONDS_IN_HAND)))
    return places


class Outlet:
    def __init__(self, configuration: ChannelConfiguration, ports: OutletPorts) -> None:
        self._ports = ports
        self._recording = Recording(self, ports.owner)
        self._taken = 0
        #: True while messages that are due may wait in the store: newer ones must not overtake them.
        self._backlog = True
        self._room = asyncio.Event()
        self._queue: asyncio.Queue[HandOff] = asyncio.Queue()
        self._closing = False
        self._hired = 0
        self._workers: list[asyncio.Task[None]] = []
        self._line = Line(configuration, ports.open_channel)
        self._source = ports.queue.source(configuration, self.configure)
        self._hire()
        self._claimer = asyncio.create_task(self._claim_forever())

    @property
    def configuration(self) -> ChannelConfiguration:
        return self._line.configuration

    # What triggers ask of it.

    def reserve(self, count: int) -> str | None:
        if self._backlog or self._closing or count > self._free or not self._may_send():
            self._backlog = True
            return None
        self._taken += count
        return self._ports.owner

    def give_up(self, count: int) -> None:
        self._taken -= count
        self._room.set()

    def hand_off(self, messages: Sequence[HandOff]) -> None:
        for message in messages:
            if self._closing:
                self._disown(message)
            else:
                self._queue.put_nowait(message)

    def queued(self, due_time: Instant) -> None:
        self._backlog = self._backlog or due_time <= self._ports.clock.now()

    def wake(self, due_time: Instant) -> None:
        self.queued(due_time)
        self._source.wake(due_time)

    def look(self) -> None:
        self._source.look()

    # The way of a claimed message.

    def _hire(self) -> None:
        self._workers = [worker for worker in self._workers if not worker.done()]
        while self._hired < self.configuration.max_concurrency:
            self._hired += 1
            self._workers.append(asyncio.create_task(self._work()))

    async def _work(self) -> None:
        # A lowered concurrency sends workers home after their next message.
        while self._hired <= self.configuration.max_concurrency:
            hand_off = await self._queue.get()
            try:
                await self._attempt(hand_off)
            except Exception:
                # It was not begun, as a begun attempt always has a conclusion: its version could not be read, say.
                log.exception("attempt_not_begun", message=hand_off.message.name)
                self._disown(hand_off)
            finally:
                self._queue.task_done()
        self._hired -= 1

    async def _attempt(self, hand_off: HandOff) -> None:
        line = self._line
        async with line:
            await line.turn()
            if not self._ports.lease.covers(hand_off.message.attempt_time or 0):
                # Others may have taken the message over: whoever has it now sends it.
                self._disown(hand_off)
                return
            self._record(await self._ports.delivery.attempt(hand_off, line.channel, line.configuration))

    def _disown(self, hand_off: HandOff) -> None:
        self._ports.disowned.add(hand_off.message)
        self._source.disowned(hand_off.message)
        self.give_up(1)

    def _record(self, conclusion: Conclusion) -> None:
        self._ports.commits.post(self._recording, conclusion, 2)

    def recorded(self, conclusion: Conclusion) -> None:
        """Part of `Recording`: the message has left this process's hands."""
        self.give_up(1)
        if conclusion.due_time is not None:
            self.queued(conclusion.due_time)
        self._source.concluded(conclusion)

    def not_recorded(self, conclusion: Conclusion, error: Exception) -> None:
        """Part of `Recording`: the message keeps its place, so that a store that comes back learns how it ended."""
        log.warning("record_failed", message=conclusion.message.name, error=type(error).__name__)
        asyncio.get_running_loop().call_later(_PAUSE, self._record, conclusion)

    # Claiming.

    @property
    def _free(self) -> int:
        return places_of(self.configuration) - self._taken

    def _may_send(self) -> bool:
        return not self.configuration.disabled and self._ports.lease.is_held()

    async def _claim_forever(self) -> None:
        while not self._closing:
            try:
                if await self._has_room() and await self._source.has_work():
                    await self._claim()
            except Exception as error:  # noqa: BLE001 - whatever it is, the next look comes
                log.warning("claim_failed", channel=self.configuration.name, error=type(error).__name__)
                await asyncio.sleep(_PAUSE)

    async def _has_room(self) -> bool:
        """Waits for a fair part of the places: few large claims cost less than many small ones."""
        self._room.clear()
        if self._free >= max(1, places_of(self.configuration) // 4):
            return True
        await self._room.wait()
        return False

    async def _claim(self) -> None:
        if not self._may_send():
            await asyncio.sleep(_PAUSE)
            return
        now, limit = self._ports.clock.now(), self._free
        self._taken += limit
        self._backlog = False
        try:
            claimed = await self._source.claim(limit, now)
        except Exception:
            self._backlog = True
            self._ports.disowned.claims.add(now)
            self.give_up(limit)
            raise
        self._take(claimed, limit)

    def _take(self, claimed: Claimed, limit: int) -> None:
        self.give_up(limit - len(claimed.messages))
        if claimed.configuration is not None:
            self.configure(claimed.configuration)
        if claimed.next_due_time is not None:
            self._backlog = self._backlog or claimed.next_due_time <= self._ports.clock.now()
        self.hand_off([HandOff(message) for message in claimed.messages])

    # Change and end.

    def configure(self, configuration: ChannelConfiguration) -> None:
        """Takes up a changed configuration: attempts under way finish over the old connections."""
        if configuration.revision <= self.configuration.revision:
            return
        self._line.retire()
        self._line = Line(configuration, self._ports.open_channel)
        self._hire()
        self.wake(self._ports.clock.now())

    async def close(self) -> None:
        """Claims no more, lets attempts under way finish and be recorded, and disowns what was not begun."""
        self._closing = True
        for _ in range(self._queue.qsize()):
            self._disown(self._queue.get_nowait())
            self._queue.task_done()
        self._source.end()
        self._room.set()
        await self._claimer
        await self._queue.join()
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                await self._emptied()
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        await self._source.close()
        await self._line.close()

    async def _emptied(self) -> None:
        """Returns when no place is taken: what was begun is recorded, and no trigger under way has a place."""
        while self._taken:
            self._room.clear()
            await self._room.wait()


class Recording(BulkOperation[Conclusion, None]):
    """Writes down how an outlet's attempts ended."""

    def __init__(self, outlet: Outlet, owner: str) -> None:
        self._outlet = outlet
        self._owner = owner

    def apply(self, unit: UnitOfWork, conclusions: Sequence[Conclusion], /) -> Sequence[None]:
        settle(unit, conclusions, self._owner)
        return [None] * len(conclusions)

    def committed(self, conclusions: Sequence[Conclusion], _results: Sequence[None], /) -> None:
        for conclusion in conclusions:
            self._outlet.recorded(conclusion)

    def failed(self, conclusion: Conclusion, error: Exception, /) -> None:
        self._outlet.not_recorded(conclusion, error)
