"""Decides whether a draft that is to be activated or published has the approvals that policies ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clarion_server.application.approvals.drafts import HashedContent
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.access.access import Caller
from clarion_server.domain.approvable import Approvable, DraftKind
from clarion_server.domain.approvals.approval import (
    ApprovalAction,
    ApprovalStep,
    Requirement,
    Submission,
    possible_approvers_of,
    requirements_of,
)
from clarion_server.domain.approvals.approval_policy import ApprovalPolicy
from clarion_server.domain.campaign_states import ApprovalState
from clarion_server.domain.errors import ApprovalRequired, ApprovalStale
from clarion_server.domain.instant import Instant


@dataclass(frozen=True, slots=True)
class GivenApproval:
    """Says which approvals, or which bypass, allow a draft to become live or to be published."""

    approvers: tuple[str, ...] = ()
    bypass_reason: str = ""


#: No policy asks for an approval, and none was given.
NO_APPROVAL = GivenApproval()

#: Holds the step with which the approval of a draft of each kind ends in its history.
_END: Mapping[DraftKind, ApprovalAction] = {
    DraftKind.CAMPAIGN: ApprovalAction.ACTIVATED,
    DraftKind.FRAGMENT: ApprovalAction.PUBLISHED,
}


def check_approval(
    unit: UnitOfWork, now: Instant, draft: Approvable, content: HashedContent, caller: Caller, bypass_reason: str = ""
) -> GivenApproval:
    """Returns the approvals, or the bypass, by which the draft may become live or be published, and records their end.

    The policies are those of this moment. With a bypass reason a missing approval is recorded instead of refused.
    Raises ApprovalRequired or ApprovalStale.
    """
    given = given_approval(unit, draft, content, caller, bypass_reason)
    if draft.approval_state is not None or given.bypass_reason:
        record_end(unit, now, draft, content, caller, given)
    return given


def given_approval(
    unit: UnitOfWork, draft: Approvable, content: HashedContent, caller: Caller, bypass_reason: str = ""
) -> GivenApproval:
    """Returns the approvals by which the draft may become live or be published. Raises ApprovalRequired or
    ApprovalStale.
    """
    submission = submission_of(unit, draft)
    requirements = requirements_of(unit.resources(ApprovalPolicy).all(caller.visibility), draft, submission)
    if not requirements:
        if submission is None or submission.content_hash != content.content_hash:
            return NO_APPROVAL
        return GivenApproval(submission.approvers)
    if bypass_reason:
        return GivenApproval(bypass_reason=bypass_reason)
    missing = [each for each in requirements if not each.is_met]
    if submission is None or missing:
        raise lacking(draft, missing)
    if submission.content_hash != content.content_hash:
        raise ApprovalStale(draft.name)
    return GivenApproval(submission.approvers)


def lacking(draft: Approvable, missing: Sequence[Requirement]) -> ApprovalRequired:
    """Returns the error that names the approvals which a draft lacks."""
    is_submitted = draft.approval_state in (ApprovalState.IN_REVIEW, ApprovalState.APPROVED)
    policies = tuple(each.policy for each in missing)
    return ApprovalRequired(draft.name, policies, possible_approvers_of(missing), is_submitted)


def submission_of(unit: UnitOfWork, draft: Approvable) -> Submission | None:
    """Returns the submission of a draft; None when it is not submitted."""
    return None if draft.approval_state is None else Submission.of(unit.approvals.submitted(draft.draft_key))


def record_end(
    unit: UnitOfWork, now: Instant, draft: Approvable, content: HashedContent, caller: Caller, given: GivenApproval
) -> None:
    """Records in the history that the draft became live or was published, and by which approvals."""
    action = ApprovalAction.BYPASSED if given.bypass_reason else _END[draft.draft_key.kind]
    step = ApprovalStep(draft.draft_key, action, now, caller.name, given.bypass_reason, content.content_hash)
    unit.approvals.add(step)
