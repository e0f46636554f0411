"""The approval of a draft: what was submitted, who approved it, and what is still missing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from clarion_server.domain.approvable import Approvable, DraftKey
from clarion_server.domain.approvals.approval_policy import ApprovalPolicy
from clarion_server.domain.errors import ApproverNotNamed, SelfApproval
from clarion_server.domain.instant import Instant
from clarion_server.domain.text_rules import text_violations
from clarion_server.domain.violation import Violation, too_long

#: A comment has at most this many characters.
MAX_COMMENT = 2_000


class ApprovalAction(StrEnum):
    """Says what the holder of a key did in the approval of a draft."""

    SUBMITTED = "SUBMITTED"
    APPROVED = "APPROVED"
    CHANGES_REQUESTED = "CHANGES_REQUESTED"
    CANCELLED = "CANCELLED"
    COMMENTED = "COMMENTED"
    ACTIVATED = "ACTIVATED"
    PUBLISHED = "PUBLISHED"
    BYPASSED = "BYPASSED"
    """The draft was activated or published although an approval was missing."""
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

    draft: DraftKey
    """Identifies the draft of the campaign or the fragment."""
    action: ApprovalAction
    time: Instant
    actor: str
    """Is the name of the key."""
    comment: str = ""
    content_hash: str = ""
    """Is the hash of the content that the step is about; empty for a comment."""
    key: int = 0
    """Is assigned by the store, in the order of the steps."""
    thread: int | None = None
    """For a reply, this is the key of the step that began the thread; for any other step, None."""


@dataclass(frozen=True, slots=True)
class ApprovalThread:
    """Is a comment with its replies."""

    opening: ApprovalStep
    replies: tuple[ApprovalStep, ...]
    """Holds the replies, the oldest first."""

    @property
    def is_resolved(self) -> bool:
        """Returns whether the thread was resolved and nobody has replied since."""
        return bool(self.replies) and self.replies[-1].action is ApprovalAction.RESOLVED


@dataclass(frozen=True, slots=True)
class Submission:
    """Describes the latest submission of a draft, and who has approved it."""

    content_hash: str
    submitter: str
    submit_time: Instant
    approvers: tuple[str, ...] = ()
    """Holds the names of the keys, in the order of their approvals."""

    @classmethod
    def of(cls, steps: Sequence[ApprovalStep]) -> Submission | None:
        """Returns the submission that these steps record, from its own step on, the oldest first; None when there are
        no steps. A request for changes voids the approvals.
        """
        if not steps:
            return None
        first = steps[0]
        is_void = any(step.action is ApprovalAction.CHANGES_REQUESTED for step in steps)
        approvals = [] if is_void else [step.actor for step in steps if step.action is ApprovalAction.APPROVED]
        return cls(first.content_hash, first.actor, first.time, tuple(dict.fromkeys(approvals)))


@dataclass(frozen=True, slots=True)
class Requirement:
    """Is what one policy asks of a draft."""

    policy: str
    """Is the name of the policy. It is empty when no policy applies: a submitted draft still takes one approval then.
    """
    required_count: int
    approvers: tuple[str, ...]
    """Holds the names of the keys whose approvals count for it."""
    possible_approvers: tuple[str, ...] | None = None
    """Holds the names of the keys whose further approvals would count for it; None when the policy names no approvers.
    """

    @property
    def is_met(self) -> bool:
        return len(self.approvers) >= self.required_count


def workers_of(draft: Approvable, submission: Submission | None) -> frozenset[str]:
    """Returns the names of the keys that edited the draft since it was last activated or published, or submitted it."""
    submitters = () if submission is None else (submission.submitter,)
    return frozenset({*draft.draft_editors, *submitters})


def holding_policies(
    policies: Iterable[ApprovalPolicy], draft: Approvable, workers: frozenset[str]
) -> list[ApprovalPolicy]:
    """Returns the policies that hold for the draft."""
    kind, traits = draft.draft_key.kind, draft.approval_traits
    return [each for each in policies if each.applies_to is kind and each.conditions.are_met(traits, workers)]


def requirements_of(
    policies: Iterable[ApprovalPolicy], draft: Approvable, submission: Submission | None
) -> list[Requirement]:
    """Returns what the policies that hold for the draft ask, each with the approvals that it has."""
    workers, approvers = workers_of(draft, submission), () if submission is None else submission.approvers
    return [_requirement(policy, workers, approvers) for policy in holding_policies(policies, draft, workers)]


def _requirement(policy: ApprovalPolicy, workers: frozenset[str], approvers: Sequence[str]) -> Requirement:
    given = tuple(each for each in approvers if policy.counts(each, workers))
    further = [each for each in policy.approvers if each not in given and policy.counts(each, workers)]
    return Requirement(policy.name, policy.required_count, given, tuple(further) if policy.approvers else None)


def possible_approvers_of(requirements: Iterable[Requirement]) -> tuple[str, ...]:
    """Returns the names of the keys whose approvals would count for one of these; none when one of them names no
    approvers, as every key that may approve is one then.
    """
    named = [each.possible_approvers for each in requirements]
    return tuple(dict.fromkeys(key for each in named for key in each or ())) if None not in named else ()


def is_approved(policies: Iterable[ApprovalPolicy], draft: Approvable, submission: Submission) -> bool:
    """Returns whether a submitted draft has every approval that it needs: one, when no policy applies to it."""
    requirements = requirements_of(policies, draft, submission)
    return all(each.is_met for each in requirements) if requirements else bool(submission.approvers)


def check_may_approve(
    policies: Iterable[ApprovalPolicy], draft: Approvable, submission: Submission, approver: str
) -> None:
    """Raises ApproverNotNamed or SelfApproval when the key's approval would count for no policy that holds."""
    workers = workers_of(draft, submission)
    holding = holding_policies(policies, draft, workers)
    if not holding or any(policy.counts(approver, workers) for policy in holding):
        return
    naming = [policy for policy in holding if policy.names_approver(approver)]
    if naming:
        raise SelfApproval(draft.name, naming[0].name)
    raise ApproverNotNamed(draft.name, tuple(policy.name for policy in holding))


def hash_of_content(written: Mapping[str, Any], parts: Sequence[tuple[str, str]]) -> str:
    """Returns a hash (SHA-256, as hexadecimal digits) of a draft with all that it refers to.

    `written` is what its author wrote. `parts` are the names and the states of the resources that it names.
    """
    content = json.dumps([written, parts], sort_keys=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()
