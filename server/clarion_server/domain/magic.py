"""Magic recipients: addresses that play a part, so that an integration can be tested without anybody's mailbox.

Their domain ends in `.test`, which nobody can own (RFC 2606).
"""

from __future__ import annotations

from enum import StrEnum

MAGIC_DOMAIN = "clarion.test"


class Part(StrEnum):
    """What an address at the magic domain plays; the value is its local part."""

    SENT = "sent"
    BOUNCE = "bounce"
    FULL = "full"
    SPAM = "spam"
    DEFER = "defer"
    GREYLIST = "greylist"
    TIMEOUT = "timeout"
    IN_DOUBT = "in-doubt"
    SUPPRESSED = "suppressed"
    """Is excluded when the trigger is accepted, and so never reaches a channel."""


_PARTS = {part.value: part for part in Part}


def part_of(address: str) -> Part | None:
    """The part that `address` plays; None when it is a real address.

    A `+tag` behind the local part is ignored, as is case. A local part without a part of its own is sent.
    """
    if address[-len(MAGIC_DOMAIN) :].lower() != MAGIC_DOMAIN:
        return None
    local_part, at, domain = address.rpartition("@")
    if not at or len(domain) != len(MAGIC_DOMAIN):
        return None
    return _PARTS.get(local_part.partition("+")[0].lower(), Part.SENT)
