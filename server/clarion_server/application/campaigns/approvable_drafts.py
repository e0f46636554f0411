"""Finds, reviews and changes the drafts of campaigns for approvals."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from clarion_server.application.approvals.drafts import DraftTarget
from clarion_server.application.campaigns.candidate import Candidate, candidate_of, read_candidate
from clarion_server.application.campaigns.changes import CampaignChanges, Change, Target
from clarion_server.application.campaigns.review import Review
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.resource_lookup import find_campaign
from clarion_server.application.transactions import Transactions
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.campaign_states import Transition
from clarion_server.domain.campaigns.campaign import Campaign
from clarion_server.domain.errors import IllegalTransition, ReviewFailed
from clarion_server.domain.finding import errors_of

T = TypeVar("T")


class CampaignDrafts:
    """Implements `Drafts`."""

    def __init__(
        self, transactions: Transactions, review: Review, clock: Clock, on_change: Callable[[Campaign], None]
    ) -> None:
        self._transactions = transactions
        self._review = review
        self._clock = clock
        self._changes = CampaignChanges(transactions, clock, on_change)

    def find(self, unit: UnitOfWork, target: DraftTarget) -> Campaign:
        return find_campaign(unit, target.visibility, target.draft_id).at(self._clock.now())

    def content_of(self, unit: UnitOfWork, draft: Campaign, visibility: Visibility) -> Candidate:
        return candidate_of(unit, draft, visibility)

    async def reviewed(self, target: DraftTarget) -> Candidate:
        now = self._clock.now()
        candidate = await self._transactions.read(lambda unit: read_candidate(unit, _target(target), 0, now))
        candidate.campaign.check_etag(target.etag)
        candidate.campaign.check_may(Transition.SUBMIT)
        if candidate.is_live:
            raise IllegalTransition(
                candidate.campaign.name,
                Transition.SUBMIT.value,
                "UNCHANGED",
                ("DRAFT_PENDING",),
                "Edit its draft first.",
            )
        # Outside of any transaction: it may take a while.
        if errors := errors_of(await self._review.of(candidate)):
            raise ReviewFailed(candidate.campaign.name, tuple(errors))
        return candidate

    async def change(self, target: DraftTarget, change: Change, reading: Callable[[UnitOfWork, Campaign], T]) -> T:
        _, found = await self._changes.make_and_read(_target(target), change, reading)
        return found


def _target(target: DraftTarget) -> Target:
    return Target(target.visibility, target.draft_id, target.etag)
