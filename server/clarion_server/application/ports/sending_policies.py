"""The repository of sending policies."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from clarion_server.domain.access import Visibility
from clarion_server.domain.instant import Instant, Span
from clarion_server.domain.sending_policy import SendingPolicy


class SendingPolicyRepository(Protocol):
    def add(self, policy: SendingPolicy) -> SendingPolicy:
        """Returns it with its key. Raises NameTaken."""
        ...

    def get(self, visibility: Visibility, policy_id: str) -> SendingPolicy | None: ...

    def named(self, names: Collection[tuple[str, str]]) -> dict[tuple[str, str], SendingPolicy]:
        """Returns the policies of these pairs of a sandbox and an id, as far as there are any, in one statement."""
        ...

    def take_turns(self, key: int, span: Span, now: Instant) -> Instant:
        """Takes the next turns of the policy with that key, which last for the span. Returns the first of them: now, or
        behind those that were taken before.
        """
        ...

    def save(self, policy: SendingPolicy) -> None:
        """Replaces the stored one, whose revision must be one less. Raises WriteConflict."""
        ...

    def delete(self, policy: SendingPolicy) -> None:
        """Raises WriteConflict when the stored revision is another one."""
        ...

    def page(self, visibility: Visibility, after: str | None, limit: int) -> list[SendingPolicy]:
        """Returns policies by id, only larger ids than `after`."""
        ...

    def count(self, visibility: Visibility) -> int: ...
