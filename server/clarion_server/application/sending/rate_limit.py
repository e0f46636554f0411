"""Spaces hand-offs so that a rate is kept (the generic cell rate algorithm, ITU-T I.371)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

from clarion_server.domain.instant import SECOND, Instant, Span

#: Says how much unused time may be caught up with, so that short pauses do not lower the rate.
_BURST: Span = SECOND // 10


def _steady_now() -> Instant:
    """Returns a time that is never set back, as the time of day may be: hand-offs would wait for it to come again."""
    return time.monotonic_ns() // 1_000


class RateLimiter:
    """Gives permits for hand-offs, evenly spaced. Belongs to one event loop."""

    def __init__(self, rate: float, now: Callable[[], Instant] = _steady_now) -> None:
        """`rate` is the number of permits a second; 0 sets no limit."""
        self._interval = SECOND / rate if rate else 0.0
        self._now = now
        self._next = 0.0
        self._ended = asyncio.Event()

    def reserve(self) -> Span:
        """Reserves the next permit. Returns the time until it holds."""
        if not self._interval:
            return 0
        now = self._now()
        mine = max(self._next, now - _BURST)
        self._next = mine + self._interval
        return max(0, round(mine - now))

    async def acquire(self) -> bool:
        """Reserves the next permit, and waits for it. Returns False when `end` has been called meanwhile."""
        if delay := self.reserve():
            with suppress(TimeoutError):
                async with asyncio.timeout(delay / SECOND):
                    await self._ended.wait()
        return not self._ended.is_set()

    def end(self) -> None:
        """Ends the waits for permits, as another rate limiter gives them from now on."""
        self._ended.set()

    def is_used(self) -> bool:
        """Returns whether a permit that was given still delays the next one."""
        return self._next > self._now()
