"""The ways out of a process that only accepts: they are in other processes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from clarion_server.application.ports.queue import Queue
from clarion_server.application.sending.local_dispatch import ClaimedMessage
from clarion_server.domain.channel import ChannelConfiguration
from clarion_server.domain.instant import Instant
from clarion_server.domain.message import Lane, Message


class NoLocalDispatch:
    """Implements the port `LocalDispatch` of triggering, in which there never is a place."""

    def __init__(self, queue: Queue, tell_others: Callable[[], None]) -> None:
        """`tell_others` has other processes look at what there is to do."""
        self._queue = queue
        self._tell_others = tell_others

    def keep(self, _configurations: Iterable[ChannelConfiguration]) -> None:
        """They have changed."""
        self._tell_others()

    def in_flight_count(self) -> dict[str, int]:
        return {}

    def reserve(self, _channel_key: int, _lane: Lane, _count: int) -> str | None:
        return None

    def queued(self, channel_key: int, lane: Lane, messages: Sequence[Message], due_time: Instant) -> None:
        self._queue.queued(channel_key, lane, messages, due_time)

    def hand_off(self, _channel_key: int, _messages: Sequence[ClaimedMessage]) -> None:
        """Takes place for no message, as this and what follows are for those that have places."""

    def give_up(self, _channel_key: int, _messages: Sequence[ClaimedMessage]) -> None:
        """See `hand_off`."""

    def requeue(self, _channel_key: int, _messages: Sequence[ClaimedMessage]) -> None:
        """See `hand_off`."""

    async def close(self) -> None:
        """Nothing is under way."""
