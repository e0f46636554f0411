"""The repositories of campaigns, of what triggers make, and of the service itself. Those of a unit of work share its
transaction. Repositories of people have modules of their own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from clarion_server.application.ports.queries import (
    CampaignQuery,
    DeliveryPolicy,
    DueQuery,
    EventQuery,
    ExecutionQuery,
    LockedCampaign,
    MessageQuery,
    QueuedEnd,
    QueuedMessage,
    TagUse,
    WaitingTurn,
)
from clarion_server.domain.access import ApiKey, Visibility
from clarion_server.domain.built_source import NOTHING_BUILT, BuiltSources
from clarion_server.domain.campaign import Campaign, CampaignVersion
from clarion_server.domain.campaign_health import FailingMessage
from clarion_server.domain.cap_person import CapPerson
from clarion_server.domain.channel import ChannelConfiguration
from clarion_server.domain.counter import CounterKey, FailedRule, LatencyKey, Metric
from clarion_server.domain.delivery import AttemptOutcome
from clarion_server.domain.event import Event
from clarion_server.domain.execution import Execution
from clarion_server.domain.instant import Instant
from clarion_server.domain.message import Lane, Message, MessageState
from clarion_server.domain.seen_certificate import SeenCertificate
from clarion_server.domain.turns import Turn

#: No trigger makes more messages than these: those of 1,000 recipients on 10 actions.
MAX_MESSAGES = 10_000


class NameTaken(Exception):
    """Another resource of the sandbox has that id."""


class CampaignRepository(Protocol):
    def add(self, campaign: Campaign) -> Campaign:
        """Returns it with its key. Raises NameTaken."""
        ...

    def get(self, visibility: Visibility, campaign_id: str) -> Campaign | None: ...

    def by_keys(self, keys: Collection[int]) -> dict[int, Campaign]:
        """Those that exist, by key."""
        ...

    def revision(self, key: int) -> int | None:
        """Returns the stored revision, or None without such a campaign."""
        ...

    def lock(self, keys: Collection[int]) -> dict[int, LockedCampaign]:
        """Locks these campaigns against changes until the transaction ends, and returns those that exist, by key.

        Others may hold this lock at the same time; whoever changes one of the campaigns waits. Every trigger calls it,
        so it is cheap.
        """
        ...

    def delivery_policies(self, keys: Collection[int]) -> dict[int, DeliveryPolicy]:
        """What becomes of the queued messages of each that exists, by key. Cheap: on the way of every claim."""
        ...

    def save(self, campaign: Campaign) -> None:
        """Replaces the stored one, whose revision must be one less. Raises WriteConflict."""
        ...

    def delete(self, campaign: Campaign) -> None:
        """Raises WriteConflict when the stored revision is another one."""
        ...

    def page(self, query: CampaignQuery) -> list[Campaign]: ...

    def tags(self, visibility: Visibility, after: str | None, limit: int) -> list[TagUse]:
        """Returns the tags of campaigns that are not archived, by their folded form; `after`: only larger ones."""
        ...

    def due(self, now: Instant) -> list[Campaign]:
        """Those whose schedule moves them at or before `now` (`Campaign.next_transition_time`)."""
        ...

    def next_transition_time(self) -> Instant | None:
        """The earliest `Campaign.next_transition_time` of all."""
        ...

    def access_masks(self, keys: Collection[int]) -> dict[int, int]:
        """Returns the bits of the access labels of those of these campaigns that exist, by key, in one statement."""
        ...

    def first_with_policy(self, visibility: Visibility, policy_id: str) -> Campaign | None:
        """Returns a scheduled, live or paused campaign whose live version names the sending policy."""
        ...

    def first_with_namespace(self, visibility: Visibility, namespace_id: str) -> Campaign | None:
        """Returns a scheduled, live or paused campaign whose live version addresses people by such identities."""
        ...

    def first_using(self, channel_key: int) -> Campaign | None:
        """A scheduled, live or paused campaign whose live version uses the channel configuration."""
        ...

    def add_version(
        self, version: CampaignVersion, channel_keys: Sequence[int], built: BuiltSources = NOTHING_BUILT
    ) -> None:
        """`channel_keys` are the keys of its actions' channel configurations, in the order of the actions. `built` is
        what is sent of its sources, which stays as long as the version.
        """
        ...

    def built_sources(self, campaign_key: int, number: int) -> BuiltSources:
        """Returns what was stored with a version."""
        ...

    def channel_keys(self, campaign_key: int, number: int) -> list[int]:
        """Returns the keys of the channel configurations of a version's actions, in their order."""
        ...

    def next_key(self, sandbox: str, after: int) -> int | None:
        """Returns the smallest key of a campaign of the sandbox that is larger than this one."""
        ...

    def live_channel_keys(self, keys: Collection[int]) -> dict[int, list[int]]:
        """Returns the keys of the channel configurations of the live versions of these campaigns, by their keys."""
        ...

    def version(self, campaign_key: int, number: int) -> CampaignVersion | None: ...

    def folded_tags(self, keys: Collection[int]) -> dict[int, Collection[str]]:
        """Returns the tags of these campaigns, case-folded, by key, in one statement."""
        ...

    def versions(self, campaign_key: int, before: int | None, limit: int) -> list[CampaignVersion]:
        """Newest first; `before`: only smaller numbers."""
        ...


