"""Queries of the store, and changes that it makes in bulk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from clarion_server.domain.access.access import Visibility
from clarion_server.domain.campaign_states import CampaignState
from clarion_server.domain.campaigns.campaign import QueueDisposal
from clarion_server.domain.category import Category
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.events.event import Event, EventType
from clarion_server.domain.instant import Instant
from clarion_server.domain.messages.attempt import Failure
from clarion_server.domain.messages.exclusion import Exclusion, ExclusionPhase, ExclusionReason
from clarion_server.domain.messages.message import Lane, Message, MessageState
from clarion_server.domain.messages.turns import Turn
from clarion_server.domain.suppressions.suppression import SuppressionReason, SuppressionScope


class LockedCampaign(NamedTuple):
    revision: int
    has_profiles: bool
    """Says whether there is any profile in its sandbox."""
    has_suppressions: bool = False
    """Says whether there is any suppression in its sandbox."""
    has_allow_list: bool = False
    """Says whether the allow list of its sandbox is enabled."""
    has_sending_policies: bool = False
    """Says whether there is any sending policy in its sandbox."""


@dataclass(frozen=True, slots=True)
class Times:
    """Bounds of an instant, both inclusive. None leaves that side open."""

    earliest: Instant | None = None
    latest: Instant | None = None


class TagUse(NamedTuple):
    tag: str
    """Is as one of the campaigns writes it."""
    campaign_count: int


@dataclass(frozen=True, slots=True)
class CampaignQuery:
    visibility: Visibility
    states: frozenset[CampaignState] = frozenset()
    """Is empty for every state but ARCHIVED."""
    categories: frozenset[Category] = frozenset()
    channels: frozenset[Channel] = frozenset()
    """Only campaigns whose draft has an action on one of these."""
    tags: frozenset[str] = frozenset()
    """Counts tags in any case as the same."""
    creator: str = ""
    created: Times = Times()
    updated: Times = Times()
    text: str = ""
    order_by: str = "name"
    """Is `name`, `create_time` or `update_time`."""
    descending: bool = False
    after: tuple[str | int, str] | None = None
    """Holds the order field and the id of the last campaign of the page before."""
    limit: int = 50


@dataclass(frozen=True, slots=True)
class DeliveryPolicy:
    """Is what decides about the queued messages of a campaign."""

    state: CampaignState
    queue_disposal: QueueDisposal | None
    is_erasing: bool = False
    """Says whether the erasure of any person is under way."""
    has_rate: bool = False
    """Says whether they keep a rate of their campaign."""
    has_suppressions: bool = True
    """Says whether there may be any suppression in its sandbox."""
    has_allow_list: bool = True
    """Says whether the allow list of its sandbox may be enabled."""

    @property
    def is_cancelled(self) -> bool:
        """Returns whether they never leave."""
        # It was said when the campaign was stopped, and holds when it is archived since.
        return self.queue_disposal is QueueDisposal.CANCEL


@dataclass(frozen=True, slots=True)
class ExecutionQuery:
    visibility: Visibility
    campaign_key: int | None = None
    request_id: str | None = None
    before: str | None = None
    """Only executions with a smaller id."""
    limit: int = 50


@dataclass(frozen=True, slots=True)
class MessageQuery:
    visibility: Visibility
    campaign_key: int | None = None
    execution_id: str | None = None
    identity: str | None = None
    states: frozenset[MessageState] = frozenset()
    channels: frozenset[Channel] = frozenset()
    actions: frozenset[str] = frozenset()
    labels: Mapping[str, str] = field(default_factory=dict)
    """Only messages that carry each of these."""
    exclusion_reasons: frozenset[ExclusionReason] = frozenset()
    exclusion_phases: frozenset[ExclusionPhase] = frozenset()
    before: str | None = None
    """Only messages with a smaller id."""
    limit: int = 50


@dataclass(frozen=True, slots=True)
class DueQuery:
    """Is a part of the queue of one channel configuration, in one lane."""

    channel_key: int
    lane: Lane
    until: Instant
    """Only messages that are due by then."""
    limit: int
    after: tuple[Instant, str] = (-1, "")
    """Only messages behind the one with this due time and id."""

    def after_last(self, last: QueuedMessage) -> DueQuery:
        """Returns the page behind the one that ends so."""
        return replace(self, after=(last.due_time, last.id))


@dataclass(frozen=True, slots=True)
class QueuedMessage:
    """Holds the parts of a message that its queue needs."""

    id: str
    due_time: Instant
    accept_time: Instant


@dataclass(frozen=True, slots=True)
class QueuedEnd:
    """Is the end of a queued message before its next attempt."""

    message: Message
    state: MessageState
    """Is EXCLUDED, CANCELLED, EXPIRED or IN_DOUBT."""
    exclusion: Exclusion | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class SuppressionQuery:
    visibility: Visibility
    target_keys: frozenset[str] = frozenset()
    """Only suppressions of one of these targets (`domain.suppressions.suppression.target_key`)."""
    channels: frozenset[Channel] = frozenset()
    reasons: frozenset[SuppressionReason] = frozenset()
    scopes: frozenset[SuppressionScope] = frozenset()
    before: str | None = None
    """Only suppressions with a smaller id."""
    limit: int = 50


@dataclass(frozen=True, slots=True)
class EventQuery:
    visibility: Visibility
    after: int
    """Only events with a larger sequence."""
    campaign_key: int | None = None
    execution_id: str | None = None
    message_id: str | None = None
    types: frozenset[EventType] = frozenset()
    limit: int = 500

    def matches(self, event: Event) -> bool:
        """Returns whether `EventRepository.page` would find the event, if labels hide nothing."""
        return (
            event.sandbox == self.visibility.sandbox
            and event.sequence > self.after
            and (not self.types or event.type in self.types)
            and self.campaign_key in (None, event.campaign_key)
            and self.message_id in (None, event.message_id)
            and self.execution_id in (None, event.execution_id)
        )


@dataclass(frozen=True, slots=True)
class WaitingTurn:
    """Is a queued message, with what it waits for or has waited for."""

    message_id: str
    due_time: Instant
    turn: Turn | None
