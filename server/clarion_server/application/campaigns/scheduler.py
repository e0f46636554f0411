"""Moves campaigns by themselves at the times of their schedules."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

import structlog

from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.store import UnitOfWork, WriteConflict
from clarion_server.application.transactions import Transactions
from clarion_server.domain.campaign import Campaign
from clarion_server.domain.instant import MILLISECOND, SECOND, Instant, Span

log = structlog.get_logger()

#: The longest sleep: another process may have given a campaign an earlier time, and says nothing of it.
NAP: Span = 5 * SECOND
#: The shortest, so that a campaign that cannot be moved makes nobody busy.
BLINK: Span = 10 * MILLISECOND


class CampaignScheduler:
    """Sleeps until the next time in any schedule. Several processes may keep one store's: each move happens once."""

    def __init__(self, transactions: Transactions, clock: Clock, on_change: Callable[[Campaign], None]) -> None:
        self._transactions = transactions
        self._clock = clock
        self._on_change = on_change
        self._woken = asyncio.Event()
        self._stopping = False

    async def run(self) -> None:
        """Until `stop` is called."""
        while not self._stopping:
            self._woken.clear()
            await self._sleep(await self._keep())

    def wake(self) -> None:
        """A schedule may have changed: look anew."""
        self._woken.set()

    def stop(self) -> None:
        self._stopping = True
        self.wake()

    async def _keep(self) -> Span:
        """Makes the moves that are due; how long to sleep then."""
        try:
            await self._move_due()
            return self._nap_until(await self._transactions.read(lambda unit: unit.campaigns.next_transition_time()))
        except Exception:
            # Whatever it was, schedules go on being kept.
            log.exception("schedule_keeping_failed")
            return NAP

    async def _move_due(self) -> None:
        now = self._clock.now()
        # Looked for in a read first: with nothing to do, nobody else's write waits.
        if await self._transactions.read(lambda unit: unit.campaigns.due(now)):
            for campaign in await self._transactions.write(lambda unit: _move(unit, now)):
                log.info("campaign_moved", campaign=campaign.name, sandbox=campaign.sandbox, state=campaign.state.value)
                self._on_change(campaign)

    def _nap_until(self, time: Instant | None) -> Span:
        return NAP if time is None else min(max(time - self._clock.now(), BLINK), NAP)

    async def _sleep(self, span: Span) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(span / SECOND):
                await self._woken.wait()


def _move(unit: UnitOfWork, now: Instant) -> list[Campaign]:
    moved = []
    for campaign in unit.campaigns.due(now):
        later = campaign.at(now)
        # Another process may have been faster; then nothing is left to do.
        with suppress(WriteConflict):
            unit.campaigns.save(later)
            moved.append(later)
    return moved