class ChannelConfigurationRepository(Protocol):
    def add(self, configuration: ChannelConfiguration) -> ChannelConfiguration:
        """Returns it with its key. Raises NameTaken."""
        ...

    def get(self, visibility: Visibility, configuration_id: str) -> ChannelConfiguration | None: ...

    def by_key(self, key: int) -> ChannelConfiguration | None: ...

    def by_keys(self, keys: Collection[int]) -> list[ChannelConfiguration]:
        """Returns those that exist, by key."""
        ...

    def is_enabled(self, key: int) -> bool:
        """Returns whether it exists and is not disabled. Cheap, as every claim asks."""
        ...

    def revisions(self) -> dict[int, int]:
        """Returns the revision of each, of every sandbox, by key."""
        ...

    def save_certificates(self, seen: Mapping[int, SeenCertificate]) -> None:
        """Notes what servers have shown, by the keys of the channel configurations, as far as these did not change."""
        ...

    def certificate_ends(self, keys: Collection[int]) -> dict[int, Instant]:
        """Returns when the certificates expire that the servers showed last, by key, as far as any did."""
        ...

    def save(self, configuration: ChannelConfiguration) -> None:
        """Replaces the stored one, whose revision must be one less. Raises WriteConflict."""
        ...

    def delete(self, configuration: ChannelConfiguration) -> None:
        """Raises WriteConflict when the stored revision is another one."""
        ...

    def page(self, visibility: Visibility, after: str | None, limit: int) -> list[ChannelConfiguration]:
        """By id; `after`: only larger ids."""
        ...


class ExecutionRepository(Protocol):
    def add_all(self, executions: Sequence[Execution]) -> None: ...

    def by_request_ids(self, requests: Collection[tuple[int, str]]) -> dict[tuple[int, str], Execution]:
        """Those that exist, by (campaign key, request id). Cheap: on the way of every trigger."""
        ...

    def release_request_ids(self, execution_ids: Collection[str]) -> None:
        """Forgets the request ids of these executions, so that new ones may take them over."""
        ...

    def get(self, visibility: Visibility, execution_id: str) -> Execution | None: ...

    def page(self, query: ExecutionQuery) -> list[Execution]:
        """Newest first."""
        ...


