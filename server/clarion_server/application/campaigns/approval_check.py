"""Decides whether a live version may get other fragments without further approvals."""

from __future__ import annotations

from dataclasses import replace

from clarion_server.application.approvals.check import (
    NO_APPROVAL,
    GivenApproval,
    check_approval,
    lacking,
    record_end,
    submission_of,
)
from clarion_server.application.campaigns.candidate import Candidate
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.access.access import Caller
from clarion_server.domain.approvals.approval import Requirement, Submission, requirements_of
from clarion_server.domain.approvals.approval_policy import ApprovalPolicy
from clarion_server.domain.campaign_states import ApprovalState
from clarion_server.domain.instant import Instant


def check_repin_approval(
    unit: UnitOfWork, now: Instant, candidate: Candidate, caller: Caller, bypass_reason: str = ""
) -> GivenApproval:
    """Returns the approvals by which the live version may become live with other fragments. Where an approval is asked
    for, it must be one of the draft that is exactly the same: then the repinning is its activation. With a bypass
    reason a missing approval is recorded instead of refused.

    Raises ApprovalRequired.
    """
    campaign = candidate.campaign
    if missing := missing_of_repin(unit, candidate, caller):
        if not bypass_reason:
            raise lacking(campaign, missing)
        bypassed = GivenApproval(bypass_reason=bypass_reason)
        record_end(unit, now, campaign, candidate, caller, bypassed)
        return bypassed
    if _same_submission(unit, candidate) is None:
        return NO_APPROVAL
    return check_approval(unit, now, campaign, candidate, caller)


def missing_of_repin(unit: UnitOfWork, candidate: Candidate, caller: Caller) -> tuple[Requirement, ...]:
    """Returns the requirements of policies that lack approvals now."""
    campaign, submission = candidate.campaign, _same_submission(unit, candidate)
    if submission is None:
        # Whoever edited the draft had no part in it.
        campaign = replace(campaign, definition=candidate.definition, draft_editors=(caller.name,))
    requirements = requirements_of(unit.resources(ApprovalPolicy).all(caller.visibility), campaign, submission)
    return tuple(each for each in requirements if not each.is_met)


def _same_submission(unit: UnitOfWork, candidate: Candidate) -> Submission | None:
    """Returns the submission that is in review, or was approved, if it is of exactly this content."""
    campaign = candidate.campaign
    if campaign.approval_state not in (ApprovalState.IN_REVIEW, ApprovalState.APPROVED):
        return None
    submission = submission_of(unit, campaign)
    is_same = submission is not None and submission.content_hash == candidate.content_hash
    return submission if is_same else None
