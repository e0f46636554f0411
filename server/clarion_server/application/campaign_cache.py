"""Campaigns ready for use: what a trigger and a hand-off need at hand, compiled once and kept."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

from clarion_server.application.ports.content import CompiledContent, CompiledSchema, ContentCompiler
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.transactions import Transactions
from clarion_server.domain.acceptance import TargetAction
from clarion_server.domain.campaign import Campaign, CampaignDefinition, CampaignState
from clarion_server.domain.errors import CampaignNotLive, CampaignOutsideWindow, ResourceNotFound
from clarion_server.domain.instant import Instant
from clarion_server.domain.message import Lane, lane_of

#: How many compiled versions are kept for messages that are still to be sent.
MAX_VERSIONS = 500


@dataclass(frozen=True, slots=True)
class CompiledVersion:
    """A campaign version with its compiled content."""

    campaign_id: str
    definition: CampaignDefinition
    contents: tuple[CompiledContent, ...]
    """The content of each action, in their order; so with the next two."""
    actions: tuple[TargetAction, ...]
    action_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LiveCampaign:
    """A campaign that was live when it was read, with all that its triggers need."""

    campaign: Campaign
    version: CompiledVersion
    schema: CompiledSchema
    lane: Lane

    def check_accepts(self, now: Instant) -> None:
        """Raises CampaignNotLive or CampaignOutsideWindow."""
        schedule = self.campaign.schedule
        too_early = schedule.start_time is not None and now < schedule.start_time
        too_late = schedule.end_time is not None and now >= schedule.end_time
        if too_early or too_late:
            raise CampaignOutsideWindow(self.campaign.name, schedule.start_time, schedule.end_time)


class CampaignCache:
    """Belongs to one event loop. What it holds may be out of date: the intake compares revisions before it commits."""

    def __init__(self, transactions: Transactions, compiler: ContentCompiler) -> None:
        self._transactions = transactions
        self._compiler = compiler
        self._live: dict[tuple[str, str], LiveCampaign] = {}
        self._loading: dict[tuple[str, str], asyncio.Task[LiveCampaign]] = {}
        self._versions: OrderedDict[tuple[int, int], CompiledVersion] = OrderedDict()

    def forget(self, campaign: Campaign) -> None:
        """The campaign has changed: read it anew when it is next needed."""
        self._forget(campaign.sandbox, campaign.id)

    def outdated(self, live: LiveCampaign) -> None:
        """The campaign is no longer as it was loaded then."""
        campaign = live.campaign
        # Many triggers may say so, late: what was loaded since stays.
        if self._live.get((campaign.sandbox, campaign.id)) is live:
            self._forget(campaign.sandbox, campaign.id)

    async def is_current(self, live: LiveCampaign) -> bool:
        """Whether the campaign is still as it was loaded then; another process may have changed it."""
        key = live.campaign.key
        revision = await self._transactions.read(lambda unit: unit.campaigns.revision(key))
        current = revision == live.campaign.revision
        if not current:
            self.outdated(live)
        return current

    def cached(self, sandbox: str, campaign_id: str) -> LiveCampaign | None:
        """The campaign, if it is at hand. Never waits."""
        return self._live.get((sandbox, campaign_id))

    async def live(self, sandbox: str, campaign_id: str) -> LiveCampaign:
        """Raises ResourceNotFound, CampaignNotLive or CampaignOutsideWindow."""
        name = (sandbox, campaign_id)
        ready = self._live.get(name)
        if ready is not None:
            return ready
        # Triggers that arrive together share one loading, which no single one of them can cancel.
        loading = self._loading.get(name)
        if loading is None:
            loading = self._loading[name] = asyncio.create_task(self._load(name))
            loading.add_done_callback(_read_failure)
        return await asyncio.shield(loading)

    async def _load(self, name: tuple[str, str]) -> LiveCampaign:
        task = asyncio.current_task()
        try:
            ready = await self._transactions.read(lambda unit: self._load_live(unit, *name))
            if self._loading.get(name) is task:
                self._live[name] = ready
            return ready
        finally:
            if self._loading.get(name) is task:
                del self._loading[name]

    def _forget(self, sandbox: str, campaign_id: str) -> None:
        self._live.pop((sandbox, campaign_id), None)
        # What is being loaded may be from before the change.
        self._loading.pop((sandbox, campaign_id), None)

    async def version(self, campaign_key: int, number: int) -> CompiledVersion:
        """A version that some message was accepted with. It exists as long as the message does."""
        ready = self._versions.get((campaign_key, number))
        if ready is None:
            ready = await self._transactions.read(lambda unit: self._load_version(unit, campaign_key, number))
            self._versions[campaign_key, number] = ready
            if len(self._versions) > MAX_VERSIONS:
                self._versions.popitem(last=False)
        return ready

    def _load_live(self, unit: UnitOfWork, sandbox: str, campaign_id: str) -> LiveCampaign:
        campaign = unit.campaigns.get(sandbox, campaign_id)
        if campaign is None:
            raise ResourceNotFound(f"campaigns/{campaign_id}")
        if campaign.state not in (CampaignState.LIVE, CampaignState.SCHEDULED):
            raise _not_live(campaign)
        version = self._load_version(unit, campaign.key, campaign.live_version)
        definition = version.definition
        if definition.category is None:
            raise CampaignNotLive(campaign.name, campaign.state.value)
        schema = self._compiler.compile_schema(definition.context_schema)
        lane = lane_of(definition.category, rapid=definition.rapid)
        return LiveCampaign(campaign, version, schema, lane)

    def _load_version(self, unit: UnitOfWork, campaign_key: int, number: int) -> CompiledVersion:
        version = unit.campaigns.version(campaign_key, number)
        campaign = unit.campaigns.by_keys({campaign_key})[campaign_key]
        assert version is not None, "a version outlives the messages that were accepted with it"
        definition, keys = version.definition, unit.campaigns.channel_keys(campaign_key, number)
        contents = [self._compiler.compile_content(definition, index, campaign.id) for index in range(len(keys))]
        actions = [
            TargetAction(action.id, action.content.channel, key)
            for action, key in zip(definition.actions, keys, strict=True)
        ]
        ids = tuple(action.id for action in actions)
        return CompiledVersion(campaign.id, definition, tuple(contents), tuple(actions), ids)


def _not_live(campaign: Campaign) -> CampaignNotLive | CampaignOutsideWindow:
    if campaign.state is CampaignState.COMPLETED:
        return CampaignOutsideWindow(campaign.name, campaign.schedule.start_time, campaign.schedule.end_time)
    return CampaignNotLive(campaign.name, campaign.state.value)


def _read_failure(loading: asyncio.Task[LiveCampaign]) -> None:
    """So that a failure that every caller stopped waiting for is not reported as forgotten."""
    if not loading.cancelled():
        loading.exception()
