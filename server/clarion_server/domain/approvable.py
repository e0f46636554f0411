"""Says what approvals ask of whatever has a draft that is approved: campaigns and fragments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, Self

from clarion_server.domain.campaign_states import ApprovalState, Transition
from clarion_server.domain.instant import Instant


class DraftKind(StrEnum):
    """Is what a draft is of."""

    CAMPAIGN = "CAMPAIGN"
    FRAGMENT = "FRAGMENT"


@dataclass(frozen=True, slots=True)
class DraftKey:
    """Is what identifies a draft in the store."""

    kind: DraftKind
    key: int
    """Is that of the campaign or the fragment."""


#: Says what the conditions of approval policies ask about a draft: its values for each condition that drafts of its
#: kind have, by the names in `ApprovalConditions`.
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
        """Returns that of the draft. None: it is not submitted."""
        ...

    @property
    def draft_editors(self) -> tuple[str, ...]:
        """Returns the names of the keys that wrote the draft, since it last was activated or published."""
        ...

    @property
    def approval_traits(self) -> Traits: ...

    def check_may(self, transition: Transition) -> None:
        """Raises IllegalTransition when the state does not allow the transition."""
        ...

    def approval_moved(self, transition: Transition, state: ApprovalState | None, caller: str, now: Instant, /) -> Self:
        """Returns it as the next revision, with the approval of its draft in another state.

        Raises IllegalTransition.
        """
        ...
