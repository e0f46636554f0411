"""Defines the repository of sending policies."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from clarion_server.application.ports.resources import ResourceRepository
from clarion_server.domain.sending_policies.sending_policy import SendingPolicy


class SendingPolicyRepository(ResourceRepository[SendingPolicy], Protocol):
    def named(self, names: Collection[tuple[str, str]]) -> dict[tuple[str, str], SendingPolicy]:
        """Returns the policies of these pairs of a sandbox and an id, as far as there are any, in one statement."""
        ...
