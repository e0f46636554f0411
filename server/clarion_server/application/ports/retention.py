"""The port through which stored data is purged that has been retained long enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from clarion_server.domain.instant import Instant

Position = TypeVar("Position", int, str)


@dataclass(frozen=True, slots=True)
class Swept(Generic[Position]):
    """Is the result of one step of a sweep."""

    count: int
    """Says how many rows were looked at, purged or not. 0 says that the sweep is at its end."""
    position: Position
    """Says where the next step continues."""


class RetentionRepository(Protocol):
    """Each method is one step of a sweep from the oldest row on. It looks at `limit` rows at most, behind `after`, and
    purges those that may go. What belongs to a message without an outcome stays, and so do all counters.
    """

    def purge_contexts(self, before: Instant, after: int, limit: int) -> Swept[int]:
        """Purges contexts and profiles of messages that ended before then. These messages are read with empty ones."""
        ...

    def purge_events(self, before: Instant, after: int, limit: int) -> Swept[int]:
        """Purges events from before then. `EventRepository.purged_through` returns the largest sequence of them."""
        ...

    def purge_messages(self, before: Instant, after: int, limit: int) -> Swept[int]:
        """Purges messages that ended before then and have no events any more, with their contexts."""
        ...

    def purge_executions(self, before: Instant, after: str, limit: int) -> Swept[str]:
        """Purges executions that were accepted before then and have no messages any more, with their request ids."""
        ...
