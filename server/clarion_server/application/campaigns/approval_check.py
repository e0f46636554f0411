"""Decides whether a draft that is to be activated has the approvals that policies ask for."""

from __future__ import annotations

from dataclasses import dataclass, replace

from clarion_server.application.campaigns.candidate import Candidate
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.access import Caller
from clarion_server.domain.approval import ApprovalAction, ApprovalStep, Submission, requirements_of
from clarion_server.domain.approval_policy import ApprovalPolicy
from clarion_server.domain.campaign_states import ApprovalState
from clarion_server.domain.errors import ApprovalRequired, ApprovalStale
from clarion_server.domain.instant import Instant


@dataclass(frozen=True, slots=True)
class GivenApproval:
    """By what a draft may become live."""

    approvers: tuple[str, ...] = ()
    bypass_reason: str = ""


#: No policy asks for an approval, and none was given.
NO_APPROVAL = GivenApproval()


def check_approval(
    unit: UnitOfWork, now: Instant, candidate: Candidate, caller: Caller, bypass_reason: str = ""
) -> GivenApproval:
    """Returns by what the draft may become live, and ends its approval in the history.

    The policies are those of this moment. With a bypass reason a missing approval is recorded instead of refused.
    Raises ApprovalRequired or ApprovalStale.
    """
    campaign = candidate.campaign
    submission = None if campaign.approval_state is None else Submission.of(unit.approvals.submitted(campaign.key))
    given = _given(unit, candidate, submission, caller, bypass_reason)
    if submission is not None or given.bypass_reason:
        action = ApprovalAction.BYPASSED if given.bypass_reason else ApprovalAction.ACTIVATED
        step = ApprovalStep(campaign.key, action, now, caller.name, given.bypass_reason, candidate.content_hash)
        unit.approvals.add(step)
    return given


def check_repin_approval(unit: UnitOfWork, now: Instant, candidate: Candidate, caller: Caller) -> GivenApproval:
    """Returns by what the live version may become live with other fragments. Where an approval is asked for, it must be
    one of the draft that is exactly the same: then the repinning is its activation.

    Raises ApprovalRequired.
    """
    if missing := missing_of_repin(unit, candidate, caller):
        raise ApprovalRequired(candidate.campaign.name, missing)
    return NO_APPROVAL if _same_submission(unit, candidate) is None else check_approval(unit, now, candidate, caller)


def missing_of_repin(unit: UnitOfWork, candidate: Candidate, caller: Caller) -> tuple[str, ...]:
    """Returns the names of the policies whose approvals `check_repin_approval` would miss now."""
    campaign, submission = candidate.campaign, _same_submission(unit, candidate)
    if submission is None:
        # Whoever edited the draft had no part in it.
        campaign = replace(campaign, definition=candidate.definition, draft_editors=(caller.name,))
    requirements = requirements_of(unit.resources(ApprovalPolicy).all(caller.visibility), campaign, submission)
    is_approved = submission is not None and campaign.approval_state is ApprovalState.APPROVED
    return tuple(each.policy for each in requirements if not (is_approved and each.is_met))


def _same_submission(unit: UnitOfWork, candidate: Candidate) -> Submission | None:
    """Returns what is in review, or was approved, when it is exactly this."""
    campaign = candidate.campaign
    if campaign.approval_state not in (ApprovalState.IN_REVIEW, ApprovalState.APPROVED):
        return None
    submission = Submission.of(unit.approvals.submitted(campaign.key))
    is_same = submission is not None and submission.content_hash == candidate.content_hash
    return submission if is_same else None


def _given(
    unit: UnitOfWork, candidate: Candidate, submission: Submission | None, caller: Caller, bypass_reason: str
) -> GivenApproval:
    campaign = candidate.campaign
    requirements = requirements_of(unit.resources(ApprovalPolicy).all(caller.visibility), campaign, submission)
    if not requirements:
        return NO_APPROVAL if submission is None else GivenApproval(submission.approvers)
    if bypass_reason:
        return GivenApproval(bypass_reason=bypass_reason)
    missing = [each.policy for each in requirements if not each.is_met]
    if submission is None or campaign.approval_state is not ApprovalState.APPROVED or missing:
        raise ApprovalRequired(campaign.name, tuple(missing or (each.policy for each in requirements)))
    if submission.content_hash != candidate.content_hash:
        raise ApprovalStale(campaign.name)
    return GivenApproval(submission.approvers)
