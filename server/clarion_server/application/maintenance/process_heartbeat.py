"""What a process does besides: keeps its lease, takes over from processes that died, releases held messages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import structlog

from clarion_server.application.ports.clock import Chance, Clock
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.sending.dispatchers import Dispatchers
from clarion_server.application.sending.lease import Lease, Renewal
from clarion_server.application.sending.outcomes import record_outcomes
from clarion_server.application.sending.requeue import PendingRequeue
from clarion_server.application.transactions import Transactions
from clarion_server.domain.campaign import CampaignState
from clarion_server.domain.channel import DEFAULT_RETRY_POLICY
from clarion_server.domain.delivery import AttemptOutcome, decide_next
from clarion_server.domain.errors import Unavailable
from clarion_server.domain.instant import SECOND, Instant
from clarion_server.domain.message import Attempt, AttemptResult, Failure, FailureReason, Message

T = TypeVar("T")

log = structlog.get_logger()

#: How many messages one bulk step moves.
BATCH = 500

_CUT_OFF = Failure(
    FailureReason.HAND_OFF_UNKNOWN, detail="The process that was sending it ended before it could tell how it went."
)


class ProcessHeartbeat:
    def __init__(
        self,
        transactions: Transactions,
        outlets: Dispatchers,
        pending_requeue: PendingRequeue,
        lease: Lease,
        clock: Clock,
        chance: Chance,
    ) -> None:
        self._transactions = transactions
        self._outlets = outlets
        self._pending_requeue = pending_requeue
        self._lease = lease
        self._clock = clock
        self._chance = chance
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self.keep()
        self._task = asyncio.create_task(self._keep_forever())

    def wake(self) -> None:
        """A campaign was resumed or stopped: do not wait for the next round."""
        self._woken.set()

    async def close(self) -> None:
        """Gives the lease back, with what is in this process's hands without being sent."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        try:
            await self._transactions.write(self._resign)
        except Exception as error:  # noqa: BLE001 - the lease lapses by itself, a little later
            log.warning("lease_not_returned", error=type(error).__name__)

    async def keep(self) -> None:
        """One round."""
        await self._write(lambda _unit: None)
        await self._outlets.follow(await self._transactions.read(lambda unit: unit.channels.all()))
        await self._give_back_disowned()
        while await self._write(self._take_over, bulk=True):
            self._outlets.wake_all(self._clock.now())
        while await self._write(self._release, bulk=True):
            self._outlets.wake_all(self._clock.now())
        self._outlets.look()

    async def _keep_forever(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), self._lease.span / 3 / SECOND)
            # Cleared before the round: who wakes during it wants another one.
            self._woken.clear()
            try:
                await self.keep()
            except Exception as error:  # noqa: BLE001 - whatever it is, the next round comes
                if not isinstance(error, Unavailable):
                    log.warning("keeping_failed", error=type(error).__name__)

    async def _write(self, work: Callable[[UnitOfWork], T], *, bulk: bool = False) -> T:
        """Writes, and renews the lease in the same transaction, so that a long round does not lose it."""

        def renew_and_work(unit: UnitOfWork) -> tuple[Renewal, T]:
            return self._lease.renew(unit), work(unit)

        renewal, result = await self._transactions.write(renew_and_work, bulk=bulk)
        self._lease.renewed(renewal)
        return result

    async def _give_back_disowned(self) -> None:
        pending_requeue = self._pending_requeue.copy()
        if pending_requeue:
            await self._write(lambda unit: pending_requeue.requeue(unit, self._lease.process_id))
            self._pending_requeue.forget(pending_requeue)
            self._outlets.wake_all(self._clock.now())

    def _resign(self, unit: UnitOfWork) -> None:
        self._pending_requeue.requeue(unit, self._lease.process_id)
        unit.processes.remove(self._lease.process_id)

    def _take_over(self, unit: UnitOfWork) -> int:
        """Concludes attempts of processes whose lease has lapsed: nobody knows how they ended. How many."""
        now = self._clock.now()
        lapsed = unit.messages.owners() - unit.processes.live(now)
        taken = 0
        for owner in lapsed:
            messages = unit.messages.claimed_by([owner], BATCH)
            record_outcomes(unit, [self._conclude(unit, message, now) for message in messages], owner)
            log.warning("attempts_taken_over", owner=owner, messages=len(messages))
            taken += len(messages)
        unit.processes.remove_lapsed(now)
        return taken

    def _conclude(self, unit: UnitOfWork, message: Message, now: Instant) -> AttemptOutcome:
        version = unit.campaigns.version(message.campaign_key, message.version)
        configuration = unit.channels.by_key(message.channel_key)
        assert version is not None, "a version outlives the messages that were accepted with it"
        attempt = Attempt(message.attempt_count, message.attempt_time or now, now, AttemptResult.IN_DOUBT, _CUT_OFF)
        policy = configuration.retry_policy if configuration else DEFAULT_RETRY_POLICY
        return decide_next(message, attempt, policy, version.definition.in_doubt_policy, self._chance)

    def _release(self, unit: UnitOfWork) -> int:
        """Lets go of messages that are held though their campaign is paused no more. How many."""
        held = unit.campaigns.by_keys(unit.messages.held_campaigns())
        return sum(
            unit.messages.release(campaign.key, BATCH)
            for campaign in held.values()
            if campaign.state is not CampaignState.PAUSED
        )
