"""What is, or may be, in a process's hands without being sent."""

from __future__ import annotations

from dataclasses import dataclass, field

from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.instant import Instant

#: More messages than a process ever has in its hands.
_ALL = 1_000_000


@dataclass(slots=True)
class Disowned:
    """Its keeper gives it back, so that it is sent after all."""

    messages: set[str] = field(default_factory=set)
    claims: set[Instant] = field(default_factory=set)
    """When claims were made of which nobody knows whether they took place."""

    def __bool__(self) -> bool:
        return bool(self.messages or self.claims)

    def copy(self) -> Disowned:
        return Disowned(set(self.messages), set(self.claims))

    def give_back(self, unit: UnitOfWork, owner: str) -> None:
        """Without effect on what is not in the owner's hands any more, or never was."""
        found = set(self.messages)
        if self.claims:
            in_hands = unit.messages.in_hands_of([owner], _ALL)
            found |= {message.id for message in in_hands if message.attempt_time in self.claims}
        unit.messages.give_back(found, owner)

    def forget(self, given_back: Disowned) -> None:
        self.messages -= given_back.messages
        self.claims -= given_back.claims
