"""Moves campaigns through their life: review and activate, pause and resume, stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from clarion_server.application.approvals.check import check_approval
from clarion_server.application.campaigns.activation import CampaignChanged, activation_of
from clarion_server.application.campaigns.candidate import read_candidate
from clarion_server.application.campaigns.changes import CampaignChanges, Target
from clarion_server.application.campaigns.review import Review
from clarion_server.application.compiled_version import sending_policy_of
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.reports.counts import read_counts
from clarion_server.application.sending.retiming import give_way
from clarion_server.application.transactions import ATTEMPTS, Transactions
from clarion_server.application.validation import refuse_invalid
from clarion_server.domain.access.access import Caller
from clarion_server.domain.approvals.approval import comment_violations
from clarion_server.domain.campaign_states import Transition
from clarion_server.domain.campaigns.campaign import Campaign, QueueDisposal
from clarion_server.domain.errors import EtagMismatch, ReviewFailed
from clarion_server.domain.finding import Finding, errors_of, warnings_of
from clarion_server.domain.instant import Instant
from clarion_server.domain.messages.turns import policy_schedule


@dataclass(frozen=True, slots=True)
class ActivateCampaign:
    campaign_id: str
    etag: str = ""
    version: int = 0
    """Is an earlier version; 0 stands for a new one of the draft."""
    strict: bool = False
    """Makes it an error when the draft would refuse triggers that the live version accepts."""
    bypass_reason: str = ""
    """Says why the draft becomes live without the approvals that policies ask for. Only administrators may give one."""


@dataclass(frozen=True, slots=True)
class Activation:
    campaign: Campaign
    warnings: list[Finding]


class CampaignLifeCycle:
    def __init__(
        self, transactions: Transactions, review: Review, clock: Clock, on_change: Callable[[Campaign], None]
    ) -> None:
        self._transactions = transactions
        self._review = review
        self._clock = clock
        self._changes = CampaignChanges(transactions, clock, on_change)

    async def review(self, campaign_id: str, caller: Caller, *, strict: bool = False) -> list[Finding]:
        """Returns what is found in the draft, errors first. `strict` is that of ActivateCampaign. Raises
        ResourceNotFound.
        """
        target = Target(caller.visibility, campaign_id)
        now = self._clock.now()
        candidate = await self._transactions.read(lambda unit: read_candidate(unit, target, 0, now))
        return await self._review.of(candidate, strict=strict)

    async def activate(self, command: ActivateCampaign, caller: Caller) -> Activation:
        """Raises InvalidFields, ResourceNotFound, EtagMismatch, IllegalTransition, ReviewFailed, ApprovalRequired or
        ApprovalStale.

        An earlier version needs no further approval.
        """
        refuse_invalid((), comment_violations(command.bypass_reason, "bypass_reason"))
        target = Target(caller.visibility, command.campaign_id, command.etag)
        for _ in range(ATTEMPTS):
            now = self._clock.now()
            candidate = await self._transactions.read(
                partial(read_candidate, target=target, number=command.version, now=now)
            )
            candidate.campaign.check_etag(command.etag)
            candidate.campaign.check_may(Transition.ACTIVATE)
            # Outside of any transaction: it may take a while.
            findings = await self._review.of(candidate, strict=command.strict)
            if errors := errors_of(findings):
                raise ReviewFailed(candidate.campaign.name, tuple(errors))
            built = candidate.built
            if built is None:
                built = await self._review.build(candidate.definition, candidate.fragments)
            try:
                given = partial(
                    check_approval,
                    draft=candidate.campaign,
                    content=candidate,
                    caller=caller,
                    bypass_reason=command.bypass_reason,
                )
                campaign = await self._changes.make(target, activation_of(candidate, built, caller, given))
            except CampaignChanged:
                continue
            return Activation(campaign, warnings_of(findings))
        raise EtagMismatch(target.name)

    async def pause(self, campaign_id: str, etag: str, caller: Caller) -> Campaign:
        """Raises ResourceNotFound, EtagMismatch or IllegalTransition."""

        def pause(unit: UnitOfWork, campaign: Campaign, now: Instant) -> Campaign:
            paused = campaign.paused(caller.name, now)
            _give_way(unit, paused, now)
            return paused

        return await self._changes.make(Target(caller.visibility, campaign_id, etag), pause)

    async def resume(self, campaign_id: str, etag: str, caller: Caller) -> Campaign:
        """Raises ResourceNotFound, EtagMismatch or IllegalTransition."""
        return await self._changes.make(
            Target(caller.visibility, campaign_id, etag),
            lambda _unit, campaign, now: campaign.resumed(caller.name, now),
        )

    async def stop(self, campaign_id: str, disposal: QueueDisposal, etag: str, caller: Caller) -> tuple[Campaign, int]:
        """Returns the campaign and the number of its messages that had no outcome at that moment, whose sending or
        cancelling follows.

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


def _give_way(unit: UnitOfWork, paused: Campaign, now: Instant) -> None:
    """Lets other campaigns have the turns of a paused one under the rate of their policy."""
    version = unit.campaigns.version(paused.key, paused.live_version)
    policy_id = None if version is None else sending_policy_of(version.definition)
    named = {} if policy_id is None else unit.sending_policies.named({(paused.sandbox, policy_id)})
    for policy in named.values():
        give_way(unit, policy_schedule(policy.key), now)
