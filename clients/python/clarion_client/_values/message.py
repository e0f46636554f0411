"""Messages, and what became of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from clarion_client._values.enums import (
    AttemptResult,
    CancelOutcome,
    EventType,
    ExclusionReason,
    FailureReason,
    MessageState,
)
from clarion_client._values.value import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure(Value):
    """Why a hand-off did not succeed. `code` and `detail` are the provider's words, `reason` is Clarion's."""

    reason: FailureReason
    code: str
    detail: str
    retries_exhausted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt(Value):
    """One try to hand a message to a provider. Counted from 1."""

    number: int
    start_time: dt.datetime
    end_time: dt.datetime
    result: AttemptResult
    failure: Failure | None
    provider_reply: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Value):
    """One dated fact about a message. `attempt_number` is 0 when it belongs to no attempt."""

    type: EventType
    time: dt.datetime
    message: str
    execution: str
    campaign: str
    attempt_number: int
    failure: Failure | None
    exclusion_reason: ExclusionReason | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(Value):
    """One recipient of one action. `attempts` and `events` come with `messages.get` alone."""

    name: str
    execution: str
    campaign: str
    campaign_version: int
    identity: str
    address: str
    locale: str
    state: MessageState
    exclusion_reason: ExclusionReason | None
    failure: Failure | None
    accept_time: dt.datetime
    due_time: dt.datetime | None
    expire_time: dt.datetime | None
    outcome_time: dt.datetime | None
    attempt_count: int
    attempts: Sequence[Attempt]
    events: Sequence[Event]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageCancellation(Value):
    """Whether a cancellation was in time, and the message as it stands now."""

    outcome: CancelOutcome
    message: Message
