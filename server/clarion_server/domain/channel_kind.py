"""Defines the kinds of channels."""

from __future__ import annotations

from enum import StrEnum


class Channel(StrEnum):
    """Says how a message reaches a person or a system."""

    EMAIL = "EMAIL"
    WEBHOOK = "WEBHOOK"

    @property
    def has_addresses(self) -> bool:
        """Returns whether each recipient has an address of its own on the channel."""
        return self is not Channel.WEBHOOK

    @property
    def word(self) -> str:
        """Returns the channel in lower case: the name of its content's field, and the default id of an action."""
        return self.value.lower()
