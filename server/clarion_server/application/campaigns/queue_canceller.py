"""Cancels the queue of a campaign that was stopped with `QUEUE_DISPOSAL_CANCEL`."""

from __future__ import annotations

import asyncio
from collections import Counter

import structlog

from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.sending.outcomes import cancel_queued
from clarion_server.application.sending.retiming import close_up, count_turns
from clarion_server.application.transactions import Transactions
from clarion_server.domain.campaign_states import CampaignState
from clarion_server.domain.campaigns.campaign import Campaign, QueueDisposal
from clarion_server.domain.errors import Unavailable

log = structlog.get_logger()

#: One bulk step cancels at most this many messages.
BATCH = 500


class QueueCanceller:
    """Works in the background, in bounded transactions. What it does not reach before the process ends is cancelled
    when it comes to be claimed: from the moment of the stop on, no queued message can leave.
    """

    def __init__(self, transactions: Transactions, clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()

    def start_if_due(self, campaign: Campaign) -> None:
        """Starts to cancel the queue of a campaign that has changed, if it was stopped so."""
        if campaign.state is CampaignState.STOPPED and campaign.queue_disposal is QueueDisposal.CANCEL:
            task = asyncio.create_task(self._cancel(campaign))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _cancel(self, campaign: Campaign) -> None:
        cancelled, count, unused = 0, BATCH, Counter[str]()
        try:
            while count:
                count, turns = await self._transactions.write(
                    lambda unit: self._cancel_some(unit, campaign.key), bulk=True, durable_later=True
                )
                cancelled += count
                unused += turns
            if unused:
                await self._transactions.write(lambda unit: close_up(unit, unused))
        except Unavailable:
            # The others are cancelled when they come to be claimed.
            log.warning("queue_cancelling_failed", campaign=campaign.name, sandbox=campaign.sandbox, messages=cancelled)
            return
        log.info("queue_cancelled", campaign=campaign.name, sandbox=campaign.sandbox, messages=cancelled)

    def _cancel_some(self, unit: UnitOfWork, campaign_key: int) -> tuple[int, Counter[str]]:
        """Returns how many messages were cancelled, and the turns that they have waited for."""
        messages = unit.messages.queued_of_campaign(campaign_key, BATCH)
        return cancel_queued(unit, messages, self._clock.now()).total(), count_turns(messages)
