"""Reads the short form of a trigger, which addresses one recipient."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from clarion_client._values import Recipient


def recipients_of(
    recipients: Iterable[Recipient] | None,
    to: str,
    context: Mapping[str, Any] | None,
    profile: Mapping[str, Any] | None,
    locale: str,
) -> tuple[Recipient, ...]:
    """Returns the recipients given, or the one that the short form describes. Raises TypeError for both and neither."""
    if recipients is None:
        if not to:
            raise TypeError("trigger() needs to= or recipients")
        return (Recipient(to, context, profile, locale=locale),)
    if to or locale or context is not None or profile is not None:
        raise TypeError(
            "trigger() takes to=, context=, profile= and locale= for one recipient; several bring their own"
        )
    return tuple(recipients)
