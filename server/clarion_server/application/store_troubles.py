"""Says in the log why the store does not answer, and when it is back."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

log = structlog.get_logger()

#: A store that comes and goes, as on a full disk where small writes still fit, is told of once in so many seconds.
QUIET_SECONDS = 60.0


class StoreTroubles:
    """Tells each reason once: everybody who needs the store meets the same one, and tries again."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self.reasons: set[str] = set()
        """Holds why the store did not answer since the last successful write."""
        #: Holds those of them that the log has.
        self._told: set[str] = set()
        #: Holds when each reason was told last.
        self._told_times: dict[str, float] = {}

    def report(self, reason: str) -> None:
        self.reasons.add(reason)
        if reason in self._told:
            return
        now, last = self._now(), self._told_times.get(reason)
        if last is None or now - last >= QUIET_SECONDS:
            self._told.add(reason)
            self._told_times[reason] = now
            log.warning("store_unavailable", reason=reason)

    def end(self) -> None:
        """A write was successful."""
        self.reasons.clear()
        if self._told:
            self._told.clear()
            log.info("store_back")
