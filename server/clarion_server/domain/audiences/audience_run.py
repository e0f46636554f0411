"""Runs: the executions that write to the members of an audience.

A run first selects its members, as they are when it starts, and then decides about them in their order, some in each
commit. So a crash at any moment leaves it where its last commit was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import field, replace
from enum import StrEnum

from clarion_server.domain.audiences.condition import FailureCause, FailureCounts
from clarion_server.domain.instant import Instant
from clarion_server.domain.messages.exclusion import ExclusionReason
from clarion_server.domain.messages.message import NO_LABELS
from clarion_server.domain.value import value

#: A caller may allow a run at most this many members.
MAX_MEMBERS = 10_000_000
#: The largest context of a run, as JSON in bytes. Each message has its own copy, so that a call with a large one could
#: fill the disk.
MAX_CONTEXT = 16_384


class RunState(StrEnum):
    SCHEDULED = "SCHEDULED"
    """It has not started."""
    SELECTING = "SELECTING"
    """Its members are being written down. Nothing is sent."""
    ACCEPTING = "ACCEPTING"
    """Messages to its members are being accepted."""
    DONE = "DONE"
    REFUSED = "REFUSED"
    CANCELLED = "CANCELLED"

    @property
    def is_open(self) -> bool:
        """Returns whether the run goes on."""
        return self in _NEXT


_STATE = RunState

#: Holds the states that may follow each state. The others are final.
_NEXT: Mapping[RunState, frozenset[RunState]] = {
    _STATE.SCHEDULED: frozenset({_STATE.SELECTING, _STATE.REFUSED, _STATE.CANCELLED}),
    # From SELECTING to SELECTING: a crash makes it begin anew.
    _STATE.SELECTING: frozenset({_STATE.SELECTING, _STATE.ACCEPTING, _STATE.REFUSED, _STATE.CANCELLED}),
    _STATE.ACCEPTING: frozenset({_STATE.DONE, _STATE.CANCELLED}),
}


class EndReason(StrEnum):
    """Says why a run was refused or cancelled."""

    AUDIENCE_TOO_LARGE = "AUDIENCE_TOO_LARGE"
    """The audience has more members than the caller allowed."""
    AUDIENCE_INVALID = "AUDIENCE_INVALID"
    """The audience does not exist any more, or its condition breaks rules that are newer than it."""
    CAMPAIGN_ENDED = "CAMPAIGN_ENDED"
    """The campaign was stopped or completed."""
    CAMPAIGN_OUTDATED = "CAMPAIGN_OUTDATED"
    """The version that the run was triggered with breaks rules that are newer than it."""
    CALLER = "CALLER"
    """A caller cancelled it."""


@value
class FailedEvaluations:
    """Counts the people for whom evaluating the condition failed, by one cause. None of them is a member."""

    cause: FailureCause
    count: int
    samples: tuple[str, ...] = ()
    """Holds the names of some of their profiles."""


def failed_evaluations(counts: FailureCounts) -> tuple[FailedEvaluations, ...]:
    return tuple(
        FailedEvaluations(cause, count, tuple(counts.samples.get(cause, ()))) for cause, count in counts.counts.items()
    )


@value
class Selection:
    """Is the result of selecting the members of an audience."""

    count: int
    failures: tuple[FailedEvaluations, ...] = ()
    snapshot_count: int = 1
    """Is the number of snapshots of the store that the members were read from, one after the other."""


@value
class PartResult:
    """Holds the decisions about some members, one after the other."""

    count: int
    accepted_count: int
    exclusions: Mapping[ExclusionReason, int]
    deleted_count: int


@value
class AudienceRun:
    execution_id: str
    sandbox: str
    campaign_key: int
    audience: str
    """Is the id of the audience."""
    max_recipients: int
    start_time: Instant
    """Says when it starts at the earliest."""
    context: bytes
    """Is the context of every recipient, as JSON."""
    locale: str = ""
    """Is the locale of every recipient. When it is empty, the profile of each says which."""
    labels: Mapping[str, str] = field(default_factory=lambda: NO_LABELS)
    state: RunState = RunState.SCHEDULED
    owner: str | None = None
    """Is the process that runs it."""
    select_time: Instant | None = None
    """Says when it began to select its members."""
    selection: Selection | None = None
    """Is None until the members are complete. For a refused run it says how many there would have been."""
    decided_count: int = 0
    """Says how many members were decided about. The next one has this ordinal."""
    accepted_count: int = 0
    """Says how many members got a message that was not excluded."""
    exclusions: Mapping[ExclusionReason, int] = field(default_factory=dict)
    """Says how many members were excluded, by the reason for their first action."""
    deleted_count: int = 0
    """Says how many members' profiles were deleted before it was their turn."""
    end_time: Instant | None = None
    end_reason: EndReason | None = None
    key: int = 0

    @property
    def name(self) -> str:
        return f"executions/{self.execution_id}"

    @property
    def member_count(self) -> int:
        """Returns how many members it has, as soon as they are complete."""
        return 0 if self.selection is None else self.selection.count

    @property
    def left_count(self) -> int:
        """Returns how many members are still to be decided about."""
        return self.member_count - self.decided_count

    def taken(self, owner: str) -> AudienceRun:
        """Returns the run as one that this process executes."""
        return replace(self, owner=owner)

    def begun(self, now: Instant) -> AudienceRun:
        """Returns the run as it begins to select."""
        return replace(self._to(RunState.SELECTING), select_time=now)

    def selected(self, selection: Selection) -> AudienceRun:
        """Returns the run when all its members are written."""
        return replace(self._to(RunState.ACCEPTING), selection=selection)

    def advanced(self, part: PartResult) -> AudienceRun:
        """Returns the run after the decisions about the next members."""
        assert part.count <= self.left_count, "no member is decided about twice"
        return replace(
            self,
            decided_count=self.decided_count + part.count,
            accepted_count=self.accepted_count + part.accepted_count,
            exclusions=dict(Counter(self.exclusions) + Counter(part.exclusions)),
            deleted_count=self.deleted_count + part.deleted_count,
        )

    def done(self, now: Instant) -> AudienceRun:
        assert not self.left_count, "every member was decided about"
        return replace(self._to(RunState.DONE), end_time=now, owner=None)

    def refused(self, reason: EndReason, now: Instant, selection: Selection | None = None) -> AudienceRun:
        return replace(self._to(RunState.REFUSED), end_time=now, end_reason=reason, owner=None, selection=selection)

    def cancelled(self, reason: EndReason, now: Instant) -> AudienceRun:
        return replace(self._to(RunState.CANCELLED), end_time=now, end_reason=reason, owner=None)

    def _to(self, state: RunState) -> AudienceRun:
        assert state in _NEXT.get(self.state, ()), f"a run does not go from {self.state} to {state}"
        return replace(self, state=state)
