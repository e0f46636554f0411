"""Defines what approvals need from the use cases of a kind of draft."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.approvable import Approvable
from clarion_server.domain.instant import Instant

D = TypeVar("D", bound=Approvable)
T = TypeVar("T")
_D_contra = TypeVar("_D_contra", bound=Approvable, contravariant=True)

#: Returns the next revision of a campaign or a fragment.
Change = Callable[[UnitOfWork, D, Instant], D]


@dataclass(frozen=True, slots=True)
class DraftTarget:
    """Is the draft that a caller means, and the state in which it last saw it."""

    visibility: Visibility
    draft_id: str
    """Is the id of the campaign or the fragment."""
    etag: str = ""
    """Is the etag of that state; empty when any state will do."""


class HashedContent(Protocol):
    """Is a draft as it was read, with the resources that it names."""

    @property
    def content_hash(self) -> str:
        """Returns the hash that an approval refers to. It is the same for every caller."""
        ...


class Submittable(HashedContent, Protocol[_D_contra]):
    """Is a draft without errors that may be submitted."""

    def is_unchanged(self, unit: UnitOfWork, draft: _D_contra, visibility: Visibility) -> bool:
        """Returns whether the draft and all that it names are still as they were reviewed."""
        ...


class Drafts(Protocol[D]):
    """Finds, reviews and changes the drafts of one kind."""

    def find(self, unit: UnitOfWork, target: DraftTarget) -> D:
        """Returns the campaign or the fragment in its present state. Raises ResourceNotFound."""
        ...

    def content_of(self, unit: UnitOfWork, draft: D, visibility: Visibility) -> HashedContent: ...

    async def reviewed(self, target: DraftTarget) -> Submittable[D]:
        """Reviews a draft that is to be submitted. Raises ResourceNotFound, EtagMismatch, IllegalTransition or
        ReviewFailed.
        """
        ...

    async def change(self, target: DraftTarget, change: Change[D], reading: Callable[[UnitOfWork, D], T]) -> T:
        """Commits what `change` makes of it, and returns what `reading` finds in the same transaction after it.

        Raises ResourceNotFound, EtagMismatch, and whatever `change` raises.
        """
        ...
