"""Queues messages again that are, or may be, in a process's hands without being sent."""

from __future__ import annotations

from dataclasses import dataclass, field

from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.instant import MINUTE, Instant, Span
from clarion_server.domain.messages.message import Message

#: Is more messages than a process ever has in its hands.
_ALL = 1_000_000
#: A commit whose answer was lost may be seen so much later: PostgreSQL may wait for a standby before it confirms one,
#: and goes on when the connection has ended.
_LATEST_COMMIT: Span = MINUTE


@dataclass(slots=True)
class PendingRequeue:
    """Collects messages that the heartbeat queues again, so that they are sent after all."""

    attempts: set[tuple[str, Instant | None]] = field(default_factory=set)
    """Holds message ids with the time of their attempt: the process may have claimed the message again since."""
    claims: set[Instant] = field(default_factory=set)
    """Holds the times of claims that may or may not have been committed."""
    accepted: set[tuple[str, Instant]] = field(default_factory=set)
    """Holds message ids with the time of their acceptance, which may or may not have been committed."""

    def __bool__(self) -> bool:
        return bool(self.attempts or self.claims or self.accepted)

    def add(self, message_id: str, attempt_time: Instant | None) -> None:
        self.attempts.add((message_id, attempt_time))

    def copy(self) -> PendingRequeue:
        return PendingRequeue(set(self.attempts), set(self.claims), set(self.accepted))

    def requeue(self, unit: UnitOfWork, owner: str) -> None:
        """Queues the messages again that are still in the owner's hands."""
        claimed = unit.messages.claimed_by([owner], _ALL)
        unit.messages.requeue({each.id: each.attempts.count for each in claimed if self._has(each)}, owner)

    def discard(self, requeued: PendingRequeue, now: Instant) -> None:
        """Removes what was queued again at that time, but what may yet be committed."""
        self.attempts -= requeued.attempts
        self.claims -= {time for time in requeued.claims if time + _LATEST_COMMIT <= now}
        self.accepted -= {(message_id, time) for message_id, time in requeued.accepted if time + _LATEST_COMMIT <= now}

    def _has(self, message: Message) -> bool:
        attempt = (message.id, message.attempts.last_time)
        return attempt in self.attempts or attempt in self.accepted or self._is_of_claims(message)

    def _is_of_claims(self, message: Message) -> bool:
        # What was accepted directly into the process's hands has the time of its acceptance, and is being sent.
        return message.attempts.last_time in self.claims and message.attempts.last_time != message.accept_time
