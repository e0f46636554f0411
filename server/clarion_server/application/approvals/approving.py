"""Submits drafts for approval, and records who approves them or asks for changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Generic

from clarion_server.application.approvals.check import submission_of
from clarion_server.application.approvals.drafts import Change, D, Drafts, DraftTarget
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.transactions import Transactions
from clarion_server.application.validation import refuse_invalid
from clarion_server.domain.access.access import Caller
from clarion_server.domain.approvable import Approvable
from clarion_server.domain.approvals.approval import (
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
from clarion_server.domain.approvals.approval_policy import ApprovalPolicy
from clarion_server.domain.campaign_states import ApprovalState, Transition
from clarion_server.domain.errors import ApprovalStale, EtagMismatch, InvalidFields
from clarion_server.domain.instant import Instant
from clarion_server.domain.violation import Violation, required


@dataclass(frozen=True, slots=True)
class Approval(Generic[D]):
    """Describes the approval of a draft as it is now."""

    subject: D
    """Is the campaign or the fragment."""
    content_hash: str
    """Is the hash of the draft's content as it is now."""
    submission: Submission | None
    requirements: tuple[Requirement, ...]
    """Holds what the policies ask that apply to the draft now."""


@dataclass(frozen=True, slots=True)
class Word:
    """Is a caller's request about the approval of a draft."""

    draft_id: str
    """Is the id of the campaign or the fragment."""
    comment: str = ""
    etag: str = ""

    def check(self, *, needs_comment: bool = False) -> None:
        """Raises InvalidFields."""
        missing = [required("comment")] if needs_comment and not self.comment.strip() else []
        refuse_invalid(missing, comment_violations(self.comment))


