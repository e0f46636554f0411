"""The simulated outcomes of magic e-mail recipients, as an SMTP server would reply."""

from __future__ import annotations

from clarion_server.adapters.channels.simulation import SimulatedFailure, SimulatedFailures
from clarion_server.application.ports.channels import (
    HandOffFailed,
    HandOffInDoubt,
    PermanentFailure,
    Receipt,
    TransientFailure,
)
from clarion_server.domain.attempt import Failure, FailureReason
from clarion_server.domain.magic import SimulatedOutcome

_REASON = FailureReason


def _failure(kind: type[HandOffFailed], reason: FailureReason, code: str, detail: str) -> SimulatedFailure:
    return kind, Failure(reason, code, f"Magic recipient: {detail}")


FAILURES: SimulatedFailures = {
    SimulatedOutcome.BOUNCE: _failure(PermanentFailure, _REASON.RECIPIENT_REJECTED, "550 5.1.1", "no such mailbox"),
    SimulatedOutcome.FULL: _failure(PermanentFailure, _REASON.MAILBOX_FULL, "552 5.2.2", "the mailbox is full"),
    SimulatedOutcome.SPAM: _failure(PermanentFailure, _REASON.CONTENT_REJECTED, "554 5.7.1", "taken for spam"),
    SimulatedOutcome.DEFER: _failure(TransientFailure, _REASON.THROTTLED, "451 4.3.2", "come back later"),
    SimulatedOutcome.GREYLIST: _failure(
        TransientFailure, _REASON.THROTTLED, "451 4.7.1", "greylisted, come back later"
    ),
    SimulatedOutcome.TIMEOUT: _failure(TransientFailure, _REASON.TIMED_OUT, "", "no answer in time"),
    SimulatedOutcome.IN_DOUBT: _failure(
        HandOffInDoubt, _REASON.HAND_OFF_UNKNOWN, "", "the connection broke after the message"
    ),
}
RECEIPT = Receipt("250 2.0.0 Magic recipient: taken")
