"""Says when to claim: what this process knows about the messages that wait in the queue."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from clarion_server.application.ports.clock import Clock
from clarion_server.domain.instant import SECOND, Instant, Span
from clarion_server.domain.messages.message import Lane

#: What was noted so shortly before a look at the store may be missing there: its commit may still be under way.
_COMMIT_TIME: Span = SECOND

_LANES = tuple(Lane)


class _Entry:
    """Is the earliest message that waits in one lane of a channel configuration."""

    __slots__ = ("due_time", "noted_time", "ready")

    def __init__(self, due_time: Instant, noted_time: Instant, *, ready: bool) -> None:
        self.due_time = due_time
        self.noted_time = noted_time
        self.ready = ready
        """False while a claim would come too early: the message is being committed, or the engine is being asked."""


class ClaimSchedule:
    """Holds one entry for each lane of each channel configuration in which messages wait. Belongs to one event loop.

    An entry that is due has two effects: the claim loop claims, and newer messages of the same lane are queued behind
    the one that waits instead of being sent directly.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        #: Those claimed last stand at the end, so that channel configurations take turns.
        self._entries: dict[tuple[int, Lane], _Entry] = {}
        self._woken = asyncio.Event()

    def add(self, channel_key: int, lane: Lane, due_time: Instant) -> None:
        """Notes that a message may wait, due at that time, and that it can be claimed then."""
        entry = self._entries.get((channel_key, lane))
        if entry is None:
            self._entries[channel_key, lane] = _Entry(due_time, self._clock.now(), ready=True)
        else:
            entry.noted_time = self._clock.now()
            if entry.ready and entry.due_time <= due_time:
                return
            entry.due_time, entry.ready = min(entry.due_time, due_time), True
        self.wake()

    def expect(self, channel_key: int, lane: Lane) -> None:
        """Notes that a message is about to wait: newer ones must not overtake it, and it cannot be claimed yet."""
        now = self._clock.now()
        entry = self._entries.get((channel_key, lane))
        if entry is None:
            self._entries[channel_key, lane] = _Entry(now, now, ready=False)
            return
        entry.noted_time = now
        entry.due_time = min(entry.due_time, now)

    def due_lanes(self, channel_key: int) -> list[Lane]:
        """Returns the lanes in which messages of the channel configuration that are due may wait, lower lanes first."""
        if not self._entries:
            return []
        now, entries = self._clock.now(), self._entries
        return [
            lane for lane in _LANES if (entry := entries.get((channel_key, lane))) is not None and entry.due_time <= now
        ]

    def is_behind(self, channel_key: int, lane: Lane) -> bool:
        """Returns whether messages of the lane or a lower one may wait that are due, so that newer ones go behind."""
        entries = self._entries
        if not entries:
            return False
        now = self._clock.now()
        for each in _LANES[: lane + 1]:
            entry = entries.get((channel_key, each))
            if entry is not None and entry.due_time <= now:
                return True
        return False

    def claimable(self) -> list[tuple[int, Lane]]:
        """Returns where messages that are due can be claimed: lower lanes first, then those claimed longest ago."""
        now = self._clock.now()
        due = [key for key, entry in self._entries.items() if entry.ready and entry.due_time <= now]
        return sorted(due, key=lambda key: key[1])

    def remove(self, channel_key: int, lane: Lane) -> None:
        """Removes the entry: a claim is about to find out how many messages wait."""
        self._entries.pop((channel_key, lane), None)

    def replace(self, found: Mapping[tuple[int, Lane], Instant], looked_time: Instant) -> None:
        """Takes over what waits in the store, as it was read after `looked_time`. Keeps what was noted since."""
        for key, entry in list(self._entries.items()):
            if key not in found and entry.noted_time < looked_time - _COMMIT_TIME:
                del self._entries[key]
        for (channel_key, lane), due_time in found.items():
            self.add(channel_key, lane, due_time)

    def wake(self) -> None:
        """Ends the wait of the claim loop: something may be claimable that was not before."""
        self._woken.set()

    async def wait(self, seconds: float) -> None:
        """Returns when `wake` was called since the last wait, when the next message is due, or after so long."""
        now = self._clock.now()
        spans = [(entry.due_time - now) / SECOND for entry in self._entries.values() if entry.ready]
        with suppress(TimeoutError):
            async with asyncio.timeout(min([seconds, *(each for each in spans if each > 0)])):
                await self._woken.wait()
        self._woken.clear()
