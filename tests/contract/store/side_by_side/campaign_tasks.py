"""Tasks that add, change and list campaigns."""

from __future__ import annotations

from dataclasses import replace
from operator import attrgetter
from typing import Any

from clarion_server.application.ports.queries import CampaignQuery
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.campaign_states import CampaignState
from clarion_server.domain.campaigns.campaign import Campaign
from clarion_server.domain.campaigns.campaign_definition import CampaignDefinition
from clarion_server.domain.category import Category
from clarion_server.domain.channel_kind import Channel
from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.contract.store import samples
from tests.contract.store.side_by_side import values
from tests.contract.store.side_by_side.machine import SideBySide
from tests.contract.store.side_by_side.side import Side

#: Holds the campaigns that are never activated, and so may be deleted.
drafts = st.sampled_from(["a", "a-1"])


class CampaignTasks(SideBySide):
    @rule(sandbox=values.sandboxes, campaign_id=drafts, definition=values.definitions, time=values.times)
    def add_campaign(self, sandbox: str, campaign_id: str, definition: CampaignDefinition, time: int) -> None:
        draft = samples.campaign(campaign_id, sandbox=sandbox, of=definition, create_time=time, update_time=time)
        self.both(Side.add_campaign, draft)

    @rule(
        index=values.indexes,
        ahead=st.sampled_from([1, 1, 1, 0, 2]),
        state=values.campaign_states,
        schedule=values.schedules,
        definition=values.definitions,
        tags=values.tags,
    )
    def change_campaign(self, index: int, ahead: int, **changes: Any) -> None:
        def change(side: Side) -> None:
            campaign = _all_campaigns(side)[index % len(_all_campaigns(side))]
            side.work.campaigns.save(replace(campaign, revision=campaign.revision + ahead, **changes))

        self.both(change)

    @rule(sandbox=values.sandboxes, campaign_id=drafts)
    def delete_campaign(self, sandbox: str, campaign_id: str) -> None:
        def delete(side: Side) -> None:
            if (campaign := side.work.campaigns.get(Visibility(sandbox), campaign_id)) is not None:
                side.work.campaigns.delete(campaign, samples.NOW)

        self.both(delete)

    @rule(
        visibility=values.visibilities,
        channels=values.subsets(Channel),
        creator=st.sampled_from(["", "apiKeys/1", "apiKeys/2"]),
        created=values.bounds,
        updated=values.bounds,
        states=values.subsets(CampaignState),
        categories=values.subsets(Category),
        tags=values.subsets(values.TAGS),
        text=values.texts,
        order_by=st.sampled_from(["name", "create_time", "update_time"]),
        descending=st.booleans(),
        limit=values.limits,
    )
    def list_campaigns(self, order_by: str, **filters: Any) -> None:
        def walk(side: Side) -> list[Campaign]:
            query, walked = CampaignQuery(order_by=order_by, **filters), list[Campaign]()
            while page := side.work.campaigns.page(query):
                assert len(page) <= query.limit
                walked += page
                query = replace(query, after=_order(page[-1]))
            # Stores may differ in the order of campaigns with equal times.
            return sorted(walked, key=_order, reverse=query.descending)

        _order = attrgetter("id" if order_by == "name" else order_by, "id")
        self.both(walk)

    @rule(visibility=values.visibilities, limit=values.limits)
    def list_tags(self, visibility: Visibility, limit: int) -> None:
        self.both(lambda side: side.work.campaigns.tags(visibility, None, limit))


def _all_campaigns(side: Side) -> list[Campaign]:
    every = frozenset(CampaignState)
    return [each for seen in samples.VISIBILITIES for each in side.work.campaigns.page(CampaignQuery(seen, every))]
