"""Spaces hand-offs so that a rate is kept (the generic cell rate algorithm, ITU-T I.371)."""

from __future__ import annotations

from collections.abc import Callable

from clarion_server.domain.instant import SECOND, Instant, Span

#: How much unused time may be caught up with: short pauses do not lower the rate.
_BURST: Span = SECOND // 10


class RateLimiter:
    def __init__(self, rate: float, now: Callable[[], Instant]) -> None:
        """At most `rate` turns a second; 0: no limit."""
        self._interval = SECOND / rate if rate else 0.0
        self._now = now
        self._next = 0.0

    def reserve(self) -> Span:
        """Takes the next free turn; how long it is until then."""
        if not self._interval:
            return 0
        now = self._now()
        mine = max(self._next, now - _BURST)
        self._next = mine + self._interval
        return max(0, round(mine - now))
