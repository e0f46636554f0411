"""Decides whether a draft that is to be activated has the approvals that policies ask for."""

from __future__ import annotations

from dataclasses import dataclass

from clarion_server.application.campaigns.candidate import Candidate
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.access import Caller
from clarion_server.domain.approval import ApprovalAction, ApprovalStep, Submission, requirements_of
from clarion_server.domain.campaign import ApprovalState
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
    unit: UnitOfWork, candidate: Candidate, caller: Caller, bypass_reason: str, now: Instant
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


def _given(
    unit: UnitOfWork, candidate: Candidate, submission: Submission | None, caller: Caller, bypass_reason: str
) -> GivenApproval:
    campaign = candidate.campaign
    requirements = requirements_of(unit.approval_policies.all(caller.visibility), campaign, submission)
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
