"""The port of the channels: how one message is handed to a provider."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from clarion_server.domain.attachments.carried_file import CarriedFile
from clarion_server.domain.channels.channel import ChannelConfiguration
from clarion_server.domain.content import Content, Rendered
from clarion_server.domain.instant import Instant, Span
from clarion_server.domain.messages.attempt import Failure
from clarion_server.domain.value import value


@value
class EncodedFile:
    """Is a file in the form in which its channel hands it over."""

    octets: bytes
    content_id: str = ""
    """Is the Content-ID by which HTML shows it; empty for a file that readers save."""


class FileEncoder(Protocol):
    def __call__(self, carried: CarriedFile, data: bytes) -> bytes:
        """Returns a file with these bytes in the form in which its channel hands it over. Takes milliseconds."""
        ...


@value
class Outbound:
    """Is one message, ready for its channel."""

    message_id: str
    """Is the same for each attempt, so that a provider or a receiver recognises a repeated one by it."""
    address: str
    """Is the recipient's. Empty on a channel that has no addresses."""
    content: Content
    """Is the content as the author wrote it, for what is no template."""
    rendered: Rendered
    """Is the content with every value in its place, of the same channel."""
    release_time: Instant
    attempt: int = 1
    """Is the number of the attempt, from 1."""
    files: Sequence[EncodedFile] = ()
    """Holds the files that the content and the recipient bring. Of the inline images, a mail carries those that it
    shows.
    """


@value
class Receipt:
    """The provider has taken the message."""

    provider_reply: str = ""


class HandOffFailed(Exception):
    """A hand-off did not succeed."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"{failure.reason} {failure.code}")
        self.failure = failure


class TransientFailure(HandOffFailed):
    """The provider did not take the message, for a reason that may pass: another try is worthwhile."""

    def __init__(self, failure: Failure, retry_after: Span | None = None) -> None:
        super().__init__(failure)
        self.retry_after = retry_after
        """Says how long the provider asks to be left alone. None means that it does not say."""


class PermanentFailure(HandOffFailed):
    """The provider did not take the message and never will: another try would fail as well."""


class HandOffInDoubt(HandOffFailed):
    """Nobody knows whether the provider took the message."""


@dataclass(frozen=True, slots=True)
class VerificationStep:
    """One step of a trial."""

    name: str
    """Is stable, such as `connect` or `starttls`."""
    passed: bool
    detail: str
    """Is what the provider said, or what went wrong and what to do about it. It never holds a credential."""
    elapsed: Span


#: Returns the message that is sent next, whatever comes of the one before it; None when there is none.
Following = Callable[[], Outbound | None]


def nothing_follows() -> Outbound | None:
    return None


class Channel(Protocol):
    """One channel configuration at work. It keeps its connections, and many tasks of one event loop use it at once."""

    @property
    def announced_size(self) -> int | None:
        """Returns the largest message that the provider takes, in octets, as it said last. None: it did not say."""
        ...

    @property
    def server_certificate_end(self) -> Instant | None:
        """Returns when the certificate expires that the server showed at the last connection. None: it has shown none
        yet.
        """
        ...

    async def send(self, message: Outbound, following: Following = nothing_follows, /) -> Receipt:
        """Hands the message over. Raises TransientFailure, PermanentFailure or HandOffInDoubt, and nothing else.

        A channel may ask `following` once, when the message goes to the provider and only the answer is still to come,
        and may begin to hand over the message that it gets. That one must be sent next, on this channel, or be dropped.

        After a cancellation, whether the provider takes the message is as unknown as after HandOffInDoubt.
        """
        ...

    def drop(self, message_id: str, /) -> None:
        """Ends what has begun of a message that is not sent next after all. The provider does not take it."""
        ...

    async def verify(self) -> list[VerificationStep]:
        """Tries every step of a hand-off but the message, over a connection of its own. Never raises.

        Returns the steps up to and including the first that failed.
        """
        ...

    async def close(self) -> None:
        """Closes the connections. May be called twice. Messages on their way still get their answer."""
        ...


class ChannelFactory(Protocol):
    def __call__(self, configuration: ChannelConfiguration) -> Channel:
        """Opens a channel, which connects to nothing before its first message."""
        ...
