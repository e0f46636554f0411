"""Defines the repository of campaigns and their versions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from clarion_server.application.ports.queries import (
    CampaignQuery,
    DeliveryPolicy,
    LockedCampaign,
    TagUse,
)
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.campaigns.campaign import Campaign, CampaignVersion
from clarion_server.domain.content.built_source import NOTHING_BUILT, BuiltSources
from clarion_server.domain.instant import Instant


class CampaignRepository(Protocol):
    def add(self, campaign: Campaign) -> Campaign:
        """Returns it with its key. Raises NameTaken."""
        ...

    def get(self, visibility: Visibility, campaign_id: str) -> Campaign | None: ...

    def by_keys(self, keys: Collection[int]) -> dict[int, Campaign]:
        """Returns those that exist, by key."""
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
        """Returns what becomes of the queued messages of each that exists, by key. It must be cheap: claims ask."""
        ...

    def save(self, campaign: Campaign) -> None:
        """Replaces the stored one, whose revision must be one less. Raises WriteConflict."""
        ...

    def delete(self, campaign: Campaign, now: Instant) -> None:
        """Deletes a draft, whose attachments were used until now. Raises WriteConflict when the stored revision is
        another one.
        """
        ...

    def page(self, query: CampaignQuery) -> list[Campaign]: ...

    def tags(self, visibility: Visibility, after: str | None, limit: int) -> list[TagUse]:
        """Returns the tags of campaigns that are not archived, by their folded form; `after`: only larger ones."""
        ...

    def due(self, now: Instant) -> list[Campaign]:
        """Returns those whose schedule moves them at or before `now` (`Campaign.next_transition_time`)."""
        ...

    def next_transition_time(self) -> Instant | None:
        """Returns the earliest `Campaign.next_transition_time` of all."""
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

    def first_with_audience(self, visibility: Visibility, audience_id: str) -> Campaign | None:
        """Returns a scheduled, live or paused campaign whose live version has a rule that asks about the audience."""
        ...

    def first_using(self, channel_key: int) -> Campaign | None:
        """Returns a scheduled, live or paused campaign whose live version uses the channel configuration."""
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
        """Returns versions, newest first; `before` leaves only smaller numbers."""
        ...
