"""A channel that plays the parts of magic recipients, and leaves everybody else to the channel behind it."""

from __future__ import annotations

from clarion_server.application.ports.channels import (
    Channel,
    HandOffFailed,
    HandOffInDoubt,
    OutboundEmail,
    PermanentFailure,
    Receipt,
    TransientFailure,
    VerificationStep,
)
from clarion_server.domain.magic import Part, part_of
from clarion_server.domain.message import Failure, FailureReason

#: How each part that fails does so, in the words of an SMTP server.
_FAILURES: dict[Part, tuple[type[HandOffFailed], Failure]] = {
    Part.BOUNCE: (
        PermanentFailure,
        Failure(FailureReason.RECIPIENT_REJECTED, "550 5.1.1", "Magic recipient: no such mailbox"),
    ),
    Part.FULL: (
        PermanentFailure,
        Failure(FailureReason.MAILBOX_FULL, "552 5.2.2", "Magic recipient: the mailbox is full"),
    ),
    Part.SPAM: (
        PermanentFailure,
        Failure(FailureReason.CONTENT_REJECTED, "554 5.7.1", "Magic recipient: taken for spam"),
    ),
    Part.DEFER: (
        TransientFailure,
        Failure(FailureReason.THROTTLED, "451 4.3.2", "Magic recipient: come back later"),
    ),
    Part.GREYLIST: (
        TransientFailure,
        Failure(FailureReason.THROTTLED, "451 4.7.1", "Magic recipient: greylisted, come back later"),
    ),
    Part.TIMEOUT: (
        TransientFailure,
        Failure(FailureReason.TIMED_OUT, "", "Magic recipient: no answer in time"),
    ),
    Part.IN_DOUBT: (
        HandOffInDoubt,
        Failure(FailureReason.HAND_OFF_UNKNOWN, "", "Magic recipient: the connection broke after the message"),
    ),
}


def play(part: Part, attempt: int) -> Receipt:
    """The end of the `attempt`-th hand-off (from 1) to a magic recipient; raises as a channel does."""
    failure = _FAILURES.get(part)
    if failure is None or (part is Part.GREYLIST and attempt > 1):
        return Receipt("250 2.0.0 Magic recipient: taken")
    kind, detail = failure
    raise kind(detail)


class MagicChannel:
    """Implements `Channel` around another one."""

    def __init__(self, behind: Channel) -> None:
        self._behind = behind

    async def send(self, message: OutboundEmail) -> Receipt:
        part = part_of(message.address)
        if part is None:
            return await self._behind.send(message)
        return play(part, message.attempt)

    async def verify(self) -> list[VerificationStep]:
        return await self._behind.verify()

    async def close(self) -> None:
        await self._behind.close()
