"""The repository of people who are being erased."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from clarion_server.domain.messages.message import Message
from clarion_server.domain.people.erasure import Erasure
from clarion_server.domain.people.profile import Profile


@dataclass(frozen=True, slots=True)
class SweptMessages:
    """Is the result of one step through all messages."""

    keys: tuple[int, ...]
    """Holds the keys of those that may be the person's."""
    position: int | None
    """Is the key of the last message that was looked at. None when there was none."""


@dataclass(frozen=True, slots=True)
class SweptExecutions:
    """Is the result of one step through all executions."""

    ids: tuple[str, ...]
    """Holds the ids of those whose request id or rejections hold an identity of the person."""
    position: str | None
    """Is the id of the last execution that was looked at. None when there was none."""


class ErasureRepository(Protocol):
    def add(self, erasure: Erasure) -> Erasure:
        """Returns it with its key."""
        ...

    def pending(self) -> list[Erasure]:
        """Returns those of every sandbox, the oldest first."""
        ...

    def profile_keys(self) -> set[int]:
        """Returns the keys of all profiles whose erasure is pending."""
        ...

    def save(self, erasure: Erasure) -> None:
        """Replaces the stored one."""
        ...

    def remove(self, erasure: Erasure) -> None: ...

    def former_keys(self, profile: Profile) -> set[int]:
        """Returns the keys of the profiles that it has absorbed."""
        ...

    def last_message(self) -> int:
        """Returns the key of the newest message; 0 without any."""
        ...

    def waiting_messages(self, sandbox: str, identities: Collection[str]) -> list[Message]:
        """Returns the messages in QUEUED or SENDING to identities that are written so."""
        ...

    def is_settled(self, erasure: Erasure) -> bool:
        """Returns whether every transaction that ran beside the one that began the erasure has ended."""
        ...

    def sweep_messages(self, erasure: Erasure, limit: int, most: int) -> SweptMessages:
        """Looks at `limit` messages at most behind the position, and finds `most` of them at most."""
        ...

    def sweep_executions(self, erasure: Erasure, limit: int) -> SweptExecutions:
        """Looks at `limit` executions at most behind the last one."""
        ...

    def messages(self, keys: Collection[int]) -> dict[int, Message]:
        """Returns messages by their keys. No other transaction changes them until this one ends."""
        ...

    def blank_messages(self, messages: dict[int, Message]) -> None:
        """Removes the person from ended messages and their events: identity, addresses, context, profile, labels, and
        the words of providers.
        """
        ...

    def blank_executions(self, ids: Collection[str]) -> None:
        """Removes the request ids, and the paths and descriptions of rejections."""
        ...

    def remove_from_audiences(self, erasure: Erasure, profile_key: int) -> None:
        """Removes the person's identities from the lists of audiences, uploads under way included. In runs they become
        the profile of that key, which is gone.
        """
        ...
