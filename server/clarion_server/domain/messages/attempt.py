"""Defines attempts to hand a message to a provider, and the reasons of their failure."""

from __future__ import annotations

from enum import StrEnum

from clarion_server.domain.instant import Instant
from clarion_server.domain.value import value


class FailureReason(StrEnum):
    """Is the reason of a failed hand-off, the same for every provider."""

    OTHER = "OTHER"
    RECIPIENT_REJECTED = "RECIPIENT_REJECTED"
    MAILBOX_FULL = "MAILBOX_FULL"
    SENDER_REJECTED = "SENDER_REJECTED"
    CONTENT_REJECTED = "CONTENT_REJECTED"
    THROTTLED = "THROTTLED"
    CONNECTION_FAILED = "CONNECTION_FAILED"
    TIMED_OUT = "TIMED_OUT"
    TLS_FAILED = "TLS_FAILED"
    AUTHENTICATION_FAILED = "AUTHENTICATION_FAILED"
    HAND_OFF_UNKNOWN = "HAND_OFF_UNKNOWN"
    RENDERING_FAILED = "RENDERING_FAILED"
    UNSUPPORTED = "UNSUPPORTED"
    PROVIDER_UNAVAILABLE = "PROVIDER_UNAVAILABLE"
    CONFIGURATION_INVALID = "CONFIGURATION_INVALID"


#: Is the longest `Failure.detail`, in characters.
MAX_DETAIL = 500


@value
class Failure:
    reason: FailureReason
    code: str = ""
    """Is the provider's own code, such as `550 5.1.1`."""
    detail: str = ""
    retries_exhausted: bool = False


class AttemptResult(StrEnum):
    SENT = "SENT"
    DEFERRED = "DEFERRED"
    FAILED = "FAILED"
    IN_DOUBT = "IN_DOUBT"


@value
class Attempt:
    """One finished attempt to hand a message to a provider."""

    number: int
    start_time: Instant
    end_time: Instant
    result: AttemptResult
    failure: Failure | None = None
    provider_reply: str = ""
