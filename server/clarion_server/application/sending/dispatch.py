"""Defines how triggering gives messages to the dispatchers of its process, so that accepted ones are sent at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from clarion_server.application.ports.content import Personalisation
from clarion_server.domain.instant import Instant
from clarion_server.domain.messages.exclusion import Exclusion
from clarion_server.domain.messages.message import Lane, Message
from clarion_server.domain.value import value


@value
class ClaimedMessage:
    """Is a message that this process has claimed, with its data in memory."""

    message: Message
    personalisation: Personalisation | None = None
    """Is None while it is still to be read from the message."""
    exclusion: Exclusion | None = None
    """Says why it must not be sent, when that was found after it was claimed."""


class Reservation(Protocol):
    """Is capacity for messages that are about to be written as claimed. Each of them must be dispatched, released or
    requeued.
    """

    @property
    def owner(self) -> str:
        """Returns the owner to write the messages under."""
        ...

    def dispatch(self, messages: Sequence[ClaimedMessage]) -> None:
        """Gives messages that are durable to the dispatcher, which sends them."""
        ...

    def release(self, count: int) -> None:
        """Releases capacity that is not needed."""
        ...

    def requeue(self, message_ids: Sequence[str], attempt_time: Instant) -> None:
        """Releases the capacity of messages that may or may not have been written. Those that were are queued again."""
        ...


class Dispatch(Protocol):
    """Reserves capacity of the dispatchers of this process. One that only accepts has none."""

    def reserve(self, channel_key: int, lane: Lane, count: int) -> Reservation | None:
        """Reserves capacity for messages that are about to be written.

        Returns None when there is no capacity. The messages are then written as queued, and claimed in their turn.
        """
        ...

    def announced_size(self, channel_key: int) -> int | None:
        """Returns the largest message, in octets, that the provider of a channel configuration said it takes; None when
        this process does not know.
        """
        ...
