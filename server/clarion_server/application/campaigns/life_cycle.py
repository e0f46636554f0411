"""The transitions of a campaign: review and activate, pause and resume, stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from clarion_server.application.campaigns.changes import CampaignChanges, Target
from clarion_server.application.campaigns.review import Review, errors_of, warnings_of
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.reports.counts import read_counts
from clarion_server.application.resource_lookup import find_campaign, find_version
from clarion_server.application.transactions import ATTEMPTS, Transactions
from clarion_server.domain.access import Caller, Visibility
from clarion_server.domain.campaign import Campaign, CampaignDefinition, CampaignVersion, QueueDisposal, Transition
from clarion_server.domain.channel import ChannelConfiguration
from clarion_server.domain.errors import EtagMismatch, ReviewFailed
from clarion_server.domain.finding import Finding
from clarion_server.domain.instant import Instant
from clarion_server.domain.sending_policy import SendingPolicy
from clarion_server.domain.topic import Topic


@dataclass(frozen=True, slots=True)
class ActivateCampaign:
    campaign_id: str
    etag: str = ""
    version: int = 0
    """An earlier version; 0: a new one of the draft."""
    strict: bool = False
    """Whether what would refuse triggers that the live version takes is an error."""


@dataclass(frozen=True, slots=True)
class Activation:
    campaign: Campaign
    warnings: list[Finding]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """What is reviewed, and the state in which it was read."""

    campaign: Campaign
    definition: CampaignDefinition
    channels: tuple[ChannelConfiguration | None, ...]
    """What each action names, in their order; None when there is none of that name."""
    topic: Topic | None
    """What the definition names; None when it names none, or there is none of that name. So with the next one."""
    sending_policy: SendingPolicy | None
    live: CampaignDefinition | None = None
    """What triggers use now; None: the campaign was never activated."""
    version: CampaignVersion | None = None
    """None: to be made of the draft."""


class _CampaignChanged(Exception):
    """What was reviewed is not what would be activated."""


class CampaignLifeCycle:
    def __init__(
        self, transactions: Transactions, review: Review, clock: Clock, on_change: Callable[[Campaign], None]
    ) -> None:
        self._transactions = transactions
        self._review = review
        self._clock = clock
        self._changes = CampaignChanges(transactions, clock, on_change)

    async def review(self, campaign_id: str, caller: Caller, *, strict: bool = False) -> list[Finding]:
        """Of the draft, errors first. `strict` is that of ActivateCampaign. Raises ResourceNotFound."""
        target = Target(caller.visibility, campaign_id)
        candidate = await self._transactions.read(lambda unit: self._candidate(unit, target, 0))
        return await self._findings(candidate, strict=strict)

    async def activate(self, command: ActivateCampaign, caller: Caller) -> Activation:
        """Raises ResourceNotFound, EtagMismatch, IllegalTransition or ReviewFailed."""
        target = Target(caller.visibility, command.campaign_id, command.etag)
        for _ in range(ATTEMPTS):
            candidate = await self._transactions.read(lambda unit: self._candidate(unit, target, command.version))
            candidate.campaign.check_etag(command.etag)
            candidate.campaign.check_may(Transition.ACTIVATE)
            # Outside of any transaction: it may take a while.
            findings = await self._findings(candidate, strict=command.strict)
            if errors := errors_of(findings):
                raise ReviewFailed(candidate.campaign.name, tuple(errors))
            try:
                campaign = await self._changes.make(target, _activation_of(candidate, caller))
            except _CampaignChanged:
                continue
            return Activation(campaign, warnings_of(findings))
        raise EtagMismatch(target.name)

    async def pause(self, campaign_id: str, etag: str, caller: Caller) -> Campaign:
        """Raises ResourceNotFound, EtagMismatch or IllegalTransition."""
        return await self._changes.make(
            Target(caller.visibility, campaign_id, etag), lambda _unit, campaign, now: campaign.paused(caller.name, now)
        )

    async def resume(self, campaign_id: str, etag: str, caller: Caller) -> Campaign:
        """Raises ResourceNotFound, EtagMismatch or IllegalTransition."""
        return await self._changes.make(
            Target(caller.visibility, campaign_id, etag),
            lambda _unit, campaign, now: campaign.resumed(caller.name, now),
        )

    async def stop(self, campaign_id: str, disposal: QueueDisposal, etag: str, caller: Caller) -> tuple[Campaign, int]:
        """With the number of messages that had no outcome at that moment. What becomes of them is delivery's matter.

        Raises ResourceNotFound, EtagMismatch or IllegalTransition.
        """
        return await self._changes.make_and_read(
            Target(caller.visibility, campaign_id, etag),
            lambda _unit, campaign, now: campaign.stopped(disposal, caller.name, now),
            lambda unit, campaign: read_counts(unit, campaign.key, None).queued_count,
        )

    async def archive(self, campaign_id: str, etag: str, caller: Caller) -> Campaign:
        """Raises ResourceNotFound, EtagMismatch or IllegalTransition."""
        return await self._changes.make(
            Target(caller.visibility, campaign_id, etag),
            lambda _unit, campaign, now: campaign.archived(caller.name, now),
        )

    async def unarchive(self, campaign_id: str, etag: str, caller: Caller) -> Campaign:
        """Raises ResourceNotFound, EtagMismatch or IllegalTransition."""
        return await self._changes.make(
            Target(caller.visibility, campaign_id, etag),
            lambda _unit, campaign, now: campaign.unarchived(caller.name, now),
        )

    def _candidate(self, unit: UnitOfWork, target: Target, number: int) -> _Candidate:
        campaign = find_campaign(unit, target.visibility, target.campaign_id).at(self._clock.now())
        version = find_version(unit, campaign, number) if number else None
        definition = version.definition if version else campaign.definition
        names = [action.channel_configuration for action in definition.actions]
        channels = tuple(unit.channels.get(target.visibility, name) for name in names)
        topic = _topic_of(unit, definition, target.visibility)
        policy = _policy_of(unit, definition, target.visibility)
        live = unit.campaigns.version(campaign.key, campaign.live_version)
        return _Candidate(campaign, definition, channels, topic, policy, live.definition if live else None, version)

    async def _findings(self, candidate: _Candidate, *, strict: bool) -> list[Finding]:
        return await self._review.of(
            candidate.definition,
            candidate.channels,
            candidate.topic,
            candidate.sending_policy,
            live=candidate.live,
            strict=strict,
        )


def _activation_of(candidate: _Candidate, caller: Caller) -> Callable[[UnitOfWork, Campaign, Instant], Campaign]:
    channels = [channel for channel in candidate.channels if channel is not None]
    assert len(channels) == len(candidate.channels), "review lets no campaign pass that lacks one"

    def activate(unit: UnitOfWork, campaign: Campaign, now: Instant) -> Campaign:
        unchanged = all(unit.channels.by_key(channel.key) == channel for channel in channels)
        unchanged = unchanged and _topic_of(unit, candidate.definition, caller.visibility) == candidate.topic
        unchanged = unchanged and _policy_of(unit, candidate.definition, caller.visibility) == candidate.sending_policy
        if campaign != candidate.campaign or not unchanged:
            raise _CampaignChanged
        # Keeps the namespace as it is until the campaign is committed, which then uses it.
        unit.identity_namespaces.named({(campaign.sandbox, candidate.definition.identity_namespace)})
        if _is_live(candidate):
            return campaign
        version = candidate.version
        if version is None or any(version.create_time < channel.create_time for channel in channels):
            # A version keeps to the channel configurations that it was activated with. Where one was deleted and
            # another one has its name, the earlier content becomes a version anew.
            version = CampaignVersion(campaign.key, campaign.last_version + 1, candidate.definition, now, caller.name)
            unit.campaigns.add_version(version, [channel.key for channel in channels])
        return campaign.activated(version, caller.name, now)

    return activate


def _topic_of(unit: UnitOfWork, definition: CampaignDefinition, visibility: Visibility) -> Topic | None:
    return None if definition.topic is None else unit.topics.get(visibility, definition.topic)


def _policy_of(unit: UnitOfWork, definition: CampaignDefinition, visibility: Visibility) -> SendingPolicy | None:
    named = definition.sending_policy
    return None if named is None else unit.sending_policies.get(visibility, named)


def _is_live(candidate: _Candidate) -> bool:
    if candidate.version is None:
        return not candidate.campaign.draft_pending
    return candidate.version.number == candidate.campaign.live_version
