"""Simulates the outcomes of magic recipients, and delegates all others to the real channel."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from typing import Any

from clarion_server.application.ports.channels import (
    Channel,
    Following,
    HandOffFailed,
    Outbound,
    Receipt,
    VerificationStep,
    nothing_follows,
)
from clarion_server.domain.addresses.magic import SimulatedOutcome, simulated_outcome
from clarion_server.domain.instant import Instant
from clarion_server.domain.messages.attempt import Failure

#: Is the error that is raised, and its failure.
SimulatedFailure = tuple[type[HandOffFailed], Failure]
#: Says the failure of each outcome. Outcomes without one are sent.
SimulatedFailures = Mapping[SimulatedOutcome, SimulatedFailure]


class SimulatingChannel:
    """Implements `Channel` around another one. On channels without addresses, only magic recipients have one."""

    def __init__(self, behind: Channel, failures: SimulatedFailures, receipt: Receipt) -> None:
        """Takes the real channel, and the failures and the receipt of magic recipients."""
        self._behind = behind
        self._failures = failures
        self._receipt = receipt

    @property
    def announced_size(self) -> int | None:
        return self._behind.announced_size

    @property
    def server_certificate_end(self) -> Instant | None:
        return self._behind.server_certificate_end

    def send(self, message: Outbound, following: Following = nothing_follows, /) -> Coroutine[Any, Any, Receipt]:
        # No coroutine of its own, through which the loop would have to go at each step of a hand-off.
        outcome = simulated_outcome(message.address)
        if outcome is None:
            return self._behind.send(message, lambda: _unless_simulated(following()))
        return self._simulate(outcome, message.attempt)

    async def _simulate(self, outcome: SimulatedOutcome, attempt: int) -> Receipt:
        if outcome not in self._failures or (outcome is SimulatedOutcome.GREYLIST and attempt > 1):
            return self._receipt
        kind, failure = self._failures[outcome]
        raise kind(failure)

    def drop(self, message_id: str, /) -> None:
        self._behind.drop(message_id)

    async def verify(self) -> list[VerificationStep]:
        return await self._behind.verify()

    async def close(self) -> None:
        await self._behind.close()


def _unless_simulated(message: Outbound | None) -> Outbound | None:
    return None if message is None or simulated_outcome(message.address) is not None else message
