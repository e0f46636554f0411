"""The repository of sending policies."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from clarion_server.application.ports.resources import ResourceRepository
from clarion_server.domain.instant import Instant, Span
from clarion_server.domain.sending_policy import SendingPolicy


class SendingPolicyRepository(ResourceRepository[SendingPolicy], Protocol):
    def named(self, names: Collection[tuple[str, str]]) -> dict[tuple[str, str], SendingPolicy]:
        """Returns the policies of these pairs of a sandbox and an id, as far as there are any, in one statement."""
        ...

    def take_turns(self, key: int, span: Span, now: Instant) -> Instant:
        """Takes the next turns of the policy with that key, which last for the span. Returns the first of them: now, or
        behind those that were taken before.
        """
        ...
