"""The simulated outcomes of magic e-mail recipients, as an SMTP server would reply."""

from __future__ import annotations

from clarion_server.adapters.channels.simulation import SimulatedFailures
from clarion_server.application.ports.channels import HandOffInDoubt, PermanentFailure, Receipt, TransientFailure
from clarion_server.domain.attempt import Failure, FailureReason
from clarion_server.domain.magic import SimulatedOutcome

FAILURES: SimulatedFailures = {
    SimulatedOutcome.BOUNCE: (
        PermanentFailure,
        Failure(FailureReason.RECIPIENT_REJECTED, "550 5.1.1", "Magic recipient: no such mailbox"),
    ),
    SimulatedOutcome.FULL: (
        PermanentFailure,
        Failure(FailureReason.MAILBOX_FULL, "552 5.2.2", "Magic recipient: the mailbox is full"),
    ),
    SimulatedOutcome.SPAM: (
        PermanentFailure,
        Failure(FailureReason.CONTENT_REJECTED, "554 5.7.1", "Magic recipient: taken for spam"),
    ),
    SimulatedOutcome.DEFER: (
        TransientFailure,
        Failure(FailureReason.THROTTLED, "451 4.3.2", "Magic recipient: come back later"),
    ),
    SimulatedOutcome.GREYLIST: (
        TransientFailure,
        Failure(FailureReason.THROTTLED, "451 4.7.1", "Magic recipient: greylisted, come back later"),
    ),
    SimulatedOutcome.TIMEOUT: (
        TransientFailure,
        Failure(FailureReason.TIMED_OUT, "", "Magic recipient: no answer in time"),
    ),
    SimulatedOutcome.IN_DOUBT: (
        HandOffInDoubt,
        Failure(FailureReason.HAND_OFF_UNKNOWN, "", "Magic recipient: the connection broke after the message"),
    ),
}
RECEIPT = Receipt("250 2.0.0 Magic recipient: taken")
