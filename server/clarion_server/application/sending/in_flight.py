"""How many messages may be in the hands of one process, lane by lane."""

from __future__ import annotations

from clarion_server.domain.channel import ChannelConfiguration
from clarion_server.domain.message import Lane

#: InFlightLimit for each concurrent hand-off: while some are being sent, others are being claimed or recorded.
_PLACES_PER_HAND_OFF = 8
_MIN_PLACES = 32
#: With a rate limit: no more places than are used up in so many seconds.
_MAX_SECONDS_IN_HAND = 5


def in_flight_limits(configuration: ChannelConfiguration) -> dict[Lane, int]:
    """Up to how many messages of a lane, and of all lanes that go after it, may be in the hands of one process.

    A lane never fills the places of one that goes before it.
    """
    places = max(_MIN_PLACES, configuration.max_concurrency * _PLACES_PER_HAND_OFF)
    if configuration.max_rate:
        places = min(places, max(1, int(configuration.max_rate * _MAX_SECONDS_IN_HAND)))
    quarter = places // 4
    return {Lane.RAPID: places + max(1, quarter), Lane.TRANSACTIONAL: places, Lane.MARKETING: places - quarter}


class InFlightLimit:
    """Counts the messages in hand. A message takes a place before it is claimed or written as claimed."""

    def __init__(self, configuration: ChannelConfiguration) -> None:
        self._most = in_flight_limits(configuration)
        self._taken = dict.fromkeys(Lane, 0)

    def configure(self, configuration: ChannelConfiguration) -> None:
        self._most = in_flight_limits(configuration)

    @property
    def taken(self) -> int:
        return sum(self._taken.values())

    def free(self, lane: Lane) -> int:
        """How many more messages of the lane fit. Negative after the configuration was narrowed."""
        room = self._most[lane] - sum(count for other, count in self._taken.items() if other >= lane)
        return room if lane is Lane.RAPID else min(room, self.free(Lane(lane - 1)))

    def is_roomy(self, lane: Lane) -> bool:
        """Whether a fair part is free: few large claims cost less than many small ones.

        Half of the places; a quarter where other lanes have messages in hand, which may leave no more for long.
        """
        alone = self._taken[lane] == self.taken
        return self.free(lane) >= max(1, self._most[lane] // (2 if alone else 4))

    def take(self, lane: Lane, count: int) -> None:
        self._taken[lane] += count

    def leave(self, lane: Lane, count: int) -> None:
        self._taken[lane] -= count
