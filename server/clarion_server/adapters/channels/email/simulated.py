"""The simulated outcomes of magic e-mail recipients, as an SMTP server would reply."""

from __future__ import annotations

from collections.abc import Mapping

from clarion_server.adapters.channels.simulation import SimulatedFailures
from clarion_server.application.ports.channels import (
    HandOffFailed,
    HandOffInDoubt,
    PermanentFailure,
    Receipt,
    TransientFailure,
)
from clarion_server.domain.addresses.magic import SimulatedOutcome
from clarion_server.domain.messages.attempt import Failure, FailureReason

#: Is the type of the error, the reason, the reply code and the words of the server that is simulated.
_OUTCOMES: Mapping[SimulatedOutcome, tuple[type[HandOffFailed], FailureReason, str, str]] = {
    SimulatedOutcome.BOUNCE: (PermanentFailure, FailureReason.RECIPIENT_REJECTED, "550 5.1.1", "no such mailbox"),
    SimulatedOutcome.FULL: (PermanentFailure, FailureReason.MAILBOX_FULL, "552 5.2.2", "the mailbox is full"),
    SimulatedOutcome.SPAM: (PermanentFailure, FailureReason.CONTENT_REJECTED, "554 5.7.1", "taken for spam"),
    SimulatedOutcome.DEFER: (TransientFailure, FailureReason.THROTTLED, "451 4.3.2", "come back later"),
    SimulatedOutcome.GREYLIST: (TransientFailure, FailureReason.THROTTLED, "451 4.7.1", "greylisted, come back later"),
    SimulatedOutcome.TIMEOUT: (TransientFailure, FailureReason.TIMED_OUT, "", "no answer in time"),
    SimulatedOutcome.IN_DOUBT: (
        HandOffInDoubt,
        FailureReason.HAND_OFF_UNKNOWN,
        "",
        "the connection broke after the message",
    ),
}
FAILURES: SimulatedFailures = {
    outcome: (error_type, Failure(reason, code, f"Magic recipient: {detail}"))
    for outcome, (error_type, reason, code, detail) in _OUTCOMES.items()
}
RECEIPT = Receipt("250 2.0.0 Magic recipient: taken")
