"""How the store lets go of what has been kept long enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from clarion_server.domain.instant import Instant

Position = TypeVar("Position", int, str)


@dataclass(frozen=True, slots=True)
class Swept(Generic[Position]):
    """What one step of a sweep came to."""

    count: int
    """How many were looked at, purged or not. 0: the sweep is at its end."""
    position: Position
    """Where the next step goes on."""


class RetentionRepository(Protocol):
    """Each method is a step of a sweep over the oldest: it looks at no more than `limit` of them, behind `after`, and
    purges those that may go. Whatever belongs to a message without an outcome stays. Figures always stay.
    """

    def purge_contexts(self, before: Instant, after: int, limit: int) -> Swept[int]:
        """Contexts and profiles of messages that ended before that instant. The messages are read with empty ones."""
        ...

    def purge_events(self, before: Instant, after: int, limit: int) -> Swept[int]:
        """Events that are older. The largest sequence is remembered: see `EventRepository.purged_through`."""
        ...

    def purge_messages(self, before: Instant, after: int, limit: int) -> Swept[int]:
        """Messages that ended before that instant and have no events any more, with their contexts."""
        ...

    def purge_executions(self, before: Instant, after: str, limit: int) -> Swept[str]:
        """Executions that were accepted before that instant and have no messages any more, with their request ids."""
        ...
