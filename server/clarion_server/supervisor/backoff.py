"""Decides how long a process that ended waits before it is started again."""

from __future__ import annotations

from dataclasses import dataclass

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 30.0
#: A process that has served for so many seconds did not fail at its start.
_STABLE = 10.0


@dataclass(slots=True)
class Backoff:
    """Decides the pauses of one slot. The first restart comes at once; each later pause is twice as long as the one
    before.
    """

    failures: int = 0
    """Says how many times in a row the process ended before it served, or soon after."""

    def next_pause(self, served_seconds: float) -> float:
        """Returns the pause in seconds. `served_seconds` is how long the process that ended has served."""
        if served_seconds >= _STABLE:
            self.failures = 0
        self.failures += 1
        return 0.0 if self.failures == 1 else min(_FIRST_PAUSE * 2.0 ** (self.failures - 2), _LONGEST_PAUSE)
