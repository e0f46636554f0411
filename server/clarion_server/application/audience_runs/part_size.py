"""Says how many members one commit decides about."""

from __future__ import annotations

#: No commit decides about more members than this.
MOST = 500
_LEAST = 25
#: The first commit decides about this many, as nothing is known of the machine yet.
_FIRST = 60
#: While others write, a commit should take about this many seconds, as they may have to wait for it.
_SPAN = 0.004
#: While nobody else writes, a commit may take this many times as long. Whoever comes then waits for it.
_TIMES_ALONE = 4


class PartSize:
    """Adapts the number of members of a commit to the time that the run's commits take."""

    def __init__(self) -> None:
        self._fitting = _FIRST

    def next(self, *, is_busy: bool) -> int:
        """Returns the number of members of the next commit. `is_busy` says whether others write too."""
        return self._fitting if is_busy else min(MOST, _TIMES_ALONE * self._fitting)

    def record(self, count: int, seconds: float) -> None:
        """Records how long a commit of so many members took."""
        fitting = int(count * _SPAN / max(seconds, 1e-6))
        # Halfway to what fits, as one commit may have waited for the disk.
        self._fitting = min(MOST, max(_LEAST, (self._fitting + fitting) // 2))
