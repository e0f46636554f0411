"""Says how the HTML of a mail becomes what is sent, before any value stands in it."""

from __future__ import annotations

from enum import StrEnum


class Transform(StrEnum):
    """Is what building makes of a source."""

    NONE = "NONE"
    """Nothing: the source is sent as it was written."""
    INLINE_CSS = "INLINE_CSS"
    """The rules of its style sheets are written into the elements that they hold for."""
    MJML = "MJML"
    """The source is MJML, of which HTML is made."""