class Approving(Generic[D]):
    """Submits and approves the drafts of one kind."""

    def __init__(self, transactions: Transactions, clock: Clock, drafts: Drafts[D]) -> None:
        self._transactions = transactions
        self._clock = clock
        self._drafts = drafts

    async def get(self, draft_id: str, caller: Caller) -> Approval[D]:
        """Raises ResourceNotFound."""

        def read(unit: UnitOfWork) -> Approval[D]:
            return self._approval_of(unit, self._find(unit, draft_id, caller), caller)

        return await self._transactions.read(read)

    async def steps(self, draft_id: str, before: int | None, limit: int, caller: Caller) -> list[ApprovalStep]:
        """Returns the history, the newest first; only steps before the key `before`. Raises ResourceNotFound."""

        def read(unit: UnitOfWork) -> list[ApprovalStep]:
            return unit.approvals.page(self._find(unit, draft_id, caller).draft_key, before, limit)

        return await self._transactions.read(read)

    async def submit(self, word: Word, caller: Caller) -> Approval[D]:
        """Submits the draft, which nobody can edit from then on.

        Raises InvalidFields, ResourceNotFound, EtagMismatch, IllegalTransition or ReviewFailed.
        """
        word.check()
        content = await self._drafts.reviewed(_target(word, caller))

        def submit(unit: UnitOfWork, draft: D, now: Instant) -> D:
            if not content.is_unchanged(unit, draft, caller.visibility):
                raise EtagMismatch(draft.name)
            moved = draft.approval_moved(Transition.SUBMIT, ApprovalState.IN_REVIEW, caller.name, now)
            _record(unit, draft, content.content_hash, ApprovalAction.SUBMITTED, word, caller, now)
            return moved

        return await self._make(word, submit, caller)

    async def approve(self, word: Word, content_hash: str, caller: Caller) -> Approval[D]:
        """Approves the draft if its content has that hash. The draft is approved once every policy has its approvals.

        Raises InvalidFields, ResourceNotFound, EtagMismatch, IllegalTransition, ApprovalStale, SelfApproval or
        ApproverNotNamed.
        """
        word.check()

        def approve(unit: UnitOfWork, draft: D, now: Instant) -> D:
            draft.check_may(Transition.APPROVE)
            present = self._drafts.content_of(unit, draft, caller.visibility).content_hash
            submission = _present_submission(unit, draft)
            if not present == submission.content_hash == content_hash:
                raise ApprovalStale(draft.name)
            policies = unit.resources(ApprovalPolicy).all(caller.visibility)
            check_may_approve(policies, draft, submission, caller.name)
            _record(unit, draft, present, ApprovalAction.APPROVED, word, caller, now)
            approved = is_approved(policies, draft, _present_submission(unit, draft))
            state = ApprovalState.APPROVED if approved else ApprovalState.IN_REVIEW
            return draft.approval_moved(Transition.APPROVE, state, caller.name, now)

        return await self._make(word, approve, caller)

    async def request_changes(self, word: Word, caller: Caller) -> Approval[D]:
        """Makes the draft editable again and voids its approvals. The comment says what is to change.

        Raises InvalidFields, ResourceNotFound, EtagMismatch or IllegalTransition.
        """
        word.check(needs_comment=True)
        return await self._end(ApprovalAction.CHANGES_REQUESTED, Transition.REQUEST_CHANGES, word, caller)

    async def cancel(self, word: Word, caller: Caller) -> Approval[D]:
        """Withdraws the submission and voids its approvals.

        Raises InvalidFields, ResourceNotFound, EtagMismatch or IllegalTransition.
        """
        word.check()
        return await self._end(ApprovalAction.CANCELLED, Transition.CANCEL_APPROVAL, word, caller)

    async def comment(self, word: Word, reply_to: int | None, caller: Caller) -> ApprovalStep:
        """Adds a comment to the history, in the thread of the step with the key `reply_to`.

        Raises InvalidFields or ResourceNotFound.
        """
        word.check(needs_comment=True)
        now = self._clock.now()

        def add(unit: UnitOfWork) -> ApprovalStep:
            draft = self._find(unit, word.draft_id, caller)
            thread = None if reply_to is None else _opening_of(unit, draft, reply_to, "reply_to").key
            commented = ApprovalStep(draft.draft_key, ApprovalAction.COMMENTED, now, caller.name, word.comment)
            return unit.approvals.add(replace(commented, thread=thread))

        return await self._transactions.write(add)

    async def resolve(self, word: Word, step_key: int, caller: Caller) -> ApprovalThread:
        """Marks the thread of a step as resolved. Raises InvalidFields or ResourceNotFound."""
        word.check()
        now = self._clock.now()

        def resolve(unit: UnitOfWork) -> ApprovalThread:
            draft = self._find(unit, word.draft_id, caller)
            opening = _opening_of(unit, draft, step_key, "thread")
            (thread,) = _with_replies(unit, draft, [opening])
            if not thread.is_resolved:
                resolved = ApprovalStep(draft.draft_key, ApprovalAction.RESOLVED, now, caller.name, word.comment)
                unit.approvals.add(replace(resolved, thread=opening.key))
                (thread,) = _with_replies(unit, draft, [opening])
            return thread

        return await self._transactions.write(resolve)

    async def threads(self, draft_id: str, before: int | None, limit: int, caller: Caller) -> list[ApprovalThread]:
        """Returns threads by the keys of their first steps, the newest first. Raises ResourceNotFound."""

        def read(unit: UnitOfWork) -> list[ApprovalThread]:
            draft = self._find(unit, draft_id, caller)
            return _with_replies(unit, draft, unit.approvals.openings(draft.draft_key, before, limit))

        return await self._transactions.read(read)

    def _find(self, unit: UnitOfWork, draft_id: str, caller: Caller) -> D:
        """Raises ResourceNotFound."""
        return self._drafts.find(unit, DraftTarget(caller.visibility, draft_id))

    async def _end(self, action: ApprovalAction, transition: Transition, word: Word, caller: Caller) -> Approval[D]:
        state = ApprovalState.CHANGES_REQUESTED if transition is Transition.REQUEST_CHANGES else None

        def end(unit: UnitOfWork, draft: D, now: Instant) -> D:
            moved = draft.approval_moved(transition, state, caller.name, now)
            present = self._drafts.content_of(unit, draft, caller.visibility).content_hash
            _record(unit, draft, present, action, word, caller, now)
            return moved

        return await self._make(word, end, caller)

    async def _make(self, word: Word, change: Change[D], caller: Caller) -> Approval[D]:
        return await self._drafts.change(_target(word, caller), change, partial(self._approval_of, caller=caller))

    def _approval_of(self, unit: UnitOfWork, draft: D, caller: Caller) -> Approval[D]:
        submission = submission_of(unit, draft)
        policies = unit.resources(ApprovalPolicy).all(caller.visibility)
        return Approval(
            draft,
            self._drafts.content_of(unit, draft, caller.visibility).content_hash,
            submission,
            tuple(requirements_of(policies, draft, submission)),
        )


def _target(word: Word, caller: Caller) -> DraftTarget:
    return DraftTarget(caller.visibility, word.draft_id, word.etag)


def _record(
    unit: UnitOfWork,
    draft: Approvable,
    content_hash: str,
    action: ApprovalAction,
    word: Word,
    caller: Caller,
    now: Instant,
) -> None:
    unit.approvals.add(ApprovalStep(draft.draft_key, action, now, caller.name, word.comment, content_hash))


def _present_submission(unit: UnitOfWork, draft: Approvable) -> Submission:
    submission = submission_of(unit, draft)
    assert submission is not None, "a draft that is in review was submitted"
    return submission


def _opening_of(unit: UnitOfWork, draft: Approvable, key: int, field: str) -> ApprovalStep:
    """Returns the first step of the thread of a step. Raises InvalidFields."""
    found = unit.approvals.get(draft.draft_key, key)
    if found is not None and found.thread is not None:
        found = unit.approvals.get(draft.draft_key, found.thread)
    if found is None or not found.comment:
        text = "Must be a step of these approvals that says something."
        raise InvalidFields((Violation(field, "UNKNOWN_VALUE", text),))
    return found


def _with_replies(unit: UnitOfWork, draft: Approvable, openings: Sequence[ApprovalStep]) -> list[ApprovalThread]:
    replies = unit.approvals.replies(draft.draft_key, [opening.key for opening in openings])
    return [
        ApprovalThread(opening, tuple(each for each in replies if each.thread == opening.key)) for opening in openings
    ]
