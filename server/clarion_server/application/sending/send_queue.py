"""Messages in the hands of a process that wait for their hand-off, lane by lane."""

from __future__ import annotations

import asyncio
from collections import deque

from clarion_server.application.sending.local_dispatch import ClaimedMessage
from clarion_server.domain.message import Lane

#: Of so many concurrent hand-offs one is kept from marketing, so that what somebody waits for finds a connection free.
_HAND_OFFS_PER_KEPT_ONE = 8


def marketing_limit(concurrency: int) -> int:
    """How many of so many concurrent hand-offs may be of marketing messages."""
    return max(1, concurrency - max(1, concurrency // _HAND_OFFS_PER_KEPT_ONE))


class SendQueue:
    """Lower lanes go first; within a lane, what came first. Belongs to one event loop."""

    def __init__(self, concurrency: int) -> None:
        self._waiting: dict[Lane, deque[ClaimedMessage]] = {lane: deque() for lane in sorted(Lane)}
        self._takers: deque[asyncio.Future[None]] = deque()
        self._marketing = 0
        self._marketing_limit = marketing_limit(concurrency)
        self._unfinished = 0
        self._finished = asyncio.Event()
        self._finished.set()

    def configure(self, concurrency: int) -> None:
        self._marketing_limit = marketing_limit(concurrency)
        self._wake_taker()

    def put(self, hand_off: ClaimedMessage) -> None:
        self._waiting[hand_off.message.lane].append(hand_off)
        self._unfinished += 1
        self._finished.clear()
        self._wake_taker()

    async def ready(self) -> None:
        """Returns when there is something to take. Whoever does so at once gets it."""
        while self._first() is None:
            taker = asyncio.get_running_loop().create_future()
            self._takers.append(taker)
            try:
                await taker
            except asyncio.CancelledError:
                # It may have been this one's turn already.
                self._wake_taker()
                raise

    def take(self) -> ClaimedMessage:
        """The first one. Its hand-off has begun, until `done`."""
        waiting = self._first()
        assert waiting is not None, "only what is ready is taken"
        hand_off = waiting.popleft()
        if hand_off.message.lane is Lane.MARKETING:
            self._marketing += 1
        return hand_off

    def done(self, hand_off: ClaimedMessage) -> None:
        if hand_off.message.lane is Lane.MARKETING:
            self._marketing -= 1
            self._wake_taker()
        self._finish(1)

    def clear(self) -> list[ClaimedMessage]:
        """Everything that waits, and does so no more."""
        cleared = [hand_off for waiting in self._waiting.values() for hand_off in waiting]
        for waiting in self._waiting.values():
            waiting.clear()
        self._finish(len(cleared))
        return cleared

    async def join(self) -> None:
        """Returns when nothing waits and no hand-off is under way."""
        await self._finished.wait()

    def _first(self) -> deque[ClaimedMessage] | None:
        for lane, waiting in self._waiting.items():
            if waiting and (lane is not Lane.MARKETING or self._marketing < self._marketing_limit):
                return waiting
        return None

    def _wake_taker(self) -> None:
        while self._takers and self._first() is not None:
            taker = self._takers.popleft()
            if not taker.done():
                taker.set_result(None)
                return

    def _finish(self, count: int) -> None:
        self._unfinished -= count
        if not self._unfinished:
            self._finished.set()
