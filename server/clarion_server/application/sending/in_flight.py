"""Says how many messages of one channel configuration a process may have in its hands, lane by lane."""

from __future__ import annotations

from clarion_server.domain.channels.channel import ChannelConfiguration
from clarion_server.domain.messages.message import Lane

#: While one message is handed off, others are being claimed or recorded: as many share a statement and a commit.
_PER_HAND_OFF = 16
_LEAST = 32
#: A rate limit bounds them too: to the messages that leave in so many seconds.
_SECONDS_OF_RATE = 5


def in_flight_limits(configuration: ChannelConfiguration) -> dict[Lane, int]:
    """Returns, for each lane in order, how many messages of it and of all lanes behind it may be in flight.

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
        self.configure(configuration)
        #: For each lane, how many messages of it and of all lanes behind it are in flight. Nothing is behind the last.
        self._used = [0] * (len(Lane) + 1)

    def configure(self, configuration: ChannelConfiguration) -> None:
        self._limits = list(in_flight_limits(configuration).values())

    @property
    def count(self) -> int:
        return self._used[0]

    def free(self, lane: Lane) -> int:
        """Returns how many more messages of the lane fit. Negative after the configuration was narrowed."""
        limits, used = self._limits, self._used
        free = limits[lane] - used[lane]
        for each in range(lane):
            free = min(free, limits[each] - used[each])
        return free

    def is_worth_a_claim(self, lane: Lane) -> bool:
        """Returns whether a good part is free: a few large claims cost less than many small ones.

        That is half of the limit, or a quarter while other lanes have messages in flight, which may leave no more free.
        """
        alone = self._used[lane] - self._used[lane + 1] == self.count
        return self.free(lane) >= max(1, self._limits[lane] // (2 if alone else 4))

    def acquire(self, lane: Lane, count: int) -> None:
        for each in range(lane + 1):
            self._used[each] += count

    def release(self, lane: Lane, count: int) -> None:
        self.acquire(lane, -count)
