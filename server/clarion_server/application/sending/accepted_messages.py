"""Keeps messages that this process has just accepted and queued, so that their claim need not read them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from clarion_server.domain.messages.message import Message, MessageState

_QUEUED = MessageState.QUEUED
#: Says about how many bytes they take at most. What does not fit is read by its claim.
_MOST_BYTES = 4 * 1024 * 1024
#: Says how many bytes one takes without its data, at least.
_BYTES_EACH = 680
#: Says how long, in seconds, one is kept at least. What ended without a claim, or was claimed by another process, is
#: forgotten after twice as long.
_SECONDS = 30.0


class AcceptedMessages:
    """Holds messages as they were written. The store says which of them are still so.

    Belongs to one event loop, and `get` is called on any thread.
    """

    def __init__(self) -> None:
        self._recent: dict[str, Message] = {}
        self._older: dict[str, Message] = {}
        self._bytes = 0
        self._ageing: asyncio.TimerHandle | None = None

    def __bool__(self) -> bool:
        return bool(self._recent or self._older)

    def get(self, message_id: str) -> Message | None:
        return self._recent.get(message_id) or self._older.get(message_id)

    def add(self, messages: Iterable[Message]) -> None:
        """Keeps as many as fit of the messages that are queued and due already."""
        for message in messages:
            if message.state is not _QUEUED or message.due_time > message.accept_time:
                continue
            taken = self._bytes + _size(message)
            if taken > _MOST_BYTES:
                break
            self._recent[message.id] = message
            self._bytes = taken
        if self._ageing is None and self:
            self._ageing = asyncio.get_running_loop().call_later(_SECONDS, self._age)

    def discard(self, message_ids: Iterable[str]) -> None:
        for message_id in message_ids:
            message = self._recent.pop(message_id, None) or self._older.pop(message_id, None)
            if message is not None:
                self._bytes -= _size(message)

    def clear(self) -> None:
        self._recent, self._older, self._bytes = {}, {}, 0
        if self._ageing is not None:
            self._ageing.cancel()
            self._ageing = None

    def _age(self) -> None:
        self._ageing = None
        self._bytes -= sum(map(_size, self._older.values()))
        self._older, self._recent = self._recent, {}
        if self:
            self._ageing = asyncio.get_running_loop().call_later(_SECONDS, self._age)


def _size(message: Message) -> int:
    return _BYTES_EACH + len(message.context) + len(message.profile)
