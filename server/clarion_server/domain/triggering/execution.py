"""Defines the durable record of an accepted trigger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from clarion_server.domain.campaigns.campaign_definition import ActionMode
from clarion_server.domain.instant import DAY, Instant
from clarion_server.domain.messages.exclusion import ExclusionReason
from clarion_server.domain.messages.message import MessageState, message_id
from clarion_server.domain.value import value
from clarion_server.domain.violation import Violation

#: Says how long a request id is remembered.
IDEMPOTENCY_WINDOW = 7 * DAY


#: Holds the exclusions of an execution without any.
NO_EXCLUSIONS: Mapping[tuple[int, int], ExclusionReason] = {}


@value
class Execution:
    id: str
    sandbox: str
    campaign_key: int
    version: int
    request_id: str | None
    fingerprint: bytes
    """Is a digest of the request without its id, which distinguishes a repeated request from a reused id."""
    caller: str
    accept_time: Instant
    send_time: Instant | None
    expire_time: Instant | None
    recipient_count: int
    actions: tuple[str, ...]
    """Holds the ids of the version's actions."""
    action_mode: ActionMode = ActionMode.ALL
    exclusions: Mapping[tuple[int, int], ExclusionReason] = field(default_factory=lambda: NO_EXCLUSIONS)
    """Holds the reasons of exclusions, by the positions of recipient and action."""
    rejections: Mapping[int, tuple[Violation, ...]] = field(default_factory=dict)
    """Holds the violations of the recipients that were rejected under `allow_partial`, by position."""

    @property
    def name(self) -> str:
        return f"executions/{self.id}"

    @property
    def request_key(self) -> tuple[int, str] | None:
        """Returns the campaign's key and the request id, which are unique together; None without a request id."""
        return None if self.request_id is None else (self.campaign_key, self.request_id)

    def holds_request_id(self, now: Instant) -> bool:
        """Returns whether a request with the same id at `now` is a repetition of this one."""
        return now < self.accept_time + IDEMPOTENCY_WINDOW

    @property
    def rejected_count(self) -> int:
        return len(self.rejections)

    @property
    def accepted_actions(self) -> tuple[str, ...]:
        """Returns the actions that have a message for a recipient of whom none was excluded."""
        return self.actions if self.action_mode is ActionMode.ALL else self.actions[:1]

    def results(self) -> Iterator[RecipientResult]:
        """Yields the result of the trigger for each recipient, in their order."""
        for index in range(self.recipient_count):
            violations = self.rejections.get(index)
            yield RecipientResult((), violations) if violations else RecipientResult(tuple(self._messages(index)))

    def _messages(self, recipient: int) -> list[MessageResult]:
        messages = []
        for index, action in enumerate(self.actions):
            reason = self.exclusions.get((recipient, index))
            messages.append(MessageResult(action, message_id(self.id, recipient, index), reason))
            if reason is None and self.action_mode is ActionMode.FIRST_DELIVERABLE:
                break
        return messages


@value
class MessageResult:
    """Is the result of a trigger for one recipient on one action."""

    action: str
    message_id: str
    exclusion_reason: ExclusionReason | None = None
    """Is None when the message was accepted."""


@value
class RecipientResult:
    """Is the result of a trigger for one recipient."""

    messages: tuple[MessageResult, ...]
    violations: tuple[Violation, ...] = ()
    """Says why the recipient was rejected. A rejected one has no messages."""

    @property
    def is_excluded(self) -> bool:
        return bool(self.messages) and None not in [message.exclusion_reason for message in self.messages]


class CancelOutcome(StrEnum):
    CANCELLED = "CANCELLED"
    TOO_LATE = "TOO_LATE"
    PARTIAL = "PARTIAL"


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Is the result of cancelling an execution."""

    cancelled_count: int
    too_late_count: int
    left_count: int = 0
    """Says how many members of its audience were not decided about, and get no message."""

    @property
    def outcome(self) -> CancelOutcome:
        if self.too_late_count == 0:
            return CancelOutcome.CANCELLED
        return CancelOutcome.PARTIAL if self.cancelled_count or self.left_count else CancelOutcome.TOO_LATE


def cancellation(counts: Mapping[MessageState, int], left_count: int = 0, accepted_count: int = 0) -> Cancellation:
    """Returns the result of a cancellation from the number of messages in each state after it, from the number of
    members that its audience has left, and from the number of those that got a message.
    """
    cancelled, known = counts.get(MessageState.CANCELLED, 0), sum(counts.values())
    never_sent = cancelled + counts.get(MessageState.EXCLUDED, 0)
    # Nobody knows any more whether those that were purged were sent. They had ended, so it is too late for them.
    purged = max(0, accepted_count - known)
    return Cancellation(cancelled, known - never_sent + purged, left_count)
