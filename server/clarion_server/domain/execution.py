"""The durable record of an accepted trigger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from clarion_server.domain.instant import DAY, Instant
from clarion_server.domain.message import ExclusionReason, MessageState, message_id
from clarion_server.domain.value import value
from clarion_server.domain.violation import Violation

#: How long a request id is remembered.
IDEMPOTENCY_WINDOW = 7 * DAY


@dataclass(frozen=True, slots=True)
class Excluded:
    """The result of a recipient whose message must not be sent."""

    reason: ExclusionReason


@dataclass(frozen=True, slots=True)
class Rejected:
    """The result of an invalid recipient under `allow_partial`."""

    violations: tuple[Violation, ...]


@value
class Execution:
    id: str
    campaign_key: int
    version: int
    request_id: str | None
    fingerprint: bytes
    """Of the request without its id: tells a repetition from a reuse of the id."""
    caller: str
    accept_time: Instant
    send_time: Instant | None
    expire_time: Instant | None
    recipient_count: int
    exceptions: Mapping[int, Excluded | Rejected]
    """The results of the recipients, by their place in the request, that were not plainly accepted."""

    @property
    def name(self) -> str:
        return f"executions/{self.id}"

    @property
    def rejected_count(self) -> int:
        return sum(isinstance(result, Rejected) for result in self.exceptions.values())

    def message_id_of(self, place: int) -> str:
        """The id of the message for the recipient at that place of the request."""
        return message_id(self.id, place)


class CancelOutcome(StrEnum):
    CANCELLED = "CANCELLED"
    TOO_LATE = "TOO_LATE"
    PARTIAL = "PARTIAL"


@dataclass(frozen=True, slots=True)
class Cancellation:
    """What the cancellation of an execution came to."""

    cancelled_count: int
    too_late_count: int

    @property
    def outcome(self) -> CancelOutcome:
        if self.too_late_count == 0:
            return CancelOutcome.CANCELLED
        return CancelOutcome.PARTIAL if self.cancelled_count else CancelOutcome.TOO_LATE


def cancellation(counts: Mapping[MessageState, int]) -> Cancellation:
    """Reads the states of an execution's messages after its queued ones were cancelled."""
    cancelled = counts.get(MessageState.CANCELLED, 0)
    harmless = cancelled + counts.get(MessageState.EXCLUDED, 0)
    return Cancellation(cancelled, sum(counts.values()) - harmless)
