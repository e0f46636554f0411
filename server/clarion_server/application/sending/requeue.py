"""What is, or may be, in a process's hands without being sent."""

from __future__ import annotations

from dataclasses import dataclass, field

from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.instant import Instant
from clarion_server.domain.message import Message

#: More messages than a process ever has in its hands.
_ALL = 1_000_000


@dataclass(slots=True)
class PendingRequeue:
    """Its keeper gives it back, so that it is sent after all."""

    attempts: set[tuple[str, Instant | None]] = field(default_factory=set)
    """By message and time: the process may have claimed the message anew since, and be sending it."""
    claims: set[Instant] = field(default_factory=set)
    """When claims were made of which nobody knows whether they took place."""

    def __bool__(self) -> bool:
        return bool(self.attempts or self.claims)

    def add(self, message: Message) -> None:
        self.attempts.add((message.id, message.attempt_time))

    def copy(self) -> PendingRequeue:
        return PendingRequeue(set(self.attempts), set(self.claims))

    def requeue(self, unit: UnitOfWork, owner: str) -> None:
        """Without effect on what is not in the owner's hands any more, or never was."""
        in_flight_count = unit.messages.claimed_by([owner], _ALL)
        unit.messages.requeue([message.id for message in in_flight_count if self._has(message)], owner)

    def forget(self, given_back: PendingRequeue) -> None:
        self.attempts -= given_back.attempts
        self.claims -= given_back.claims

    def _has(self, message: Message) -> bool:
        return (message.id, message.attempt_time) in self.attempts or self._is_of_claims(message)

    def _is_of_claims(self, message: Message) -> bool:
        # What was accepted straight into the process's hands has begun at its very acceptance, and is being sent.
        return message.attempt_time in self.claims and message.attempt_time != message.accept_time
