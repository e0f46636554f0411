"""The repositories of what has no module of its own. Those of a unit of work share its transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from clarion_server.application.ports.queries import (
    EventQuery,
    ExecutionQuery,
)
from clarion_server.domain.access.access import ApiKey, Visibility
from clarion_server.domain.channels.channel import ChannelConfiguration
from clarion_server.domain.channels.seen_certificate import SeenCertificate
from clarion_server.domain.events.counter import CounterKey, FailedRule, LatencyKey, Metric
from clarion_server.domain.events.event import Event
from clarion_server.domain.instant import Instant
from clarion_server.domain.triggering.execution import Execution


class NameTaken(Exception):
    """Another resource of the sandbox has that id."""


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
        """Returns whether it exists and is not disabled. It must be cheap, as every claim asks."""
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
        """Returns a page by id; `after` leaves only larger ids."""
        ...


class ExecutionRepository(Protocol):
    def add_all(self, executions: Sequence[Execution]) -> None: ...

    def by_request_ids(self, requests: Collection[tuple[int, str]]) -> dict[tuple[int, str], Execution]:
        """Returns those that exist, by (campaign key, request id). It must be cheap, as every trigger asks."""
        ...

    def release_request_ids(self, execution_ids: Collection[str]) -> None:
        """Forgets the request ids of these executions, so that new ones may take them over."""
        ...

    def get(self, visibility: Visibility, execution_id: str) -> Execution | None: ...

    def page(self, query: ExecutionQuery) -> list[Execution]:
        """Returns a page, newest first."""
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

    def in_doubt(self, message_ids: Collection[str]) -> set[str]:
        """Returns those of these messages that an attempt has left in doubt, after which another one was to follow."""
        ...

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
    """Stores the counters behind the reports."""

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
        """Returns how many messages were handed off, by the bucket of their latency (`domain.events.latency`)."""
        ...


class ApiKeyRepository(Protocol):
    def add(self, key: ApiKey) -> None: ...

    def get(self, key_id: str) -> ApiKey | None: ...

    def save(self, key: ApiKey) -> None: ...

    def page(self, visibility: Visibility | None, after: tuple[Instant, str] | None, limit: int) -> list[ApiKey]:
        """Returns keys, the oldest first, of every sandbox if `visibility` is None. Their access labels hide none.

        `after` is the creation time and the id of the last one before.
        """
        ...


class KeyNameRepository(Protocol):
    """Holds the names of the secret keys of one purpose that were used. The keys themselves are not stored."""

    def fingerprints(self) -> dict[int, bytes]:
        """Returns the fingerprints by the numbers of the keys."""
        ...

    def add(self, number: int, fingerprint: bytes, now: Instant) -> None:
        """Does nothing when there is a key of that number."""
        ...


class ProcessRepository(Protocol):
    """Stores the leases of running processes. Whoever lets its lease lapse loses the messages in its hands."""

    def renew(self, process_id: str, lease_until: Instant) -> None: ...

    def live(self, now: Instant) -> set[str]:
        """Returns those whose lease has not lapsed."""
        ...

    def remove(self, process_id: str) -> None: ...

    def remove_lapsed(self, now: Instant) -> None: ...

    def ending_after(self, time: Instant) -> dict[str, Instant]:
        """Returns the ends of the leases that end later, by process."""
        ...

    def remove_unrenewed(self, process_id: str, lease_until: Instant) -> None:
        """Removes the process if its lease ends then. Otherwise it was renewed meanwhile."""
        ...
