"""Renews a process's lease, takes over from processes that died, releases held messages, and gives new turns after a
change of a rate.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TypeVar

import structlog

from clarion_server.application.maintenance.lease_watch import LeaseWatch
from clarion_server.application.ports.clock import Chance, Clock
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.sending.exclusions import ExclusionReader
from clarion_server.application.sending.hand_off_checks import is_closed
from clarion_server.application.sending.lease import LONGEST, Lease, Renewal
from clarion_server.application.sending.outcomes import record_outcomes
from clarion_server.application.sending.requeue import PendingRequeue
from clarion_server.application.sending.retiming import retime
from clarion_server.application.transactions import Transactions
from clarion_server.domain.campaign_states import CampaignState
from clarion_server.domain.campaigns.campaign import Campaign
from clarion_server.domain.channels.channel import DEFAULT_RETRY_POLICY
from clarion_server.domain.channels.seen_certificate import SeenCertificate
from clarion_server.domain.errors import Unavailable
from clarion_server.domain.events.delivery import AttemptOutcome, decide_next
from clarion_server.domain.instant import SECOND, Instant
from clarion_server.domain.messages.attempt import Attempt, AttemptResult, Failure, FailureReason
from clarion_server.domain.messages.message import Message

T = TypeVar("T")

log = structlog.get_logger()

#: One bulk step moves at most this many messages.
BATCH = 500

_PROCESS_ENDED = Failure(
    FailureReason.HAND_OFF_UNKNOWN, detail="The process that was sending it ended before it could tell how it went."
)


class ProcessHeartbeat:
    """Runs a round three times in the span of a lease."""

    def __init__(
        self,
        transactions: Transactions,
        pending_requeue: PendingRequeue,
        lease: Lease,
        clock: Clock,
        chance: Chance,
        exclusions: ExclusionReader,
        on_queued: Callable[[], None],
        seen_certificates: Callable[[], Mapping[int, SeenCertificate]] = dict,
    ) -> None:
        """`on_queued` is called after each round: messages may have been queued, or the lease may be held again.

        `seen_certificates` returns what the servers of this process's channels have shown.
        """
        self._seen_certificates = seen_certificates
        self._noted_certificates: Mapping[int, SeenCertificate] = {}
        self._transactions = transactions
        self._pending_requeue = pending_requeue
        self._lease = lease
        self._lease_watch = LeaseWatch()
        self._clock = clock
        self._chance = chance
        self._exclusions = exclusions
        self._on_queued = on_queued
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self.beat()
        self._task = asyncio.create_task(self._run())

    def wake(self) -> None:
        """Starts the next round at once: a campaign was resumed or stopped."""
        self._woken.set()

    async def close(self) -> None:
        """Returns the lease, and queues again what is in this process's hands without being sent."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        try:
            await self._transactions.write(self._resign)
        except Exception as error:  # noqa: BLE001 - the lease lapses by itself, a little later
            log.warning("lease_not_returned", error=type(error).__name__)

    async def beat(self) -> None:
        """Runs one round."""
        await self._write(self._end_leases)
        await self._requeue_pending()
        if await self._transactions.read(self._lapsed_processes):
            while await self._write(self._take_over, bulk=True):
                self._on_queued()
        if await self._transactions.read(_releasable):
            while await self._write(_release, bulk=True):
                self._on_queued()
        if await self._transactions.read(lambda unit: unit.turn_schedules.begun_retiming()):
            while await self._write(lambda unit: retime(unit, self._clock.now()), bulk=True):
                self._on_queued()
        await self._note_certificates()
        self._on_queued()

    async def _note_certificates(self) -> None:
        """Stores what servers have shown since the last round, for the health of campaigns."""
        noted = self._noted_certificates
        news = {key: each for key, each in self._seen_certificates().items() if noted.get(key) != each}
        if news:
            await self._write(lambda unit: unit.channels.save_certificates(news))
            self._noted_certificates = {**noted, **news}

    async def _run(self) -> None:
        while True:
            # `wait_for` would lose a cancellation that comes together with a wake.
            with suppress(TimeoutError):
                async with asyncio.timeout(self._lease.span / 3 / SECOND):
                    await self._woken.wait()
            # Cleared before the round: a wake during it asks for another one.
            self._woken.clear()
            try:
                await self.beat()
            except Exception as error:  # noqa: BLE001 - any fault is logged, and the next round follows
                if not isinstance(error, Unavailable):
                    log.warning("heartbeat_failed", error=type(error).__name__)

    async def _write(self, work: Callable[[UnitOfWork], T], *, bulk: bool = False) -> T:
        """Writes, and renews the lease in the same transaction, so that a long round does not lose it."""

        def renew_and_work(unit: UnitOfWork) -> tuple[Renewal, T]:
            return self._lease.renew(unit), work(unit)

        renewal, result = await self._transactions.write(renew_and_work, bulk=bulk)
        self._lease.renewed(renewal)
        return result

    async def _requeue_pending(self) -> None:
        pending, now = self._pending_requeue.copy(), self._clock.now()
        if pending:
            await self._write(lambda unit: pending.requeue(unit, self._lease.process_id))
            self._pending_requeue.discard(pending, now)

    def _resign(self, unit: UnitOfWork) -> None:
        self._pending_requeue.requeue(unit, self._lease.process_id)
        unit.processes.remove(self._lease.process_id)

    def _end_leases(self, unit: UnitOfWork) -> None:
        """Removes the leases that have lapsed, and those of processes that ended before the clock was set back."""
        now = self._clock.now()
        unit.processes.remove_lapsed(now)
        for process_id, until in self._lease_watch.unrenewed(unit.processes.ending_after(now + LONGEST), now).items():
            unit.processes.remove_unrenewed(process_id, until)

    def _lapsed_processes(self, unit: UnitOfWork) -> set[str]:
        """Returns the processes that have messages in their hands and no lease."""
        return unit.messages.owners() - unit.processes.live(self._clock.now())

    def _take_over(self, unit: UnitOfWork) -> int:
        """Ends the attempts of processes whose lease has lapsed, whose results nobody knows. Returns their number."""
        now = self._clock.now()
        outcomes = defaultdict(list)
        messages = unit.messages.claimed_by(self._lapsed_processes(unit), BATCH)
        for message in messages:
            outcomes[message.attempts.owner or ""].append(self._outcome(unit, message, now))
        for owner, of_owner in outcomes.items():
            record_outcomes(unit, of_owner, owner)
            log.warning("attempts_taken_over", owner=owner, messages=len(of_owner))
        return len(messages)

    def _outcome(self, unit: UnitOfWork, message: Message, now: Instant) -> AttemptOutcome:
        version = unit.campaigns.version(message.action.campaign_key, message.action.version)
        configuration = unit.channels.by_key(message.action.channel_key)
        assert version is not None, "a version outlives the messages that were accepted with it"
        begun = message.attempts.last_time or now
        attempt = Attempt(message.attempts.count, begun, now, AttemptResult.IN_DOUBT, _PROCESS_ENDED)
        policy = configuration.retry_policy if configuration else DEFAULT_RETRY_POLICY
        in_doubt_policy = version.definition.in_doubt_policy
        outcome = decide_next(message, attempt, policy, in_doubt_policy, self._chance)
        if message.sending_policy is None or not outcome.is_exhausted:
            return outcome
        # The retry window does not close while a sending policy is closed.
        later = decide_next(message, attempt, policy.endless(), in_doubt_policy, self._chance)
        due = later.due_time
        return later if due is not None and is_closed(unit, message, due, self._exclusions) else outcome


def _releasable(unit: UnitOfWork) -> list[Campaign]:
    """Returns the campaigns that have held messages though they are not paused any more."""
    held = unit.campaigns.by_keys(unit.messages.held_campaigns())
    return [campaign for campaign in held.values() if campaign.state is not CampaignState.PAUSED]


def _release(unit: UnitOfWork) -> int:
    """Releases held messages of these campaigns. Returns how many."""
    left = BATCH
    for campaign in _releasable(unit):
        left -= unit.messages.release(campaign.key, left)
    return BATCH - left
