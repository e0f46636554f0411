"""The port of the send queue: how queued messages come to the processes that send them.

The store decides: a message is sent by the process that moved it from QUEUED to SENDING there. An engine only says
which messages to try that with. Whatever an engine loses, repeats or reorders, no message is lost or sent twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from clarion_server.domain.instant import Instant
from clarion_server.domain.messages.message import Lane, Message

#: Called with a channel configuration's key and a lane when there may be messages to claim, due at that time.
OnDue = Callable[[int, Lane, Instant], None]


class QueueUnavailable(Exception):
    """An engine cannot be used. The text says in one sentence why, and what to do."""


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """Asks for at most `limit` messages of one channel configuration in one lane."""

    channel_key: int
    lane: Lane
    limit: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """Is the answer to a ClaimRequest."""

    messages: Sequence[Message]
    """Holds the messages that this process has claimed. They are in SENDING."""
    next_due_time: Instant | None
    """Says when there is more to claim; None when no message waits."""


class Queue(Protocol):
    """Is an engine that says which messages to try. Belongs to one event loop."""

    async def start(self, on_due: OnDue) -> None:
        """Connects. Is called once, before any other method. Raises QueueUnavailable."""
        ...

    def queued(self, channel_key: int, lane: Lane, messages: Sequence[Message], due_time: Instant, /) -> None:
        """Is called after a commit of messages of one channel configuration. Those in QUEUED are due at `due_time`.

        Without messages: some were to be queued, and were not written after all. Never raises.
        """
        ...

    async def claim(self, requests: Sequence[ClaimRequest], now: Instant, /) -> Sequence[Claimed | None]:
        """Claims messages that are due, and answers each request. An answer of None means that the engine does not know
        yet: it calls `on_due` when it does.

        When it raises, some of the messages may have been claimed, with `now` as the time of their attempt.
        """
        ...

    def released(self, message: Message, due_time: Instant | None, /) -> None:
        """Is called when a message has left this process's hands, whether it was claimed here or not.

        It is queued again and due at `due_time`; None: its outcome is recorded.
        """
        ...

    async def close(self) -> None: ...
