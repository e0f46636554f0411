"""When a failed call is made again."""

from __future__ import annotations

import time
from dataclasses import dataclass

from clarion_client._errors import ClarionError, OverloadedError, UnavailableError


@dataclass(frozen=True, slots=True)
class Retry:
    """Delays that double from `initial_delay` up to `max_delay` (seconds), each shortened at random by up to half,
    so that callers who failed together do not come back together. A longer delay that the service asks for is kept.
    There is no limit on the number of tries: the call's deadline is the limit.
    """

    initial_delay: float = 0.1
    max_delay: float = 5.0

    def delay(
        self, failure: ClarionError, *, attempt: int, remaining: float, repeatable: bool, jitter: float
    ) -> float | None:
        """Returns the seconds to wait after the failure of the `attempt`-th try (from 1), or None when the caller
        should see it: it is not a passing one, the call is not safe to repeat, or its `remaining` seconds end
        before the delay.

        `jitter` is random in [0, 1).
        """
        if not may_pass(failure, repeatable=repeatable):
            return None
        asked = failure.retry_after.total_seconds() if failure.retry_after else 0.0
        # 2**30 times any delay is beyond every deadline; without the bound a long outage would overflow.
        backoff = min(self.max_delay, self.initial_delay * 2 ** min(attempt - 1, 30))
        delay = max(asked, backoff * (1 - jitter / 2))
        return delay if delay < remaining else None


def may_pass(failure: ClarionError, *, repeatable: bool) -> bool:
    """True when the same call may succeed later and making it again does no harm.

    UNAVAILABLE leaves it open whether a write was done, so only repeatable calls go on. RESOURCE_EXHAUSTED with a
    delay means that nothing was done, which makes every call repeatable; without one it is a limit that waiting
    does not lift.
    """
    if isinstance(failure, UnavailableError):
        return repeatable
    return isinstance(failure, OverloadedError) and failure.retry_after is not None


class Deadline:
    """The moment after which a call is of no use."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """In seconds, at least 0."""
        return max(0.0, self._end - time.monotonic())
