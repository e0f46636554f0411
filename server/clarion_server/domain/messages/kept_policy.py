"""Defines what a message keeps of the sending policy that held for it."""

from __future__ import annotations

from clarion_server.domain.sourced_value import SourcedValue
from clarion_server.domain.value import value


@value
class KeptPolicy:
    """Messages of one policy and one time zone share it."""

    id: str
    zone: SourcedValue | None = None
    """Is the time zone by whose clock its hours or its caps decided when the message was accepted, or in a later claim
    that found another one. None if neither asked for a clock.
    """