class MessageRepository(Protocol):
    def add_all(self, messages: Sequence[Message]) -> None: ...

    def get(self, visibility: Visibility, message_id: str) -> Message | None: ...

    def page(self, query: MessageQuery) -> list[Message]:
        """Newest first."""
        ...

    def failing(self, campaign_keys: Collection[int]) -> dict[tuple[int, int], FailingMessage]:
        """Returns a message that waits after several attempts, by the keys of its campaign and channel configuration.

        It looks at the hundred messages of each campaign that have waited longest.
        """
        ...

    def failing_channels(self, channel_keys: Collection[int]) -> dict[int, FailingMessage]:
        """Returns a message that waits after several attempts, by the key of its channel configuration."""
        ...

    def state_counts(self, execution_id: str) -> dict[MessageState, int]: ...

    def due(self, channel_key: int, now: Instant, limit: int, lanes: Collection[Lane] = tuple(Lane)) -> list[Message]:
        """Queued messages of the channel that are due and not held: lower lanes first, then the longest due."""
        ...

    def claimable(self, message_ids: Collection[str]) -> list[Message]:
        """Those of them that are queued and not held, due or not, by id. What others are claiming at the moment is
        passed over.
        """
        ...

    def queued(self, query: DueQuery) -> list[QueuedMessage]:
        """Queued messages that are due and not held, the longest due first, by id where that is the same."""
        ...

    def next_due_time(
        self, channel_key: int, lanes: Collection[Lane] = tuple(Lane), after: Instant = -1
    ) -> Instant | None:
        """The earliest due time, later than `after`, of the channel's queued messages that are not held."""
        ...

    def waiting(self) -> dict[tuple[int, Lane], Instant]:
        """Returns the earliest due time of the queued messages that are not held, by channel configuration and lane."""
        ...

    def is_waiting(self, channel_key: int) -> bool:
        """Whether any message of the channel is queued or being sent."""
        ...

    def has_waiting(self, channel_key: int, lane: Lane, now: Instant, count: int) -> bool:
        """Returns whether at least so many messages of the channel and lane are queued, due and not held."""
        ...

    def may_fall_back_to(self, channel_key: int) -> bool:
        """Returns whether a message that is queued or being sent may be followed by one of the channel."""
        ...

    def with_fallbacks(self, message_ids: Collection[str]) -> set[str]:
        """Returns those of them that messages of the next actions may follow."""
        ...

    def drop_fallbacks(self, execution_id: str) -> None:
        """Lets no message follow one of the execution that is queued or being sent."""
        ...

    def drop_fallback(self, message_id: str) -> None:
        """Lets no message follow this one if it is queued or being sent."""
        ...

    def begin(self, message_ids: Collection[str], owner: str, now: Instant) -> None:
        """QUEUED → SENDING in the hands of `owner`, with one more attempt begun. They were just read as due."""
        ...

    def defer(self, openings: Mapping[str, Instant], now: Instant) -> None:
        """Sets when queued messages are due next, by their ids.

        The time until then is no part of their retry window.
        """
        ...

    def set_cap_persons(self, persons: Mapping[str, CapPerson]) -> None:
        """Sets for whom frequency caps count messages, by their ids."""
        ...

    def set_turns(self, turns: Mapping[str, Turn]) -> None:
        """Sets what the messages of these ids wait for."""
        ...

    def waiting_turns(self, campaign_key: int, after: str, limit: int) -> list[WaitingTurn]:
        """Returns queued messages of the campaign by their ids, those behind the id `after`."""
        ...

    def make_due(self, message_ids: Collection[str], now: Instant) -> None:
        """Makes queued messages due now."""
        ...

    def hold(self, message_ids: Collection[str]) -> None:
        """Keeps queued messages out of `due` until their campaign is released."""
        ...

    def release(self, campaign_key: int, limit: int) -> int:
        """Lets at most so many held messages of the campaign back into `due`; how many."""
        ...

    def held_campaigns(self) -> set[int]:
        """The keys of the campaigns that have held messages."""
        ...

    def requeue(self, message_ids: Collection[str], owner: str) -> None:
        """SENDING → QUEUED for messages of `owner` whose attempt was claimed but never begun: it counts no more."""
        ...

    def record_outcomes(self, outcomes: Sequence[AttemptOutcome], owner: str) -> set[str]:
        """SENDING → another state, for messages that are still in the hands of `owner` in that very attempt.

        Returns the ids of the messages moved. One that another process has taken over is left alone.
        """
        ...

    def end_queued(self, message_ids: Collection[str], state: MessageState, now: Instant) -> set[str]:
        """QUEUED → CANCELLED or EXPIRED; the ids of the messages moved."""
        ...

    def end_each_queued(self, ends: Collection[QueuedEnd], now: Instant) -> set[str]:
        """QUEUED → EXCLUDED or IN_DOUBT; the ids of the messages moved."""
        ...

    def queued_of_execution(self, execution_id: str, limit: int = MAX_MESSAGES) -> list[Message]: ...

    def queued_of_campaign(self, campaign_key: int, limit: int) -> list[Message]:
        """Held ones included."""
        ...

    def claimed_by(self, owners: Collection[str], limit: int) -> list[Message]:
        """Messages in SENDING that these processes had claimed."""
        ...

    def owners(self) -> set[str]:
        """The processes that have messages in SENDING."""
        ...

    def merge_recipient_index(self, limit: int) -> int:
        """Moves at most `limit` messages to larger segments of the index by recipient, and returns how many; 0 if there
        is nothing to merge.
        """
        ...


