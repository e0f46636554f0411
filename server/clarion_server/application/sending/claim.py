"""Moves queued messages that are due into the hands of a process: QUEUED → SENDING."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clarion_server.application.group_commit import BulkOperation
from clarion_server.application.ports.messages import KnownMessages
from clarion_server.application.ports.queries import DeliveryPolicy
from clarion_server.application.ports.queue import Claimed, ClaimRequest
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.sending.exclusions import ExclusionReader
from clarion_server.application.sending.hand_off_checks import sift_forbidden
from clarion_server.application.sending.outcomes import cancel_queued, expire_queued
from clarion_server.domain.campaign_states import CampaignState
from clarion_server.domain.instant import Instant
from clarion_server.domain.messages.message import Message

#: Python 3.11 looks for a member in its class for as long as it takes to make a small object.
_PAUSED = CampaignState.PAUSED


@dataclass(frozen=True, slots=True)
class DueClaims:
    """Asks for whichever messages are due."""

    requests: Sequence[ClaimRequest]
    owner: str
    now: Instant
    known: KnownMessages | None = None
    """Finds those that need not be read if they are as they were. None means that no message is known."""


@dataclass(frozen=True, slots=True)
class NamedClaim:
    """Asks for certain messages of one channel configuration."""

    channel_key: int
    message_ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class NamedClaims:
    """Asks for certain messages of several channel configurations, for one process."""

    claims: Sequence[NamedClaim]
    owner: str
    now: Instant


@dataclass(frozen=True, slots=True)
class NamedClaimed:
    """Is the answer to a NamedClaim. A message that it does not name needs no claim any more."""

    messages: Sequence[Message]
    """Holds the messages that this process has claimed. They are in SENDING."""
    early: Sequence[Message] = ()
    """Holds the messages that are not due yet, those included that wait for an opening of their sending policy since
    now.
    """
    is_disabled: bool = False
    """Says whether the channel configuration is disabled, so that nothing was claimed."""


class ClaimDueMessages(BulkOperation[DueClaims, Sequence[Claimed]]):
    """Claims what is due, and says when the next message is."""

    def __init__(self, exclusions: ExclusionReader) -> None:
        self._exclusions = exclusions

    def apply(self, unit: UnitOfWork, items: Sequence[DueClaims], /) -> Sequence[Sequence[Claimed]]:
        return [[_claim_due(unit, request, item, self._exclusions) for request in item.requests] for item in items]


class ClaimNamedMessages(BulkOperation[NamedClaims, Sequence[NamedClaimed]]):
    """Claims those of the named messages that are due."""

    def __init__(self, exclusions: ExclusionReader) -> None:
        self._exclusions = exclusions

    def apply(self, unit: UnitOfWork, items: Sequence[NamedClaims], /) -> Sequence[Sequence[NamedClaimed]]:
        return [
            [_claim_named(unit, claim, item.owner, item.now, self._exclusions) for claim in item.claims]
            for item in items
        ]


def _claim_due(unit: UnitOfWork, request: ClaimRequest, claims: DueClaims, exclusions: ExclusionReader) -> Claimed:
    if not unit.channels.is_enabled(request.channel_key):
        return Claimed((), None)
    now = claims.now
    due = unit.messages.due(request.channel_key, now, request.limit, [request.lane], claims.known)
    begun, _ = _begin(unit, due, claims.owner, now, exclusions)
    # As many as the limit may have left others that are due.
    is_full = len(due) == request.limit
    return Claimed(begun, now if is_full else unit.messages.next_due_time(request.channel_key, [request.lane]))


def _claim_named(
    unit: UnitOfWork, claim: NamedClaim, owner: str, now: Instant, exclusions: ExclusionReader
) -> NamedClaimed:
    if not unit.channels.is_enabled(claim.channel_key):
        return NamedClaimed((), is_disabled=True)
    waiting = unit.messages.claimable(claim.message_ids)
    early = [message for message in waiting if message.due_time > now]
    due = [message for message in waiting if message.due_time <= now]
    begun, deferred = _begin(unit, due, owner, now, exclusions)
    return NamedClaimed(begun, [*early, *deferred])


def _begin(
    unit: UnitOfWork, due: Sequence[Message], owner: str, now: Instant, exclusions: ExclusionReader
) -> tuple[list[Message], list[Message]]:
    """Returns the messages that were claimed, and those that wait for the next opening of their sending policy."""
    policies = unit.campaigns.delivery_policies({message.action.campaign_key for message in due})
    rated_campaigns = {key for key, policy in policies.items() if policy.has_rate}
    allowed = _sift(unit, due, policies, now)
    sandboxes = {message.action.sandbox: policies[message.action.campaign_key] for message in allowed}
    sendable, deferred = sift_forbidden(unit, allowed, now, exclusions, rated_campaigns, sandboxes)
    unit.messages.begin([message.id for message in sendable], owner, now)
    return [message.begun(owner, now) for message in sendable], deferred


def _sift(
    unit: UnitOfWork, due: Sequence[Message], policies: Mapping[int, DeliveryPolicy], now: Instant
) -> list[Message]:
    """Returns the messages that may leave. Holds, cancels or expires the others, as their campaign or time demands."""
    # The messages of somebody who is being erased are cancelled with the profile's deletion; it may miss some of them.
    is_erasing = any(policy.is_erasing for policy in policies.values())
    erased = unit.erasures.profile_keys() if is_erasing else frozenset()
    cancelled, expired, held, sendable = [], [], [], []
    for message in due:
        policy = policies[message.action.campaign_key]
        if policy.is_cancelled or message.profile_key in erased:
            cancelled.append(message)
        elif message.is_over(now):
            expired.append(message)
        elif policy.state is _PAUSED:
            held.append(message.id)
        else:
            sendable.append(message)
    if cancelled:
        cancel_queued(unit, cancelled, now)
    if expired:
        expire_queued(unit, expired, now)
    if held:
        unit.messages.hold(held)
    return sendable
