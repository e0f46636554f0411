"""Finds, reviews and changes the drafts of fragments for approvals."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from clarion_server.application.approvals.drafts import Change, DraftTarget
from clarion_server.application.fragments.candidate import FragmentCandidate, candidate_of, find_fragment
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.content import ContentCompiler
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.transactions import Transactions
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.campaign_states import Transition
from clarion_server.domain.errors import IllegalTransition
from clarion_server.domain.fragments.fragment import Fragment

T = TypeVar("T")


class FragmentDrafts:
    """Implements `Drafts`."""

    def __init__(self, transactions: Transactions, compiler: ContentCompiler, clock: Clock) -> None:
        self._transactions = transactions
        self._compiler = compiler
        self._clock = clock

    def find(self, unit: UnitOfWork, target: DraftTarget) -> Fragment:
        return find_fragment(unit, target.visibility, target.draft_id)

    def content_of(self, unit: UnitOfWork, draft: Fragment, visibility: Visibility) -> FragmentCandidate:
        _, version = draft.published("", self._clock.now())
        return candidate_of(unit, draft, version, visibility)

    async def reviewed(self, target: DraftTarget) -> FragmentCandidate:
        def read(unit: UnitOfWork) -> FragmentCandidate:
            fragment = self.find(unit, target)
            fragment.check_etag(target.etag)
            fragment.check_may(Transition.SUBMIT)
            if not fragment.draft_pending:
                raise IllegalTransition(
                    fragment.name, Transition.SUBMIT.value, "UNCHANGED", ("DRAFT_PENDING",), "Edit its draft first."
                )
            return self.content_of(unit, fragment, target.visibility)

        candidate = await self._transactions.read(read)
        # Outside of any transaction: it may take a while.
        await candidate.check(self._compiler)
        return candidate

    async def change(
        self, target: DraftTarget, change: Change[Fragment], reading: Callable[[UnitOfWork, Fragment], T]
    ) -> T:
        def apply(unit: UnitOfWork) -> T:
            stored = self.find(unit, target)
            stored.check_etag(target.etag)
            changed = change(unit, stored, self._clock.now())
            unit.fragments.save(changed)
            return reading(unit, changed)

        return await self._transactions.write(apply)