class EventRepository(Protocol):
    def add_all(self, events: Sequence[Event]) -> None: ...

    def page(self, query: EventQuery) -> list[Event]:
        """Returns events in the order of their sequence. In an `event_snapshot` they end where a commit under way may
        still bring others before them, so that nobody who goes on from the last one misses any.
        """
        ...

    def tail(self, after: int, limit: int) -> list[Event]:
        """Returns events of every sandbox with a larger sequence than `after`, as `page` does."""
        ...

    def of_message(self, message_id: str) -> list[Event]: ...

    def last_sequence(self) -> int:
        """Returns the largest sequence of the events that `page` may return; 0 without any."""
        ...

    def newest_sequence(self) -> int:
        """Returns the largest sequence of all events, whether `page` may return them or not; 0 without any."""
        ...

    def purged_through(self) -> int:
        """Returns the largest sequence of an event that was purged; 0 without any."""
        ...


class CounterRepository(Protocol):
    """The counters behind the reports."""

    def add(self, increments: Mapping[CounterKey, int]) -> None: ...

    def add_latencies(self, increments: Mapping[LatencyKey, int]) -> None: ...

    def of_campaign(self, campaign_key: int | None, version: int | None) -> dict[tuple[Metric, str], int]:
        """Returns the counts by metric and reason, added up over all else. None stands for all of them."""
        ...

    def by_locale(self, campaign_key: int, version: int | None) -> dict[tuple[str, Metric], int]:
        """Returns the counts by the locale of the content and the metric."""
        ...

    def by_rule(self, campaign_key: int, version: int | None) -> dict[tuple[str, str, Metric], int]:
        """Returns the counts by action, rule and metric. Messages by no rule have an empty one."""
        ...

    def failed_rules(self, versions: Collection[tuple[int, int]], since: int) -> list[FailedRule]:
        """Returns what failed under versions, given by campaign and number, from the day `since` on (UTC, counted from
        1970-01-01).
        """
        ...

    def latencies(self, campaign_key: int, version: int | None) -> dict[int, int]:
        """Returns how many messages were handed off, by the bucket of their latency (`domain.latency`)."""
        ...


class ApiKeyRepository(Protocol):
    def add(self, key: ApiKey) -> None: ...

    def get(self, key_id: str) -> ApiKey | None: ...

    def save(self, key: ApiKey) -> None: ...

    def page(self, visibility: Visibility | None, after: tuple[Instant, str] | None, limit: int) -> list[ApiKey]:
        """Returns keys, the oldest first, of every sandbox if `visibility` is None. Their access labels hide none.

        `after`: creation time and id of the last one before.
        """
        ...


class KeyNameRepository(Protocol):
    """The names of the secret keys of one purpose that were used. The keys themselves are not stored."""

    def fingerprints(self) -> dict[int, bytes]:
        """By the numbers of the keys."""
        ...

    def add(self, number: int, fingerprint: bytes, now: Instant) -> None:
        """Does nothing when there is a key of that number."""
        ...


class ProcessRepository(Protocol):
    """The leases of running processes. Whoever lets its lease lapse loses the messages in its hands."""

    def renew(self, process_id: str, lease_until: Instant) -> None: ...

    def live(self, now: Instant) -> set[str]:
        """Those whose lease has not lapsed."""
        ...

    def remove(self, process_id: str) -> None: ...

    def remove_lapsed(self, now: Instant) -> None: ...
