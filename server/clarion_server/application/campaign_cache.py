"""Keeps live campaigns and versions with their compiled content in memory."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from clarion_server.application.compiled_version import CompiledVersion, VersionCompiler, stored_version
from clarion_server.application.loading_cache import LoadingCache
from clarion_server.application.ports.content import (
    CompiledContent,
    CompiledSchema,
    ContentCompiler,
    ContentInvalid,
)
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.resource_lookup import find_campaign
from clarion_server.application.transactions import Transactions
from clarion_server.domain.access.access import Visibility, whole_sandbox
from clarion_server.domain.campaign_states import CampaignState
from clarion_server.domain.campaigns.campaign import Campaign
from clarion_server.domain.campaigns.campaign_definition import (
    UnknownRecipientPolicy,
)
from clarion_server.domain.consent.choice import EMAIL
from clarion_server.domain.errors import CampaignNotLive, CampaignOutdated, CampaignOutsideWindow, ResourceNotFound
from clarion_server.domain.instant import Instant
from clarion_server.domain.people.identity import BUILT_IN, NO_NAMESPACES, IdentityNamespace, namespace_of
from clarion_server.domain.triggering.trigger import TriggerKind

#: Compiled versions take about this many bytes at most, and live campaigns as many again. A version of a small mail
#: takes 20 KB, so there is room for 1,600 of each.
MAX_BYTES = 32 * 2**20
_ENDED = frozenset({CampaignState.STOPPED, CampaignState.COMPLETED, CampaignState.ARCHIVED})


@dataclass(frozen=True, slots=True)
class LiveCampaign:
    """Is a campaign that was live when it was read, with all that its triggers need."""

    campaign: Campaign
    version: CompiledVersion
    schema: CompiledSchema
    kind: TriggerKind
    namespace: IdentityNamespace
    """Is the namespace of its recipients' identities."""
    takes_any_email: bool
    """Says whether an identity in the namespace of e-mail addresses may be any text: callers who store no profiles give
    the address beside it.
    """

    def check_accepts(self, now: Instant) -> None:
        """Raises CampaignOutsideWindow."""
        schedule = self.campaign.schedule
        too_early = schedule.start_time is not None and now < schedule.start_time
        too_late = schedule.end_time is not None and now >= schedule.end_time
        if too_early or too_late:
            raise CampaignOutsideWindow(self.campaign.name, schedule.start_time, schedule.end_time)


