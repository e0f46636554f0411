"""Defines what campaigns and fragments have in common for approvals: a draft that is approved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, Self

from clarion_server.domain.campaign_states import ApprovalState, Transition
from clarion_server.domain.instant import Instant


class DraftKind(StrEnum):
    """Says what kind of resource a draft belongs to."""

    CAMPAIGN = "CAMPAIGN"
    FRAGMENT = "FRAGMENT"


@dataclass(frozen=True, slots=True)
class DraftKey:
    """Identifies a draft in the store."""

    kind: DraftKind
    key: int
    """Is the key of the campaign or the fragment."""


#: Holds the values of a draft that approval policies ask about, by the names of the fields of `ApprovalConditions`.
Traits = Mapping[str, frozenset[str]]


class Approvable(Protocol):
    """Is a campaign or a fragment with its draft."""

    @property
    def name(self) -> str: ...

    @property
    def etag(self) -> str: ...

    @property
    def draft_key(self) -> DraftKey: ...

    @property
    def approval_state(self) -> ApprovalState | None:
        """Returns the state of the draft's approval; None when the draft is not submitted."""
        ...

    @property
    def draft_editors(self) -> tuple[str, ...]:
        """Returns the names of the keys that edited the draft since it was last activated or published."""
        ...

    @property
    def approval_traits(self) -> Traits: ...

    def check_may(self, transition: Transition) -> None:
        """Raises IllegalTransition when the state does not allow the transition."""
        ...

    def approval_moved(self, transition: Transition, state: ApprovalState | None, caller: str, now: Instant, /) -> Self:
        """Returns the next revision, in which the approval of the draft has this state.

        Raises IllegalTransition.
        """
        ...
