"""Keeps claimed messages that wait for their hand-off, lane by lane."""

from __future__ import annotations

import asyncio
from collections import deque

from clarion_server.application.sending.dispatch import ClaimedMessage
from clarion_server.domain.messages.message import Lane

#: Python 3.11 looks for a member in its class for as long as it takes to make a small object.
_MARKETING = Lane.MARKETING
#: One of so many concurrent hand-offs is kept from marketing, so that urgent messages find a connection free.
_HAND_OFFS_PER_KEPT_ONE = 8


def marketing_limit(concurrency: int) -> int:
    """Returns how many of so many concurrent hand-offs may be of marketing messages."""
    return max(1, concurrency - max(1, concurrency // _HAND_OFFS_PER_KEPT_ONE))


class SendQueue:
    """Gives out the messages of lower lanes first, and those of a lane in their order. Belongs to one event loop."""

    def __init__(self, concurrency: int) -> None:
        self._waiting: dict[Lane, deque[ClaimedMessage]] = {lane: deque() for lane in sorted(Lane)}
        self._marketing = 0
        self._marketing_limit = marketing_limit(concurrency)
        self._unfinished = 0
        self._finished = asyncio.Event()
        self._finished.set()

    def configure(self, concurrency: int) -> None:
        self._marketing_limit = marketing_limit(concurrency)

    def put(self, claimed: ClaimedMessage) -> None:
        self._waiting[claimed.message.action.lane].append(claimed)
        self._unfinished += 1
        self._finished.clear()

    def is_ready(self) -> bool:
        """Returns whether `take` would return a message."""
        return self._first() is not None

    def take(self) -> ClaimedMessage | None:
        """Removes and returns the next message, whose hand-off lasts until `done`. None when there is none to hand off
        now.
        """
        waiting = self._first()
        if waiting is None:
            return None
        claimed = waiting.popleft()
        self._count(claimed, 1)
        return claimed

    def peek_behind(self, claimed: ClaimedMessage) -> ClaimedMessage | None:
        """Returns the message that would be next if the hand-off of `claimed` had ended."""
        self._count(claimed, -1)
        waiting = self._first()
        self._count(claimed, 1)
        return waiting[0] if waiting else None

    def take_behind(self, claimed: ClaimedMessage) -> None:
        """Takes that message: its hand-off begins in the place of `claimed`, which is about to end."""
        self._count(claimed, -1)
        self.take()

    def done(self, claimed: ClaimedMessage, *, has_place: bool = True) -> None:
        """Notes that the hand-off of `claimed` has ended. `has_place` is False when another one was taken behind it."""
        if has_place:
            self._count(claimed, -1)
        self._finish(1)

    def clear(self) -> list[ClaimedMessage]:
        """Removes and returns all messages that wait."""
        cleared = [claimed for waiting in self._waiting.values() for claimed in waiting]
        for waiting in self._waiting.values():
            waiting.clear()
        self._finish(len(cleared))
        return cleared

    async def join(self) -> None:
        """Returns when no message waits and no hand-off is under way."""
        await self._finished.wait()

    def _first(self) -> deque[ClaimedMessage] | None:
        for lane, waiting in self._waiting.items():
            if waiting and (lane is not _MARKETING or self._marketing < self._marketing_limit):
                return waiting
        return None

    def _count(self, claimed: ClaimedMessage, change: int) -> None:
        if claimed.message.action.lane is _MARKETING:
            self._marketing += change

    def _finish(self, count: int) -> None:
        self._unfinished -= count
        if not self._unfinished:
            self._finished.set()
