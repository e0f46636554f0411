"""Values that were chosen for a recipient, with where they come from."""

from __future__ import annotations

from enum import StrEnum

from clarion_server.domain.value import value


class ValueSource(StrEnum):
    CALL = "CALL"
    """It is a field of the trigger's recipient, or an attribute in it."""
    PROFILE = "PROFILE"
    """It is the stored profile."""
    IDENTITY = "IDENTITY"
    CAMPAIGN = "CAMPAIGN"
    POLICY = "POLICY"
    """It is the sending policy."""


@value
class SourcedValue:
    value: str
    source: ValueSource
