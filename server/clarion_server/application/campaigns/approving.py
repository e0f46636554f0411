"""Submits drafts for approval, and records who approves them or asks for changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from clarion_server.application.campaigns.candidate import Candidate, candidate_of, findings_of, read_candidate
from clarion_server.application.campaigns.changes import CampaignChanges, Change, Target
from clarion_server.application.campaigns.review import Review
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.resource_lookup import find_campaign
from clarion_server.application.transactions import Transactions
from clarion_server.application.validation import refuse_invalid
from clarion_server.domain.access import Caller
from clarion_server.domain.approval import (
    ApprovalAction,
    ApprovalStep,
    ApprovalThread,
    Requirement,
    Submission,
    check_may_approve,
    comment_violations,
    is_approved,
    requirements_of,
)
from clarion_server.domain.approval_policy import ApprovalPolicy
from clarion_server.domain.campaign import Campaign
from clarion_server.domain.campaign_states import ApprovalState, Transition
from clarion_server.domain.errors import ApprovalStale, EtagMismatch, IllegalTransition, InvalidFields, ReviewFailed
from clarion_server.domain.finding import errors_of
from clarion_server.domain.instant import Instant
from clarion_server.domain.violation import Violation, required


@dataclass(frozen=True, slots=True)
class Approval:
    """Where the approval of a campaign's draft stands."""

    campaign: Campaign
    content_hash: str
    """That of the draft as it is now."""
    submission: Submission | None
    requirements: tuple[Requirement, ...]
    """What the policies ask that hold for the draft now."""


@dataclass(frozen=True, slots=True)
class Word:
    """What a caller says about the approval of a campaign's draft."""

    campaign_id: str
    comment: str = ""
    etag: str = ""

    def check(self, *, needs_comment: bool = False) -> None:
        """Raises InvalidFields."""
        missing = [required("comment")] if needs_comment and not self.comment.strip() else []
        refuse_invalid(missing, comment_violations(self.comment))


class Approving:
    def __init__(
        self, transactions: Transactions, review: Review, clock: Clock, on_change: Callable[[Campaign], None]
    ) -> None:
        self._transactions = transactions
        self._review = review
        self._clock = clock
        self._changes = CampaignChanges(transactions, clock, on_change)

    async def get(self, campaign_id: str, caller: Caller) -> Approval:
        """Raises ResourceNotFound."""
        now = self._clock.now()

        def read(unit: UnitOfWork) -> Approval:
            return _approval_of(unit, find_campaign(unit, caller.visibility, campaign_id).at(now), caller)

        return await self._transactions.read(read)

    async def steps(self, campaign_id: str, before: int | None, limit: int, caller: Caller) -> list[ApprovalStep]:
        """Returns the history, the newest first; only steps before the key `before`. Raises ResourceNotFound."""

        def read(unit: UnitOfWork) -> list[ApprovalStep]:
            campaign = find_campaign(unit, caller.visibility, campaign_id)
            return unit.approvals.page(campaign.key, before, limit)

        return await self._transactions.read(read)

    async def submit(self, word: Word, caller: Caller) -> Approval:
        """Submits the draft, which nobody can edit from then on.

        Raises InvalidFields, ResourceNotFound, EtagMismatch, IllegalTransition or ReviewFailed.
        """
        word.check()
        now, target = self._clock.now(), Target(caller.visibility, word.campaign_id, word.etag)
        candidate = await self._transactions.read(lambda unit: read_candidate(unit, target, 0, now))
        candidate.campaign.check_etag(word.etag)
        candidate.campaign.check_may(Transition.SUBMIT)
        if candidate.is_live:
            raise IllegalTransition(target.name, Transition.SUBMIT.value, "UNCHANGED", ("DRAFT_PENDING",))
        # Outside of any transaction: it may take a while.
        if errors := errors_of(await findings_of(self._review, candidate)):
            raise ReviewFailed(target.name, tuple(errors))

        def submit(unit: UnitOfWork, campaign: Campaign, now: Instant) -> Campaign:
            if not candidate.is_unchanged(unit, campaign, caller.visibility):
                raise EtagMismatch(campaign.name)
            _record(unit, candidate, ApprovalAction.SUBMITTED, word, caller, now)
            return campaign.approval_moved(Transition.SUBMIT, ApprovalState.IN_REVIEW, caller.name, now)

        return await self._make(target, submit, caller)

    async def approve(self, word: Word, content_hash: str, caller: Caller) -> Approval:
        """Approves exactly what has that hash. The draft is approved once every policy has its approvals.

        Raises InvalidFields, ResourceNotFound, EtagMismatch, IllegalTransition, ApprovalStale, SelfApproval or
        ApproverNotNamed.
        """
        word.check()

        def approve(unit: UnitOfWork, campaign: Campaign, now: Instant) -> Campaign:
            campaign.check_may(Transition.APPROVE)
            candidate = candidate_of(unit, campaign, caller.visibility)
            submission = _submission_of(unit, campaign)
            if not candidate.content_hash == submission.content_hash == content_hash:
                raise ApprovalStale(campaign.name)
            policies = unit.resources(ApprovalPolicy).all(caller.visibility)
            check_may_approve(policies, campaign, submission, caller.name)
            _record(unit, candidate, ApprovalAction.APPROVED, word, caller, now)
            approved = is_approved(policies, campaign, _submission_of(unit, campaign))
            state = ApprovalState.APPROVED if approved else ApprovalState.IN_REVIEW
            return campaign.approval_moved(Transition.APPROVE, state, caller.name, now)

        return await self._make(self._target(word, caller), approve, caller)

    async def request_changes(self, word: Word, caller: Caller) -> Approval:
        """Makes the draft editable again; its approvals count no longer. The comment says what is to change.

        Raises InvalidFields, ResourceNotFound, EtagMismatch or IllegalTransition.
        """
        word.check(needs_comment=True)
        end = _end_of(ApprovalAction.CHANGES_REQUESTED, Transition.REQUEST_CHANGES, word, caller)
        return await self._make(self._target(word, caller), end, caller)

    async def cancel(self, word: Word, caller: Caller) -> Approval:
        """Takes the submission back; its approvals count no longer.

        Raises InvalidFields, ResourceNotFound, EtagMismatch or IllegalTransition.
        """
        word.check()
        end = _end_of(ApprovalAction.CANCELLED, Transition.CANCEL_APPROVAL, word, caller)
        return await self._make(self._target(word, caller), end, caller)

    async def comment(self, word: Word, reply_to: int | None, caller: Caller) -> ApprovalStep:
        """Adds a comment to the history, in the thread of the step with the key `reply_to`.

        Raises InvalidFields or ResourceNotFound.
        """
        word.check(needs_comment=True)
        now = self._clock.now()

        def add(unit: UnitOfWork) -> ApprovalStep:
            campaign = find_campaign(unit, caller.visibility, word.campaign_id)
            thread = None if reply_to is None else _opening_of(unit, campaign, reply_to, "reply_to").key
            commented = ApprovalStep(campaign.key, ApprovalAction.COMMENTED, now, caller.name, word.comment)
            return unit.approvals.add(replace(commented, thread=thread))

        return await self._transactions.write(add)

    async def resolve(self, word: Word, step_key: int, caller: Caller) -> ApprovalThread:
        """Marks the thread of a step as resolved. Raises InvalidFields or ResourceNotFound."""
        word.check()
        now = self._clock.now()

        def resolve(unit: UnitOfWork) -> ApprovalThread:
            campaign = find_campaign(unit, caller.visibility, word.campaign_id)
            opening = _opening_of(unit, campaign, step_key, "thread")
            (thread,) = _with_replies(unit, campaign, [opening])
            if not thread.is_resolved:
                resolved = ApprovalStep(campaign.key, ApprovalAction.RESOLVED, now, caller.name, word.comment)
                unit.approvals.add(replace(resolved, thread=opening.key))
                (thread,) = _with_replies(unit, campaign, [opening])
            return thread

        return await self._transactions.write(resolve)

    async def threads(self, campaign_id: str, before: int | None, limit: int, caller: Caller) -> list[ApprovalThread]:
        """Returns threads by the keys of their first steps, the newest first. Raises ResourceNotFound."""

        def read(unit: UnitOfWork) -> list[ApprovalThread]:
            campaign = find_campaign(unit, caller.visibility, campaign_id)
            return _with_replies(unit, campaign, unit.approvals.openings(campaign.key, before, limit))

        return await self._transactions.read(read)

    def _target(self, word: Word, caller: Caller) -> Target:
        return Target(caller.visibility, word.campaign_id, word.etag)

    async def _make(self, target: Target, change: Change, caller: Caller) -> Approval:
        _, approval = await self._changes.make_and_read(
            target, change, lambda unit, campaign: _approval_of(unit, campaign, caller)
        )
        return approval


