"""How queued messages come to the processes that send them.

The store has the truth: a message is sent by whoever moved it from QUEUED to SENDING there. An engine of the queue only
tells which messages to try that with, so whatever it loses, repeats or disorders, nothing is lost or sent twice.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from clarion_server.domain.channel import ChannelConfiguration
from clarion_server.domain.delivery import AttemptOutcome
from clarion_server.domain.instant import Instant
from clarion_server.domain.message import Lane, Message


class QueueUnavailable(Exception):
    """An engine cannot be used. The text says in one sentence what is in the way, and what to do."""


@dataclass(frozen=True, slots=True)
class Claimed:
    configuration: ChannelConfiguration | None
    """As it stands now; None when it is gone, or was not looked at."""
    messages: Sequence[Message]
    """In SENDING, in the owner's hands."""
    next_due_time: Instant | None
    """When there is more to claim; None when nothing waits."""
    early: Sequence[Message] = ()
    """Asked for by name, and not due yet. They are left as they are."""


class QueueConsumer(Protocol):
    """What waits for one channel configuration in one lane, as one process comes by it. Belongs to one event loop."""

    async def has_work(self) -> bool:
        """True, at once, when there is something to claim. Else waits until that may have changed."""
        ...

    async def claim(self, limit: int, now: Instant) -> Claimed:
        """Takes at most so many messages that are due into this process's hands. After an error it is unknown whether
        it did.
        """
        ...

    def wake(self, due_time: Instant) -> None:
        """Messages may wait in the store that nobody told the queue of, due at that time."""
        ...

    def look(self) -> None:
        """Time for a look whether the store has messages that the engine does not know of. Called every few seconds."""
        ...

    def concluded(self, conclusion: AttemptOutcome) -> None:
        """It is recorded how the hand-off of a message ended, be it one that was claimed here or not."""
        ...

    def pending_requeue(self, message: Message) -> None:
        """A message leaves this process's hands without having been sent, and will be queued again."""
        ...

    def end(self) -> None:
        """`has_work` returns at once from now on: nothing more is claimed."""
        ...

    async def close(self) -> None:
        """What was claimed here is concluded or pending_requeue."""
        ...


class Queue(Protocol):
    """An engine. Belongs to one event loop."""

    async def start(self) -> None:
        """Before anything else is asked of it. Raises QueueUnavailable."""
        ...

    def source(
        self, configuration: ChannelConfiguration, lane: Lane, on_change: Callable[[ChannelConfiguration], None]
    ) -> QueueConsumer:
        """Opens a source of a channel configuration. `on_change` learns what others make of the configuration."""
        ...

    def queued(self, channel_key: int, lane: Lane, messages: Sequence[Message], due_time: Instant, /) -> None:
        """Messages of the channel configuration were committed, those in QUEUED due at that time. Never raises.

        Without messages: some were to be queued, and came to nothing.
        """
        ...

    def heard(self, channel_keys: Collection[int], /) -> None:
        """Other processes have committed messages of these channel configurations, and left them to whoever sends."""
        ...

    async def close(self) -> None: ...
