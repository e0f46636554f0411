"""Campaigns and their versions in memory."""

from __future__ import annotations

import string
from collections.abc import Collection, Mapping
from dataclasses import replace
from operator import attrgetter

from clarion_server.adapters.memory_store.tables import Tables
from clarion_server.application.ports.queries import CampaignQuery, DeliveryPolicy
from clarion_server.application.ports.repositories import NameTaken
from clarion_server.application.ports.store import WriteConflict
from clarion_server.domain.campaign import Campaign, CampaignState, CampaignVersion
from clarion_server.domain.instant import Instant

_IN_USE = frozenset({CampaignState.SCHEDULED, CampaignState.LIVE, CampaignState.PAUSED})
_ORDER_FIELDS: Mapping[str, str] = {"name": "id", "create_time": "create_time", "update_time": "update_time"}
_TO_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


class MemoryCampaignRepository:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def add(self, campaign: Campaign) -> Campaign:
        name = (campaign.sandbox, campaign.id)
        if name in self._tables.campaign_keys.rows:
            raise NameTaken(campaign.name)
        added = replace(campaign, key=self._tables.next_key("campaign"))
        self._tables.campaign_keys.insert(name, added.key)
        self._tables.campaigns.insert(added.key, added)
        return added

    def get(self, sandbox: str, campaign_id: str) -> Campaign | None:
        key = self._tables.campaign_keys.rows.get((sandbox, campaign_id))
        return None if key is None else self._tables.campaigns.rows[key]

    def by_keys(self, keys: Collection[int]) -> dict[int, Campaign]:
        rows = self._tables.campaigns.rows
        return {key: rows[key] for key in keys if key in rows}

    def revisions(self, keys: Collection[int]) -> dict[int, int]:
        return {key: campaign.revision for key, campaign in self.by_keys(keys).items()}

    def delivery_policies(self, keys: Collection[int]) -> dict[int, DeliveryPolicy]:
        return {
            key: DeliveryPolicy(campaign.state, campaign.queue_disposal) for key, campaign in self.by_keys(keys).items()
        }

    def save(self, campaign: Campaign) -> None:
        self._check_revision(campaign, campaign.revision - 1)
        self._tables.campaigns.put(campaign.key, campaign)

    def delete(self, campaign: Campaign) -> None:
        self._check_revision(campaign, campaign.revision)
        self._tables.campaigns.remove(campaign.key)
        self._tables.campaign_keys.remove((campaign.sandbox, campaign.id))

    def page(self, query: CampaignQuery) -> list[Campaign]:
        order = attrgetter(_ORDER_FIELDS[query.order_by], "id")
        found = [campaign for campaign in self._tables.campaigns.rows.values() if _matches(campaign, query)]
        found.sort(key=order, reverse=query.descending)
        if query.after is not None:
            found = [c for c in found if (order(c) < query.after if query.descending else order(c) > query.after)]
        return found[: query.limit]

    def due(self, now: Instant) -> list[Campaign]:
        times = ((campaign, campaign.next_transition_time()) for campaign in self._tables.campaigns.rows.values())
        return [campaign for campaign, time in times if time is not None and time <= now]

    def next_transition_time(self) -> Instant | None:
        times = (campaign.next_transition_time() for campaign in self._tables.campaigns.rows.values())
        return min((time for time in times if time is not None), default=None)

    def first_using(self, channel_key: int) -> Campaign | None:
        channels = self._tables.version_channels.rows
        for key, campaign in self._tables.campaigns.rows.items():
            if campaign.state in _IN_USE and channels.get((key, campaign.live_version)) == channel_key:
                return campaign
        return None

    def add_version(self, version: CampaignVersion, channel_key: int) -> None:
        place = (version.campaign_key, version.number)
        self._tables.versions.insert(place, version)
        self._tables.version_channels.insert(place, channel_key)

    def version(self, campaign_key: int, number: int) -> CampaignVersion | None:
        return self._tables.versions.rows.get((campaign_key, number))

    def versions(self, campaign_key: int, before: int | None, limit: int) -> list[CampaignVersion]:
        found = [
            version
            for (key, number), version in self._tables.versions.rows.items()
            if key == campaign_key and (before is None or number < before)
        ]
        return sorted(found, key=attrgetter("number"), reverse=True)[:limit]

    def _check_revision(self, campaign: Campaign, expected: int) -> None:
        stored = self._tables.campaigns.rows.get(campaign.key)
        if stored is None or stored.revision != expected:
            raise WriteConflict(campaign.name)


def _matches(campaign: Campaign, query: CampaignQuery) -> bool:
    definition = campaign.definition
    return (
        campaign.sandbox == query.sandbox
        and (not query.states or campaign.state in query.states)
        and (not query.categories or definition.category in query.categories)
        and (not query.tags or not query.tags.isdisjoint(definition.tags))
        and _contains(query.text, campaign.id, definition.display_name, definition.description)
    )


def _contains(text: str, *places: str) -> bool:
    """In any case of ASCII letters, as SQL's LIKE has it."""
    wanted = text.translate(_TO_LOWER)
    return any(wanted in place.translate(_TO_LOWER) for place in places)
