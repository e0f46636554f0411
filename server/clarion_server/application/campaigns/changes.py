"""Finds, changes and saves campaigns: the steps that every use case of authors shares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.resource_lookup import find_campaign
from clarion_server.application.transactions import Transactions
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.campaign_states import Transition
from clarion_server.domain.campaigns.campaign import Campaign
from clarion_server.domain.instant import Instant
from clarion_server.domain.names import CAMPAIGNS

T = TypeVar("T")

#: Returns the next revision of a campaign, as of that instant.
Change = Callable[[UnitOfWork, Campaign, Instant], Campaign]


@dataclass(frozen=True, slots=True)
class Target:
    """Is the campaign that a caller means, and the state in which it last saw it."""

    visibility: Visibility
    campaign_id: str
    etag: str = ""
    """Is the etag of that state; empty when any state will do."""

    @property
    def name(self) -> str:
        return CAMPAIGNS.format(self.campaign_id)


class CampaignChanges:
    """Changes campaigns one at a time, and calls `on_change` after each commit."""

    def __init__(self, transactions: Transactions, clock: Clock, on_change: Callable[[Campaign], None]) -> None:
        self._transactions = transactions
        self._clock = clock
        self._on_change = on_change

    async def make(self, target: Target, change: Change) -> Campaign:
        """Commits what `change` makes of the campaign; the same object back means that nothing is to change.

        Raises ResourceNotFound, EtagMismatch, and whatever `change` raises.
        """
        campaign, _ = await self.make_and_read(target, change, lambda _unit, _campaign: None)
        return campaign

    async def make_and_read(
        self, target: Target, change: Change, reading: Callable[[UnitOfWork, Campaign], T]
    ) -> tuple[Campaign, T]:
        """Does what `make` does, and also returns what `reading` finds in the same transaction after the change."""

        def apply(unit: UnitOfWork) -> tuple[Campaign, T]:
            changed = _apply(unit, target, change, self._clock.now())
            return changed, reading(unit, changed)

        changed, found = await self._transactions.write(apply)
        self._on_change(changed)
        return changed, found

    async def preview(self, target: Target, change: Change) -> Campaign:
        """Returns what `make` would return and stores nothing. Raises what `make` raises."""
        now = self._clock.now()
        return await self._transactions.read(lambda unit: _changed(unit, target, change, now)[-1])

    async def delete(self, target: Target) -> None:
        """Raises ResourceNotFound, EtagMismatch or IllegalTransition."""

        def apply(unit: UnitOfWork) -> Campaign:
            campaign = find_campaign(unit, target.visibility, target.campaign_id)
            campaign.check_etag(target.etag)
            campaign.check_may(Transition.DELETE)
            unit.campaigns.delete(campaign, self._clock.now())
            return campaign

        self._on_change(await self._transactions.write(apply))


def _apply(unit: UnitOfWork, target: Target, change: Change, now: Instant) -> Campaign:
    stored, current, changed = _changed(unit, target, change, now)
    # The schedule may have moved the campaign before the caller did, which is a revision of its own.
    if current is not stored:
        unit.campaigns.save(current)
    if changed is not current:
        unit.campaigns.save(changed)
    return changed


def _changed(unit: UnitOfWork, target: Target, change: Change, now: Instant) -> tuple[Campaign, Campaign, Campaign]:
    """Returns the campaign as it is stored, as it is by its schedule now, and as `change` makes it."""
    stored = find_campaign(unit, target.visibility, target.campaign_id)
    current = stored.at(now)
    current.check_etag(target.etag)
    return stored, current, change(unit, current, now)
