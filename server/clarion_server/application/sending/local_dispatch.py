"""How accepted messages come to be sent: what triggering asks of the ways out of its process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from clarion_server.application.ports.content import Personalisation
from clarion_server.domain.instant import Instant
from clarion_server.domain.message import Lane, Message
from clarion_server.domain.value import value


@value
class ClaimedMessage:
    """A message that this process has claimed, with its data at hand."""

    message: Message
    personalisation: Personalisation | None = None
    """None: still to be read from the message."""


class LocalDispatch(Protocol):
    """The ways out of this process, one for each channel configuration."""

    def reserve(self, channel_key: int, lane: Lane, count: int) -> str | None:
        """Takes places for messages that are about to be written; the owner to write them under.

        None when there is no room: they are then written as queued, and claimed in their turn.
        """
        ...

    def hand_off(self, channel_key: int, messages: Sequence[ClaimedMessage]) -> None:
        """Sends messages that are durable, in places that were reserved for them."""
        ...

    def give_up(self, channel_key: int, messages: Sequence[ClaimedMessage]) -> None:
        """Lets the places go that were reserved for messages which were not written."""
        ...

    def requeue(self, channel_key: int, messages: Sequence[ClaimedMessage]) -> None:
        """Lets reserved places go whose messages may have been written or not: if they were, they are given back."""
        ...

    def queued(self, channel_key: int, lane: Lane, messages: Sequence[Message], due_time: Instant) -> None:
        """Messages were committed, those in QUEUED due at that time. None: they were to be, and came to nothing."""
        ...
