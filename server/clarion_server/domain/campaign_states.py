"""Defines the states of campaigns and of the approval of drafts, and the transitions that each state allows."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from clarion_server.domain.errors import IllegalTransition


class CampaignState(StrEnum):
    DRAFT = "DRAFT"
    SCHEDULED = "SCHEDULED"
    LIVE = "LIVE"
    PAUSED = "PAUSED"
    STOPPED = "STOPPED"
    COMPLETED = "COMPLETED"
    ARCHIVED = "ARCHIVED"


class Transition(StrEnum):
    UPDATE = "update"
    DELETE = "delete"
    ACTIVATE = "activate"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    START = "start"
    COMPLETE = "complete"
    SUBMIT = "submit"
    APPROVE = "approve"
    REQUEST_CHANGES = "request changes of"
    CANCEL_APPROVAL = "cancel the approval of"
    ARCHIVE = "archive"
    UNARCHIVE = "unarchive"


_STATE = CampaignState

#: Is the life cycle: the states from which each transition is allowed.
ALLOWED_FROM: Mapping[Transition, tuple[CampaignState, ...]] = {
    Transition.UPDATE: (_STATE.DRAFT, _STATE.SCHEDULED, _STATE.LIVE, _STATE.PAUSED),
    Transition.DELETE: (_STATE.DRAFT,),
    Transition.ACTIVATE: (_STATE.DRAFT, _STATE.SCHEDULED, _STATE.LIVE, _STATE.PAUSED),
    Transition.SUBMIT: (_STATE.DRAFT, _STATE.SCHEDULED, _STATE.LIVE, _STATE.PAUSED),
    Transition.APPROVE: (_STATE.DRAFT, _STATE.SCHEDULED, _STATE.LIVE, _STATE.PAUSED),
    Transition.REQUEST_CHANGES: (_STATE.DRAFT, _STATE.SCHEDULED, _STATE.LIVE, _STATE.PAUSED),
    Transition.CANCEL_APPROVAL: (_STATE.DRAFT, _STATE.SCHEDULED, _STATE.LIVE, _STATE.PAUSED),
    Transition.PAUSE: (_STATE.LIVE,),
    Transition.RESUME: (_STATE.PAUSED,),
    Transition.STOP: (_STATE.SCHEDULED, _STATE.LIVE, _STATE.PAUSED),
    Transition.START: (_STATE.SCHEDULED,),
    Transition.COMPLETE: (_STATE.SCHEDULED, _STATE.LIVE, _STATE.PAUSED),
    Transition.ARCHIVE: (_STATE.DRAFT, _STATE.STOPPED, _STATE.COMPLETED),
    Transition.UNARCHIVE: (_STATE.ARCHIVED,),
}


class ApprovalState(StrEnum):
    """Says where the approval of a draft stands that was submitted for it."""

    IN_REVIEW = "IN_REVIEW"
    APPROVED = "APPROVED"
    CHANGES_REQUESTED = "CHANGES_REQUESTED"


_APPROVAL = ApprovalState
#: Holds the states of the approval from which each transition is allowed. None: the draft is not submitted.
ALLOWED_FROM_APPROVAL: Mapping[Transition, tuple[ApprovalState | None, ...]] = {
    Transition.UPDATE: (None, _APPROVAL.CHANGES_REQUESTED),
    Transition.DELETE: (None, _APPROVAL.CHANGES_REQUESTED),
    Transition.SUBMIT: (None, _APPROVAL.CHANGES_REQUESTED),
    Transition.APPROVE: (_APPROVAL.IN_REVIEW, _APPROVAL.APPROVED),
    Transition.REQUEST_CHANGES: (_APPROVAL.IN_REVIEW, _APPROVAL.APPROVED),
    Transition.CANCEL_APPROVAL: (_APPROVAL.IN_REVIEW, _APPROVAL.APPROVED, _APPROVAL.CHANGES_REQUESTED),
}


def check_approval_allows(transition: Transition, state: ApprovalState | None, name: str) -> None:
    """Raises IllegalTransition when the state of a draft's approval does not allow the transition.

    `name` is that of the campaign or the fragment.
    """
    allowed = ALLOWED_FROM_APPROVAL.get(transition)
    if allowed is not None and state not in allowed:
        shown, *others = ("NOT_SUBMITTED" if each is None else each.value for each in (state, *allowed))
        raise IllegalTransition(name, transition.value, shown, tuple(others))
