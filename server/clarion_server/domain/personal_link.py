"""Personal links: those in a mail by which its recipient unsubscribes, or chooses what to get."""

from __future__ import annotations

from enum import IntEnum

from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.value import value


class LinkKind(IntEnum):
    """The numbers are part of every link that was sent, and never change."""

    UNSUBSCRIBE = 1
    """One click unsubscribes."""
    PREFERENCES = 2
    """The link leads to the person's choices, and changes none."""


@value
class PersonalLink:
    """The person that a link belongs to, and the message that it was in. A link outlives both."""

    kind: LinkKind
    sandbox: str
    channel: Channel
    message_id: str
    locale: str
    """The locale of the message."""
    profile_key: int = 0
    """The key of the recipient's profile; 0 for somebody who had none."""
    identity: str = ""
    """The identity of somebody who had no profile; empty when there is a profile key."""
    topic: str = ""
    """The id of the campaign's topic; empty when the campaign had none."""
