"""Says what an SMTP server of a test is told to do: at which step, and how."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Drop:
    """Cuts the connection, without a word. At CONTENT: when that many octets of the message have come."""

    after: int | None = None


@dataclass(frozen=True, slots=True)
class Silence:
    """Says nothing more, until the client gives up. At CONTENT: when that many octets have come, and reads no more."""

    after: int | None = None


@dataclass(frozen=True, slots=True)
class Interrupt:
    """Sends the reply at CONTENT when that many octets of the message have come, and reads no more."""

    after: int
    reply: str


@dataclass(frozen=True, slots=True)
class Drip:
    """Sends the reply octet by octet, with a pause before each."""

    reply: str
    pause: float
    """Is in seconds."""


@dataclass(slots=True)
class Transaction:
    """Is what the server knows when it decides."""

    sender: str | None = None
    recipients: list[str] = field(default_factory=list)
    argument: str = ""
    """Belongs to the command at hand."""


#: Is a reply (without its last CRLF; one of 421 also ends the session), an accident, or an event to wait for. None, and
#: what comes after the event, is what a sane server does.
Act = str | Drop | Silence | Interrupt | Drip | asyncio.Event | None
Decision = Callable[[Transaction], Act]

#: By step: `GREETING`, a command's verb, or `CONTENT` for what follows the final dot. One act holds always; of several,
#: each holds once, in order, over all connections, and then the server is sane again.
Script = Mapping[str, Act | Decision | Sequence[Act]]

EXTENSIONS = ("PIPELINING", "SIZE 33554432", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES")


def greylisting() -> Decision:
    """Of each pair of sender and recipient, the first attempt is put off. (There is one client, so no triplets.)"""
    seen: set[tuple[str, str]] = set()

    def decide(transaction: Transaction) -> Act:
        pair = (transaction.sender or "", transaction.argument)
        known = pair in seen
        seen.add(pair)
        return None if known else "451 4.7.1 Greylisted, please come back"

    return decide
