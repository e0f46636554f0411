"""Writes the keys of channel configurations into a notification, and reads them."""

from __future__ import annotations

from collections.abc import Collection

from clarion_server.application.ports.store import EVERY_CHANNEL


def keys_text(channel_keys: Collection[int], longest: int) -> str:
    """Returns the keys as a text of at most so many bytes. When they take more, it stands for all configurations."""
    text = ",".join(map(str, channel_keys))
    return text if len(text) <= longest else str(EVERY_CHANNEL)


def keys_of(text: str) -> frozenset[int]:
    return frozenset(int(key) for key in text.split(",") if key.isdecimal())
