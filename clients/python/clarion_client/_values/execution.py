"""Executions: the durable records of accepted triggers."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from clarion_client._values.enums import CancelOutcome
from clarion_client._values.value import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageCounts(Value):
    """How many messages are in each state. Each counts once."""

    total_count: int
    queued_count: int
    sending_count: int
    sent_count: int
    excluded_count: int
    cancelled_count: int
    expired_count: int
    failed_count: int
    in_doubt_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution(Value):
    """The record of one accepted trigger. `message_counts` comes with `executions.get` and `executions.cancel`
    alone.
    """

    name: str
    campaign: str
    campaign_version: int
    request_id: str
    caller: str
    accept_time: dt.datetime
    send_time: dt.datetime | None
    expire_time: dt.datetime | None
    message_counts: MessageCounts | None
    rejected_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionCancellation(Value):
    """How far a cancellation was in time, and the execution as it stands now."""

    outcome: CancelOutcome
    cancelled_count: int
    too_late_count: int
    execution: Execution
