"""Defines the files that messages carry."""

from __future__ import annotations

from clarion_server.domain.value import value


@value
class MessageFile:
    """One file of a mail, without its bytes."""

    name: str
    content_type: str
    size: int
    """In octets, before it is encoded."""
    blob_key: int
    """Is the key of its bytes in the store, where each sandbox has the same bytes once."""
