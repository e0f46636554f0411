"""The way out: how one message is handed to a provider."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from clarion_server.application.ports.content import RenderedEmail
from clarion_server.domain.campaign import Mailbox
from clarion_server.domain.channel import ChannelConfiguration
from clarion_server.domain.instant import Instant, Span
from clarion_server.domain.message import Failure
from clarion_server.domain.value import value


@value
class OutboundEmail:
    """One e-mail, ready for its channel."""

    message_id: str
    """The message's id. The Message-ID header is made of it, the same for each attempt."""
    address: str
    """The recipient's."""
    sender: Mailbox | None
    """The campaign's; None: the channel configuration's."""
    reply_to: Mailbox | None
    email: RenderedEmail
    date: Instant
    """For the Date header: when the message was released."""
    attempt: int = 1
    """Counts from 1."""


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
    """For a passing reason: worth another try."""


class PermanentFailure(HandOffFailed):
    """For good: another try would fail as well."""


class HandOffInDoubt(HandOffFailed):
    """Nobody knows whether the provider took the message."""


class VerificationKind(StrEnum):
    CONNECT = "CONNECT"
    EHLO = "EHLO"
    STARTTLS = "STARTTLS"
    AUTH = "AUTH"


@dataclass(frozen=True, slots=True)
class VerificationStep:
    kind: VerificationKind
    passed: bool
    detail: str
    elapsed: Span


class Channel(Protocol):
    """One channel configuration at work. Keeps its connections; used by many tasks of one event loop at once."""

    async def send(self, message: OutboundEmail) -> Receipt:
        """Hands the message over. Raises TransientFailure, PermanentFailure or HandOffInDoubt, and nothing else."""
        ...

    async def verify(self) -> list[VerificationStep]:
        """Goes through every step of a hand-off but the message, over a connection of its own. Never raises."""
        ...

    async def close(self) -> None:
        """Lets its connections go. Idempotent."""
        ...


class ChannelFactory(Protocol):
    def __call__(self, configuration: ChannelConfiguration) -> Channel: ...
