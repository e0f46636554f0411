"""Decides when a failed call is repeated."""

from __future__ import annotations

import time
from dataclasses import dataclass

from clarion_client._errors import ClarionError, OverloadedError, UnavailableError


@dataclass(frozen=True, slots=True)
class Retry:
    """Sets the delays between tries. They double from `initial_delay` up to `max_delay` (seconds), and each is
    shortened at random by up to half, so that callers who failed together do not come back together. A longer delay
    that the service asks for is kept. The call's deadline limits the number of tries.
    """

    initial_delay: float = 0.1
    max_delay: float = 5.0

    def delay(
        self, failure: ClarionError, *, attempt: int, remaining: float, repeatable: bool, jitter: float
    ) -> float | None:
        """Returns the seconds to wait after the failure of the `attempt`-th try (from 1). Returns None when the caller
        gets the failure: it is permanent, the call is not safe to repeat, or its `remaining` seconds end before the
        delay.

        `jitter` is random in [0, 1).
        """
        if not is_transient(failure, repeatable=repeatable):
            return None
        asked = failure.retry_after.total_seconds() if failure.retry_after else 0.0
        # The bound keeps a long outage from overflowing; 2**30 times any delay is beyond every deadline.
        backoff = min(self.max_delay, self.initial_delay * 2 ** min(attempt - 1, 30))
        delay = max(asked, backoff * (1 - jitter / 2))
        return delay if delay < remaining else None


def is_transient(failure: ClarionError, *, repeatable: bool) -> bool:
    """Returns whether the same call may succeed later, and does no harm when it is made again.

    After UNAVAILABLE nobody knows whether a write was done, so only repeatable calls are made again. RESOURCE_EXHAUSTED
    with a delay means that nothing was done, which makes every call repeatable; without a delay it is a limit that
    waiting does not lift.
    """
    if isinstance(failure, UnavailableError):
        return repeatable
    return isinstance(failure, OverloadedError) and failure.retry_after is not None


#: Is the longest time that a call may take, in seconds: a year. gRPC takes an infinite one for none at all.
_LONGEST = 365 * 86_400.0


class Deadline:
    """Is the time by which a call must have its answer."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + min(seconds, _LONGEST)

    def remaining(self) -> float:
        """Returns the seconds left, at least 0."""
        return max(0.0, self._end - time.monotonic())
