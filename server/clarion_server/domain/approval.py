"""The approval of a draft: what was submitted, who approved it, and what is still missing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from clarion_server.domain.approval_policy import ApprovalPolicy
from clarion_server.domain.campaign import Campaign, CampaignDefinition
from clarion_server.domain.errors import ApproverNotNamed, SelfApproval
from clarion_server.domain.instant import Instant
from clarion_server.domain.text_rules import text_violations
from clarion_server.domain.violation import Violation, too_long

#: The longest comment, in characters.
MAX_COMMENT = 2_000


class ApprovalAction(StrEnum):
    """What a key did about the approval of a draft."""

    SUBMITTED = "SUBMITTED"
    APPROVED = "APPROVED"
    CHANGES_REQUESTED = "CHANGES_REQUESTED"
    CANCELLED = "CANCELLED"
    COMMENTED = "COMMENTED"
    ACTIVATED = "ACTIVATED"
    BYPASSED = "BYPASSED"
    """The draft was activated although an approval was missing."""
    RESOLVED = "RESOLVED"
    """A thread was resolved."""


def comment_violations(text: str, field: str = "comment") -> Iterator[Violation]:
    """Checks a comment, which may be empty."""
    if len(text) > MAX_COMMENT:
        yield too_long(field, MAX_COMMENT)
    yield from text_violations(text, field)


@dataclass(frozen=True, slots=True)
class ApprovalStep:
    """One entry of the history of approvals, which is append-only."""

    campaign_key: int
    action: ApprovalAction
    time: Instant
    actor: str
    """The name of the key."""
    comment: str = ""
    content_hash: str = ""
    """What the step is about; empty for a comment."""
    key: int = 0
    """Assigned by the store, in the order of the steps."""
    thread: int | None = None
    """The key of the step that began the thread which it belongs to; None for a step that is no reply."""


@dataclass(frozen=True, slots=True)
class ApprovalThread:
    """A step that says something, with what was answered to it."""

    opening: ApprovalStep
    replies: tuple[ApprovalStep, ...]
    """The oldest first."""

    @property
    def is_resolved(self) -> bool:
        """Returns whether nothing was said since it was resolved last."""
        return bool(self.replies) and self.replies[-1].action is ApprovalAction.RESOLVED


@dataclass(frozen=True, slots=True)
class Submission:
    """The draft that was submitted last, and who approved it."""

    content_hash: str
    submitter: str
    submit_time: Instant
    approvers: tuple[str, ...] = ()
    """The names of the keys, in the order of their approvals."""

    @classmethod
    def of(cls, steps: Sequence[ApprovalStep]) -> Submission | None:
        """Returns what the steps from a submission on, the oldest first, say; None when they hold none."""
        if not steps:
            return None
        first, approvals = steps[0], [step.actor for step in steps if step.action is ApprovalAction.APPROVED]
        return cls(first.content_hash, first.actor, first.time, tuple(dict.fromkeys(approvals)))


@dataclass(frozen=True, slots=True)
class Requirement:
    """What one policy asks of a draft."""

    policy: str
    """The name of the policy. Empty when none holds: then somebody who was asked must approve all the same."""
    required_count: int
    approvers: tuple[str, ...]
    """The names of the keys whose approvals count for it."""

    @property
    def is_met(self) -> bool:
        return len(self.approvers) >= self.required_count


def workers_of(campaign: Campaign, submission: Submission | None) -> frozenset[str]:
    """Returns the names of the keys that edited the draft since the last activation, or submitted it."""
    submitters = () if submission is None else (submission.submitter,)
    return frozenset({*campaign.draft_editors, *submitters})


def holding_policies(
    policies: Iterable[ApprovalPolicy], campaign: Campaign, workers: frozenset[str]
) -> list[ApprovalPolicy]:
    """Returns the policies that hold for the campaign's draft."""
    return [each for each in policies if each.conditions.are_met(campaign.definition, campaign.tags, workers)]


def requirements_of(
    policies: Iterable[ApprovalPolicy], campaign: Campaign, submission: Submission | None
) -> list[Requirement]:
    """Returns what the policies that hold for the draft ask, each with the approvals that it has."""
    workers, approvers = workers_of(campaign, submission), () if submission is None else submission.approvers
    return [
        Requirement(
            policy.name, policy.required_count, tuple(each for each in approvers if policy.counts(each, workers))
        )
        for policy in holding_policies(policies, campaign, workers)
    ]


def is_approved(policies: Iterable[ApprovalPolicy], campaign: Campaign, submission: Submission) -> bool:
    """Returns whether a submitted draft has every approval. Without a policy that holds for it, it takes one."""
    requirements = requirements_of(policies, campaign, submission)
    return all(each.is_met for each in requirements) if requirements else bool(submission.approvers)


def check_may_approve(
    policies: Iterable[ApprovalPolicy], campaign: Campaign, submission: Submission, approver: str
) -> None:
    """Raises ApproverNotNamed or SelfApproval when the key's approval would count for no policy that holds."""
    workers = workers_of(campaign, submission)
    holding = holding_policies(policies, campaign, workers)
    if not holding or any(policy.counts(approver, workers) for policy in holding):
        return
    naming = [policy for policy in holding if policy.names_approver(approver)]
    if naming:
        raise SelfApproval(campaign.name, naming[0].name)
    raise ApproverNotNamed(campaign.name, tuple(policy.name for policy in holding))


def hash_of_content(definition: CampaignDefinition, parts: Sequence[tuple[str, str]]) -> str:
    """Returns a hash (SHA-256, as hexadecimal digits) of a draft with all that it refers to.

    `parts` are the names and the etags of the resources that it names.
    """
    content = json.dumps([asdict(definition), parts], sort_keys=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()
