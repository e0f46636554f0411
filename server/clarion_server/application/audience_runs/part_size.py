"""Says how many members one commit decides about."""

from __future__ import annotations

#: Is the most, which no commit passes.
MOST = 500
_LEAST = 25
#: Before anything is known of the machine.
_FIRST = 60
#: While others write, a commit takes about so many seconds: they may have to wait for one.
_SPAN = 0.004
#: Says how many times as long it takes while nobody does. Whoever comes then waits for it, too.
_TIMES_ALONE = 4


class PartSize:
    """Follows how long the commits of a run take."""

    def __init__(self) -> None:
        self._fitting = _FIRST

    def next(self, *, is_busy: bool) -> int:
        """`is_busy`: others write too."""
        return self._fitting if is_busy else min(MOST, _TIMES_ALONE * self._fitting)

    def record(self, count: int, seconds: float) -> None:
        """Records how long a commit of so many members took."""
        fitting = int(count * _SPAN / max(seconds, 1e-6))
        # Halfway to what fits, as one commit may have waited for the disk.
        self._fitting = min(MOST, max(_LEAST, (self._fitting + fitting) // 2))
