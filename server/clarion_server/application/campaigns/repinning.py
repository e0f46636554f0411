"""Rolls a version of a fragment out to campaigns that are live."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from clarion_server.application.campaigns.activation import CampaignChanged, activation_of
from clarion_server.application.campaigns.approval_check import check_repin_approval, missing_of_repin
from clarion_server.application.campaigns.candidate import Candidate, repinned_candidate_of
from clarion_server.application.campaigns.changes import CampaignChanges, Target
from clarion_server.application.campaigns.review import Review
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.transactions import ATTEMPTS, Transactions
from clarion_server.application.validation import refuse_invalid
from clarion_server.domain.access.access import Caller
from clarion_server.domain.approvals.approval import comment_violations
from clarion_server.domain.campaigns.campaign import Campaign
from clarion_server.domain.campaigns.fragment_repin import (
    FragmentRepin,
    RepinOutcome,
    repin_violations,
    repin_without_change,
    version_violations,
)
from clarion_server.domain.errors import ApprovalRequired, ResourceNotFound
from clarion_server.domain.finding import errors_of
from clarion_server.domain.fragments.fragment import Fragment
from clarion_server.domain.fragments.fragment_reference import FragmentReference
from clarion_server.domain.names import FRAGMENTS
from clarion_server.domain.violation import Violation


@dataclass(frozen=True, slots=True)
class RepinFragment:
    fragment_id: str
    campaign_ids: tuple[str, ...]
    to_version: int = 0
    """Is 0 for the newest."""
    validate_only: bool = False
    """Checks everything and stores nothing when it is true."""
    bypass_reason: str = ""
    """Says why campaigns get it without the approvals that policies ask for. Only administrators may give one."""
    violations: tuple[Violation, ...] = ()
    """Holds what is wrong with fields of the request that could not be read."""


@dataclass(frozen=True, slots=True)
class RollOut:
    to_version: int
    repins: list[FragmentRepin]
    """Holds one result for each campaign, in their order."""


class FragmentRepinner:
    def __init__(
        self, transactions: Transactions, review: Review, clock: Clock, on_change: Callable[[Campaign], None]
    ) -> None:
        self._transactions = transactions
        self._review = review
        self._clock = clock
        self._changes = CampaignChanges(transactions, clock, on_change)

    async def repin(self, command: RepinFragment, caller: Caller) -> RollOut:
        """Gives each campaign a new version with that version of the fragment, one after the other.

        What is refused for one changes nothing for the others. Raises InvalidFields or ResourceNotFound.
        """
        of_request = (
            *repin_violations(command.campaign_ids, command.to_version),
            *comment_violations(command.bypass_reason, "bypass_reason"),
        )
        refuse_invalid(command.violations, of_request)
        fragment = await self._transactions.read(lambda unit: _find(unit, command.fragment_id, caller))
        refuse_invalid((), version_violations(fragment, command.to_version))
        target = FragmentReference(fragment.id, command.to_version or fragment.published_version)
        repins = [await self._repin_one(campaign_id, target, command, caller) for campaign_id in command.campaign_ids]
        return RollOut(target.version, repins)

    async def _repin_one(
        self, campaign_id: str, target: FragmentReference, command: RepinFragment, caller: Caller
    ) -> FragmentRepin:
        for _ in range(ATTEMPTS):
            with suppress(CampaignChanged):
                return await self._try(campaign_id, target, command, caller)
        return FragmentRepin(campaign_id, RepinOutcome.CONTENDED)

    async def _try(
        self, campaign_id: str, target: FragmentReference, command: RepinFragment, caller: Caller
    ) -> FragmentRepin:
        """Raises CampaignChanged."""
        begun, candidate, missing = await self._transactions.read(
            partial(self._begin, campaign_id=campaign_id, target=target, caller=caller)
        )
        if candidate is None:
            return begun
        # Outside of any transaction: it may take a while.
        findings = await self._review.of(candidate)
        if errors := errors_of(findings):
            return replace(begun, outcome=RepinOutcome.REFUSED, findings=tuple(errors))
        reviewed = replace(begun, findings=tuple(findings))
        if missing and not command.bypass_reason:
            return replace(reviewed, outcome=RepinOutcome.APPROVAL_REQUIRED, policies=missing)
        if command.validate_only:
            return replace(reviewed, campaign_version=candidate.campaign.last_version + 1)
        return await self._activate(candidate, reviewed, command, caller)

    async def _activate(
        self, candidate: Candidate, reviewed: FragmentRepin, command: RepinFragment, caller: Caller
    ) -> FragmentRepin:
        """Raises CampaignChanged."""
        built = await self._review.build(candidate.definition, candidate.fragments)
        check = partial(check_repin_approval, candidate=candidate, caller=caller, bypass_reason=command.bypass_reason)
        target = Target(caller.visibility, candidate.campaign.id)
        try:
            campaign = await self._changes.make(target, activation_of(candidate, built, caller, check))
        except ApprovalRequired as required:
            return replace(reviewed, outcome=RepinOutcome.APPROVAL_REQUIRED, policies=required.policies)
        except ResourceNotFound:
            return FragmentRepin(candidate.campaign.id, RepinOutcome.NOT_FOUND)
        return replace(reviewed, campaign_version=campaign.live_version)

    def _begin(
        self, unit: UnitOfWork, campaign_id: str, target: FragmentReference, caller: Caller
    ) -> tuple[FragmentRepin, Candidate | None, tuple[str, ...]]:
        """Returns the result to expect for a campaign, the candidate to review, and the policies whose approvals are
        missing. The candidate is None when nothing is to be done.
        """
        found = unit.campaigns.get(caller.visibility, campaign_id)
        if found is None:
            return FragmentRepin(campaign_id, RepinOutcome.NOT_FOUND), None, ()
        campaign = found.at(self._clock.now())
        live = unit.campaigns.version(campaign.key, campaign.live_version)
        begun = repin_without_change(campaign, live, target)
        if live is None or begun.outcome is not RepinOutcome.REPINNED:
            return begun, None, ()
        candidate = repinned_candidate_of(unit, campaign, caller.visibility, live, target)
        missing = missing_of_repin(unit, candidate, caller)
        return begun, candidate, tuple(each.policy for each in missing)


def _find(unit: UnitOfWork, fragment_id: str, caller: Caller) -> Fragment:
    """Raises ResourceNotFound."""
    found = unit.fragments.get(caller.visibility, fragment_id)
    if found is None:
        raise ResourceNotFound(FRAGMENTS.format(fragment_id))
    return found
