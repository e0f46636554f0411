"""Moves campaigns to their next state at the times of their schedules."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import structlog

from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.store import UnitOfWork, WriteConflict
from clarion_server.application.transactions import Transactions
from clarion_server.application.wakeable_loop import WakeableLoop
from clarion_server.domain.campaigns.campaign import Campaign
from clarion_server.domain.errors import Unavailable
from clarion_server.domain.instant import MILLISECOND, SECOND, Instant, Span

log = structlog.get_logger()

#: The scheduler sleeps for at most this long, because another process may have given a campaign an earlier time.
MAX_SLEEP: Span = 5 * SECOND
#: It sleeps no shorter, so that a campaign that cannot be moved does not keep the processor busy.
_MIN_SLEEP: Span = 10 * MILLISECOND


class CampaignScheduler:
    """Sleeps until the next time in any schedule. Several processes may share a store: each move happens once."""

    def __init__(self, transactions: Transactions, clock: Clock, on_change: Callable[[Campaign], None]) -> None:
        self._transactions = transactions
        self._clock = clock
        self._on_change = on_change
        self._loop = WakeableLoop(self._move_and_plan)

    def start(self) -> None:
        self._loop.start()

    def wake(self) -> None:
        """Makes the scheduler read the schedules again, because one may have changed."""
        self._loop.wake()

    async def close(self) -> None:
        """Ends after the moves that are under way."""
        await self._loop.close()

    async def _move_and_plan(self) -> Span:
        """Makes the moves that are due. Returns how long to sleep then."""
        try:
            await self._move_due()
            time = await self._transactions.read(lambda unit: unit.campaigns.next_transition_time())
        except Exception as error:
            # Any fault is logged, and the next round follows. That the store does not answer is logged already.
            if not isinstance(error, Unavailable):
                log.exception("campaign_moves_failed")
            return MAX_SLEEP
        return MAX_SLEEP if time is None else min(max(time - self._clock.now(), _MIN_SLEEP), MAX_SLEEP)

    async def _move_due(self) -> None:
        now = self._clock.now()
        # A read comes first, so that a round with nothing to do delays no writes.
        if await self._transactions.read(lambda unit: unit.campaigns.due(now)):
            for campaign in await self._transactions.write(lambda unit: _move(unit, now)):
                log.info("campaign_moved", campaign=campaign.name, sandbox=campaign.sandbox, state=campaign.state.value)
                self._on_change(campaign)


def _move(unit: UnitOfWork, now: Instant) -> list[Campaign]:
    moved = []
    for campaign in unit.campaigns.due(now):
        later = campaign.at(now)
        # Another process may have made the move already.
        with suppress(WriteConflict):
            unit.campaigns.save(later)
            moved.append(later)
    return moved
