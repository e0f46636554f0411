"""How long to wait before a process that ended is started again."""

from __future__ import annotations

from dataclasses import dataclass

_FIRST = 0.1
_LONGEST = 30.0
#: A process that has served for so many seconds had nothing wrong with it at its start.
_PROVEN = 10.0


@dataclass(slots=True)
class Pauses:
    """Of one process and its successors. The first comes at once; each next one waits twice as long as the last."""

    ends: int = 0
    """How often in a row it ended soon after its start, or before it served."""

    def next(self, served_seconds: float) -> float:
        """In seconds. `served_seconds`: how long the one that ended has served."""
        if served_seconds >= _PROVEN:
            self.ends = 0
        self.ends += 1
        return 0.0 if self.ends == 1 else min(_FIRST * 2.0 ** (self.ends - 2), _LONGEST)
