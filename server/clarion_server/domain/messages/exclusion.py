"""Says why a message must not be sent."""

from __future__ import annotations

from enum import StrEnum

from clarion_server.domain.value import value


class ExclusionReason(StrEnum):
    SUPPRESSED = "SUPPRESSED"
    NO_ADDRESS = "NO_ADDRESS"
    """The recipient has no address on the channel, and another action of the campaign can be sent."""
    NO_CONSENT = "NO_CONSENT"
    QUIET_HOURS = "QUIET_HOURS"
    """It must not be sent at this hour, and does not wait for the next opening of its sending policy."""
    NOT_ALLOWED = "NOT_ALLOWED"
    PROFILE_UNKNOWN = "PROFILE_UNKNOWN"
    """The recipient is a member of an audience without a profile, and the campaign rejects recipients without one."""
    DUPLICATE_ADDRESS = "DUPLICATE_ADDRESS"
    """A message to an earlier member of the audience has the same address."""
    NO_IDENTITY = "NO_IDENTITY"
    """The member of an audience has no identity in the campaign's namespace, and gets no message."""
    CAPPED = "CAPPED"
    """A frequency cap of its sending policy has no room for it."""
    NO_RULE_MATCHED = "NO_RULE_MATCHED"
    """No rule of the action is true of the recipient, and the action excludes such recipients."""


class ExclusionPhase(StrEnum):
    """Is the check that excluded a message: it is checked when it is accepted, and again before each attempt."""

    ACCEPT = "ACCEPT"
    HAND_OFF = "HAND_OFF"


@value
class Exclusion:
    """Is the exclusion of a message."""

    reason: ExclusionReason
    phase: ExclusionPhase = ExclusionPhase.ACCEPT
    cause: str = ""
    """Is the name of the resource that decided, such as `suppressions/{suppression}`; empty when none did."""
