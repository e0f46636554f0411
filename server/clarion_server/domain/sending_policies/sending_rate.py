"""Defines sending rates, which say how many messages of a campaign leave in a second, a minute or an hour."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from clarion_server.domain.violation import Violation, out_of_range, required

MAX_COUNT = 1_000_000
#: A rate allows at most this many messages a second.
MAX_RATE = 100_000.0


class RatePeriod(StrEnum):
    SECOND = "SECOND"
    MINUTE = "MINUTE"
    HOUR = "HOUR"

    @property
    def seconds(self) -> int:
        return _SECONDS[self]


_SECONDS = {RatePeriod.SECOND: 1, RatePeriod.MINUTE: 60, RatePeriod.HOUR: 3600}


@dataclass(frozen=True, slots=True)
class SendingRate:
    """Limits how many messages leave in each period, over all processes."""

    count: int
    period: RatePeriod | None
    """None is refused."""

    @property
    def a_second(self) -> float:
        return 0.0 if self.period is None else self.count / self.period.seconds


def rate_violations(rate: SendingRate | None) -> Iterator[Violation]:
    """Yields all violations, with the field paths of the contract's `Campaign`."""
    if rate is None:
        return
    if rate.period is None:
        yield required("rate.period")
    if not 1 <= rate.count <= MAX_COUNT:
        yield out_of_range("rate.count", f"Must be 1 to {MAX_COUNT:,}.")
    elif rate.a_second > MAX_RATE:
        yield out_of_range("rate.count", "Must be at most 100,000 a second.")