class CampaignCache:
    """Caches live campaigns with their compiled content. An instance belongs to one event loop. A live campaign may be
    out of date: accepting compares revisions in its commit.

    Rows are read in a transaction, and compiled on a thread after it, so that no snapshot stays open meanwhile.
    """

    def __init__(self, transactions: Transactions, compiler: ContentCompiler, max_bytes: int = MAX_BYTES) -> None:
        self._transactions = transactions
        self._compiler = VersionCompiler(compiler)
        self._versions = LoadingCache(self._load_version, lambda version: version.size, max_bytes)
        self._contents = LoadingCache(self._load_content, lambda content: content.size, max_bytes)
        self._live = LoadingCache(self._load_live, lambda live: live.version.size, max_bytes)

    def invalidate(self, campaign: Campaign) -> None:
        """Makes the next trigger read the campaign again, because it has changed.

        Of one that has ended, the versions are dropped as well: what is left in its queue reads them once more.
        """
        self._live.invalidate((campaign.sandbox, campaign.id))
        if campaign.state in _ENDED:
            self._versions.drop_where(lambda key: key[0] == campaign.key)
            self._contents.drop_where(lambda key: key[0][0] == campaign.key)

    def discard(self, live: LiveCampaign) -> None:
        """Drops a live campaign that is out of date. If it was read again since, the newer one stays."""
        if self._live.get((live.campaign.sandbox, live.campaign.id)) is live:
            self.invalidate(live.campaign)

    async def is_current(self, live: LiveCampaign) -> bool:
        """Returns whether the campaign is as it was read then. Another process may have changed it."""
        key = live.campaign.key
        revision = await self._transactions.read(lambda unit: unit.campaigns.revision(key))
        current = revision == live.campaign.revision
        if not current:
            self.discard(live)
        return current

    def cached(self, visibility: Visibility, campaign_id: str) -> LiveCampaign | None:
        """Returns the campaign if it is in memory, and the labels that it had then do not hide it. Never waits."""
        live = self._live.get((visibility.sandbox, campaign_id))
        if live is not None and live.campaign.access_labels.mask & ~visibility.labels.mask:
            return None
        return live

    async def live(self, visibility: Visibility, campaign_id: str) -> LiveCampaign:
        """Raises ResourceNotFound, CampaignNotLive, CampaignOutsideWindow or CampaignOutdated."""
        # Asked first without a further coroutine, as every trigger comes this way.
        return self.cached(visibility, campaign_id) or await self._loaded(visibility, campaign_id)

    async def _loaded(self, visibility: Visibility, campaign_id: str) -> LiveCampaign:
        name = (visibility.sandbox, campaign_id)
        if (hidden := self._live.get(name)) is not None:
            # Another process may have taken the labels off that hide it.
            await self.is_current(hidden)
        try:
            live = await self._live.load(name)
        except (CampaignNotLive, CampaignOutsideWindow, CampaignOutdated):
            # All callers share what is loaded, and what that raises. Nobody learns the state of a hidden campaign.
            await self._transactions.read(lambda unit: find_campaign(unit, visibility, campaign_id))
            raise
        if not visibility.sees(live.campaign.access_labels):
            raise ResourceNotFound(live.campaign.name)
        return live

    async def version(self, campaign_key: int, number: int) -> CompiledVersion:
        """Returns a version that some message was accepted with. It exists as long as the message does.

        Raises ContentInvalid.
        """
        key = (campaign_key, number)
        return self._versions.get(key) or await self._versions.load(key)

    def cached_version(self, campaign_key: int, number: int) -> CompiledVersion | None:
        """Returns the version if it is in memory. Never waits."""
        return self._versions.get((campaign_key, number))

    async def content(
        self, version: CompiledVersion, action_index: int, locale: str, rule: str = ""
    ) -> CompiledContent:
        """Returns the content of an action for the people of a rule in a locale, which is compiled when it is first
        used.

        Raises ContentInvalid.
        """
        cached = self.cached_content(version, action_index, locale, rule)
        return cached or await self._contents.load(_content_key(version, action_index, locale, rule))

    def cached_content(
        self, version: CompiledVersion, action_index: int, locale: str, rule: str = ""
    ) -> CompiledContent | None:
        """Returns the content if it is in memory. Never waits."""
        default = version.contents[action_index]
        key = _content_key(version, action_index, locale, rule)
        return default if default.locale == locale and not key[-1] else self._contents.get(key)

    async def _load_content(self, key: tuple[tuple[int, int], int, str, str]) -> CompiledContent:
        (campaign_key, number), action_index, locale, rule = key
        version = await self.version(campaign_key, number)
        return await asyncio.to_thread(self._compiler.compile_content, version, action_index, locale, rule)

    async def _load_live(self, name: tuple[str, str]) -> LiveCampaign:
        campaign = await self._transactions.read(lambda unit: _find_live(unit, *name))
        return await self.with_version(campaign, campaign.live_version)

    async def with_version(self, campaign: Campaign, number: int) -> LiveCampaign:
        """Returns a campaign with a version that was or is its live one. Raises CampaignOutdated or CampaignNotLive."""
        try:
            version = await self.version(campaign.key, number)
            definition = version.definition
            schema = await asyncio.to_thread(self._compiler.contents.compile_schema, definition.context_schema)
        except ContentInvalid:
            # It compiled when it was activated. An earlier Clarion did that, with other rules.
            raise CampaignOutdated(campaign.name) from None
        if definition.category is None:
            raise CampaignNotLive(campaign.name, campaign.state.value)
        namespace = await self._namespace(campaign.sandbox, definition.identity_namespace)
        is_email = namespace.id == EMAIL
        stores_profiles = definition.unknown_recipient_policy is UnknownRecipientPolicy.CREATE
        # Its draft may be as large as the version, and no trigger reads it.
        campaign = replace(campaign, definition=definition)
        kind = TriggerKind(
            campaign.sandbox,
            campaign.key,
            campaign.revision,
            version.actions,
            definition.lane,
            definition.topic,
            version.sending_policy,
        )
        return LiveCampaign(campaign, version, schema, kind, namespace, is_email and not stores_profiles)

    async def _namespace(self, sandbox: str, name: str) -> IdentityNamespace:
        """Returns the namespace of a live campaign, which stays the same as long as the campaign is in use."""
        if name in BUILT_IN:
            return BUILT_IN[name]
        stored = await self._transactions.read(lambda unit: unit.identity_namespaces.named({(sandbox, name)}))
        return namespace_of(name, stored.get(sandbox, NO_NAMESPACES))

    async def _load_version(self, key: tuple[int, int]) -> CompiledVersion:
        stored = await self._transactions.read(lambda unit: stored_version(unit, *key))
        return await asyncio.to_thread(self._compiler.compile, key, stored)


def _content_key(
    version: CompiledVersion, action_index: int, locale: str, rule: str
) -> tuple[tuple[int, int], int, str, str]:
    # Those of a rule without contents get what belongs to no rule.
    has_own = rule and rule in version.variants.rules(action_index)
    return version.key, action_index, locale, rule if has_own else ""


def _find_live(unit: UnitOfWork, sandbox: str, campaign_id: str) -> Campaign:
    # All callers of the sandbox share what is cached.
    campaign = find_campaign(unit, whole_sandbox(sandbox), campaign_id)
    if campaign.state not in (CampaignState.LIVE, CampaignState.SCHEDULED):
        raise _not_live(campaign)
    return campaign


def _not_live(campaign: Campaign) -> CampaignNotLive | CampaignOutsideWindow:
    if campaign.state is CampaignState.COMPLETED:
        return CampaignOutsideWindow(campaign.name, campaign.schedule.start_time, campaign.schedule.end_time)
    return CampaignNotLive(campaign.name, campaign.state.value)
