"""Implements the queue by the store alone, from which processes claim what is due. It is the default engine."""

from __future__ import annotations

from collections.abc import Sequence

from clarion_server.application.group_commit import GroupCommit
from clarion_server.application.ports.queue import Claimed, ClaimRequest, OnDue
from clarion_server.application.sending.accepted_messages import AcceptedMessages
from clarion_server.application.sending.claim import ClaimDueMessages, DueClaims
from clarion_server.application.sending.exclusions import ExclusionReader
from clarion_server.domain.instant import Instant
from clarion_server.domain.messages.message import Lane, Message


class StoreQueue:
    """Implements the port `Queue`."""

    def __init__(self, commits: GroupCommit, owner: str, exclusions: ExclusionReader, *, claims: bool = True) -> None:
        """`owner` is the id by which the store knows this process. One that never `claims` remembers no messages."""
        self._commits = commits
        self._owner = owner
        self._claims = claims
        self._claiming = ClaimDueMessages(exclusions)
        self._accepted = AcceptedMessages()
        self._on_due: OnDue = _ignore

    async def start(self, on_due: OnDue) -> None:
        self._on_due = on_due

    def queued(self, channel_key: int, lane: Lane, messages: Sequence[Message], due_time: Instant, /) -> None:
        if self._claims:
            self._accepted.add(messages)
        self._on_due(channel_key, lane, due_time)

    async def claim(self, requests: Sequence[ClaimRequest], now: Instant, /) -> Sequence[Claimed]:
        known = self._accepted.get if self._accepted else None
        claims, rows = DueClaims(requests, self._owner, now, known), sum(request.limit for request in requests)
        answers = await self._commits.submit(self._claiming, claims, rows)
        self._accepted.discard(message.id for answer in answers for message in answer.messages)
        return answers

    def released(self, message: Message, due_time: Instant | None, /) -> None:
        if due_time is not None:
            self._on_due(message.action.channel_key, message.action.lane, due_time)

    async def close(self) -> None:
        self._accepted.clear()
        self._on_due = _ignore


def _ignore(_channel_key: int, _lane: Lane, _due_time: Instant) -> None:
    """Stands for a listener before the start and after the end."""
