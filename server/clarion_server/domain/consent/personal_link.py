"""Personal links: those in a mail by which its recipient unsubscribes, or chooses what to get."""

from __future__ import annotations

from enum import IntEnum

from clarion_server.domain.category import Category
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
    """Says whom a link belongs to and which message it was in. A link outlives both."""

    kind: LinkKind
    sandbox: str
    channel: Channel
    message_id: str
    locale: str
    """Is the locale of the message's content."""
    identity: str
    """Is the recipient's."""
    category: Category
    """Is the campaign's."""
    topic: str = ""
    """Is the id of the campaign's topic; empty when the campaign had none."""


@value
class PersonalUrls:
    """Holds the links of one message."""

    unsubscribe: str
    preferences: str


#: Holds the links of a message that is only shown, by a service whose public URL is not known.
SAMPLE_URLS = PersonalUrls("https://public-url.invalid/u/preview-en", "https://public-url.invalid/u/preview-en")
