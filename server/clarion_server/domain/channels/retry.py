"""Computes the schedule of retries after failed hand-offs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from clarion_server.domain.instant import DAY, MINUTE, SECOND, Instant, Span

#: Is the share by which a delay varies, so that messages that failed together are not retried together.
JITTER = 0.2

_ENDLESS: Span = 1_000 * 366 * DAY


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Describes exponential back-off inside a window of time."""

    window: Span = DAY
    """Says how long after its first attempt a message may still be retried."""
    initial_delay: Span = 5 * SECOND
    max_delay: Span = 15 * MINUTE

    def endless(self) -> RetryPolicy:
        """Returns the policy without an end of its window."""
        return replace(self, window=_ENDLESS)

    def delay_after(self, attempt: int, random: Callable[[], float]) -> Span:
        """Returns the delay after the `attempt`-th failure (from 1). `random` yields numbers of [0, 1)."""
        # The bound of the exponent avoids huge integers after many retries.
        delay = min(self.max_delay, self.initial_delay << min(attempt - 1, 40))
        return int(delay * (1 + JITTER * (2 * random() - 1)))

    def next_attempt(
        self,
        attempt: int,
        first_attempt_time: Instant,
        now: Instant,
        random: Callable[[], float],
        not_before: Instant | None = None,
    ) -> Instant | None:
        """Returns when to try again after the `attempt`-th failure; None when the window closes before.

        `not_before` is the time for which the provider asked. When it lies beyond the window, the last attempt is made
        as the window closes, rather than none.
        """
        due, closing = now + self.delay_after(attempt, random), first_attempt_time + self.window
        return min(max(due, not_before or now), closing) if due <= closing else None
