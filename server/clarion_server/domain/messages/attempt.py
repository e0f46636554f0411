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
class BegunAttempts:
    """Says which attempts to hand a message over were begun."""

    count: int = 0
    last_time: Instant | None = None
    """Says when the last one began."""
    owner: str | None = None
    """Is the process that is handing the message off."""
    first_time: Instant | None = None
    """Says when the first one began; the retry window counts from here."""
    not_after: Instant | None = None
    """Says when the hours end in which the message may be sent, if that is before the next check of a message that a
    process has claimed. It is not stored, as each claim finds it anew.
    """

    def with_one_more(self, owner: str, now: Instant) -> BegunAttempts:
        """Returns these and one that `owner` begins."""
        first = now if self.first_time is None else self.first_time
        return BegunAttempts(self.count + 1, now, owner, first, self.not_after)


#: Is what most messages have while they are queued.
NO_ATTEMPTS = BegunAttempts()


@value
class Attempt:
    """One finished attempt to hand a message to a provider."""

    number: int
    start_time: Instant
    end_time: Instant
    result: AttemptResult
    failure: Failure | None = None
    provider_reply: str = ""