def _end_of(action: ApprovalAction, transition: Transition, word: Word, caller: Caller) -> Change:
    state = ApprovalState.CHANGES_REQUESTED if transition is Transition.REQUEST_CHANGES else None

    def end(unit: UnitOfWork, campaign: Campaign, now: Instant) -> Campaign:
        moved = campaign.approval_moved(transition, state, caller.name, now)
        _record(unit, candidate_of(unit, campaign, caller.visibility), action, word, caller, now)
        return moved

    return end


def _record(
    unit: UnitOfWork, candidate: Candidate, action: ApprovalAction, word: Word, caller: Caller, now: Instant
) -> None:
    step = ApprovalStep(candidate.campaign.key, action, now, caller.name, word.comment, candidate.content_hash)
    unit.approvals.add(step)


def _opening_of(unit: UnitOfWork, campaign: Campaign, key: int, field: str) -> ApprovalStep:
    """Returns the first step of the thread of a step. Raises InvalidFields."""
    found = unit.approvals.get(campaign.key, key)
    if found is not None and found.thread is not None:
        found = unit.approvals.get(campaign.key, found.thread)
    if found is None or not found.comment:
        text = "Must be a step of this campaign's approvals that says something."
        raise InvalidFields((Violation(field, "UNKNOWN_VALUE", text),))
    return found


def _with_replies(unit: UnitOfWork, campaign: Campaign, openings: Sequence[ApprovalStep]) -> list[ApprovalThread]:
    replies = unit.approvals.replies(campaign.key, [opening.key for opening in openings])
    return [
        ApprovalThread(opening, tuple(each for each in replies if each.thread == opening.key)) for opening in openings
    ]


def _submission_of(unit: UnitOfWork, campaign: Campaign) -> Submission:
    submission = Submission.of(unit.approvals.submitted(campaign.key))
    assert submission is not None, "a draft that is in review was submitted"
    return submission


def _approval_of(unit: UnitOfWork, campaign: Campaign, caller: Caller) -> Approval:
    submission = None if campaign.approval_state is None else _submission_of(unit, campaign)
    policies = unit.resources(ApprovalPolicy).all(caller.visibility)
    return Approval(
        campaign,
        candidate_of(unit, campaign, caller.visibility).content_hash,
        submission,
        tuple(requirements_of(policies, campaign, submission)),
    )
