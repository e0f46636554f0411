"""Defines magic recipients: addresses with a known outcome, for testing an integration without a mailbox.

Their domain ends in `.test`, which is reserved and cannot be registered (RFC 2606).
"""

from __future__ import annotations

from enum import StrEnum

MAGIC_DOMAIN = "clarion.test"


class SimulatedOutcome(StrEnum):
    """Is the outcome of a message to an address at the magic domain; the value is the address's local part."""

    SENT = "sent"
    BOUNCE = "bounce"
    FULL = "full"
    SPAM = "spam"
    DEFER = "defer"
    GREYLIST = "greylist"
    TIMEOUT = "timeout"
    IN_DOUBT = "in-doubt"
    SUPPRESSED = "suppressed"
    """The message is excluded when the trigger is accepted, so it never reaches a channel."""
    NO_CONSENT = "no-consent"
    NOT_ALLOWED = "not-allowed"
    """It behaves as SUPPRESSED does, for another reason."""
    QUIET = "quiet"
    """It behaves as SUPPRESSED does, for another reason."""
    CAPPED = "capped"
    """It behaves as SUPPRESSED does, for another reason."""


#: Is the magic address to which everything is sent. Messages of magic recipients have it on channels without addresses.
SENT_ADDRESS = f"{SimulatedOutcome.SENT}@{MAGIC_DOMAIN}"

#: Asked of every message, several times: few real domains end in this letter.
_LAST_LETTERS = frozenset("tT")
_OUTCOMES = {outcome.value: outcome for outcome in SimulatedOutcome}


def simulated_outcome(address: str) -> SimulatedOutcome | None:
    """Returns the outcome of a message to `address`, or None when it is a real address.

    A `+tag` of the local part and case are ignored. The outcome is SENT when the local part names none.
    """
    if address[-1:] not in _LAST_LETTERS or address[-len(MAGIC_DOMAIN) :].lower() != MAGIC_DOMAIN:
        return None
    local_part, at, domain = address.rpartition("@")
    if not at or len(domain) != len(MAGIC_DOMAIN):
        return None
    return _OUTCOMES.get(local_part.partition("+")[0].lower(), SimulatedOutcome.SENT)
