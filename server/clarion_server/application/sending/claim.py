"""Takes queued messages that are due into this process's hands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clarion_server.application.group_commit import BulkOperation
from clarion_server.application.ports.queue import Claimed
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.sending.outcomes import end_queued
from clarion_server.domain.campaign import CampaignState
from clarion_server.domain.channel import ChannelConfiguration
from clarion_server.domain.instant import Instant
from clarion_server.domain.message import Lane, Message, MessageState


@dataclass(frozen=True, slots=True)
class Claim:
    channel_key: int
    lane: Lane
    owner: str
    limit: int
    now: Instant
    names: Sequence[str] | None = None
    """The ids of the messages that are wished for; None: whichever are due."""


class ClaimMessages(BulkOperation[Claim, Claimed]):
    def apply(self, unit: UnitOfWork, claims: Sequence[Claim], /) -> Sequence[Claimed]:
        return [_claim(unit, each) for each in claims]


def _claim(unit: UnitOfWork, wish: Claim) -> Claimed:
    configuration = unit.channels.by_key(wish.channel_key)
    if configuration is None or configuration.disabled:
        return Claimed(configuration, (), None)
    if wish.names is not None:
        return _claim_by_name(unit, wish, configuration, wish.names)
    due = unit.messages.due(wish.channel_key, wish.now, wish.limit, [wish.lane])
    begun = _begin(unit, due, wish)
    more = len(due) == wish.limit
    next_due_time = wish.now if more else unit.messages.next_due_time(wish.channel_key, [wish.lane])
    return Claimed(configuration, begun, next_due_time)


def _claim_by_name(unit: UnitOfWork, wish: Claim, configuration: ChannelConfiguration, names: Sequence[str]) -> Claimed:
    waiting = unit.messages.claimable(names)
    early = [message for message in waiting if message.due_time > wish.now]
    begun = _begin(unit, [message for message in waiting if message.due_time <= wish.now], wish)
    return Claimed(configuration, begun, None, early)


def _begin(unit: UnitOfWork, due: Sequence[Message], wish: Claim) -> list[Message]:
    sendable = _sift(unit, due, wish.now)
    unit.messages.begin([message.id for message in sendable], wish.owner, wish.now)
    return [message.begun(wish.owner, wish.now) for message in sendable]


def _sift(unit: UnitOfWork, due: Sequence[Message], now: Instant) -> list[Message]:
    """The messages that may leave. The others are held, cancelled or expired, as their campaign or their time says."""
    delivery_policies = unit.campaigns.delivery_policies({message.campaign_key for message in due})
    cancelled, expired, held, sendable = [], [], [], []
    for message in due:
        policy = delivery_policies[message.campaign_key]
        if policy.is_cancelled:
            cancelled.append(message)
        elif message.expire_time is not None and message.expire_time <= now:
            expired.append(message)
        elif policy.state is CampaignState.PAUSED:
            held.append(message.id)
        else:
            sendable.append(message)
    if cancelled:
        end_queued(unit, cancelled, MessageState.CANCELLED, now)
    if expired:
        end_queued(unit, expired, MessageState.EXPIRED, now)
    if held:
        unit.messages.hold(held)
    return sendable
