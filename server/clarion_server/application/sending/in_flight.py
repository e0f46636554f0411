"""How many messages of one channel configuration a process may have in its hands, lane by lane."""

from __future__ import annotations

from clarion_server.domain.channel import ChannelConfiguration
from clarion_server.domain.message import Lane

#: While one message is handed off, others are being claimed or recorded.
_PER_HAND_OFF = 8
_LEAST = 32
#: A rate limit bounds them too: to the messages that leave in so many seconds.
_SECONDS_OF_RATE = 5


def in_flight_limits(configuration: ChannelConfiguration) -> dict[Lane, int]:
    """Returns, for each lane, how many messages of it and of all lanes behind it may be in flight.

    A lane never uses up the capacity of one that goes before it.
    """
    limit = max(_LEAST, configuration.max_concurrency * _PER_HAND_OFF)
    if configuration.max_rate:
        limit = min(limit, max(1, int(configuration.max_rate * _SECONDS_OF_RATE)))
    quarter = limit // 4
    return {Lane.RAPID: limit + max(1, quarter), Lane.TRANSACTIONAL: limit, Lane.MARKETING: limit - quarter}


class InFlightLimit:
    """Counts the messages in flight. One counts from before it is claimed, or written as claimed, until its outcome is
    durable. The others stay queued in the store, so that memory does not grow with a backlog.
    """

    def __init__(self, configuration: ChannelConfiguration) -> None:
        self._limits = in_flight_limits(configuration)
        self._counts = dict.fromkeys(Lane, 0)

    def configure(self, configuration: ChannelConfiguration) -> None:
        self._limits = in_flight_limits(configuration)

    @property
    def count(self) -> int:
        return sum(self._counts.values())

    def free(self, lane: Lane) -> int:
        """Returns how many more messages of the lane fit. Negative after the configuration was narrowed."""
        free = self._limits[lane] - sum(count for other, count in self._counts.items() if other >= lane)
        return free if lane is Lane.RAPID else min(free, self.free(Lane(lane - 1)))

    def is_worth_a_claim(self, lane: Lane) -> bool:
        """Returns whether a good part is free: a few large claims cost less than many small ones.

        That is half of the limit, or a quarter while other lanes have messages in flight, which may leave no more free.
        """
        alone = self._counts[lane] == self.count
        return self.free(lane) >= max(1, self._limits[lane] // (2 if alone else 4))

    def acquire(self, lane: Lane, count: int) -> None:
        self._counts[lane] += count

    def release(self, lane: Lane, count: int) -> None:
        self._counts[lane] -= count
