"""Provides a process whose hand-offs are made by a test, one at a time."""

from __future__ import annotations

from collections.abc import Sequence

from clarion_server.adapters.system import SystemIds
from clarion_server.application.campaign_cache import CampaignCache
from clarion_server.application.group_commit import GroupCommit
from clarion_server.application.maintenance.process_heartbeat import ProcessHeartbeat
from clarion_server.application.ports.queue import ClaimRequest
from clarion_server.application.sending.attempt import AttemptRunner
from clarion_server.application.sending.dispatch import ClaimedMessage, Reservation
from clarion_server.application.sending.files import MessageFiles
from clarion_server.application.sending.hand_off_checks import HandOffChecks
from clarion_server.application.sending.lease import Lease
from clarion_server.application.sending.outcomes import record_outcomes
from clarion_server.application.sending.requeue import PendingRequeue
from clarion_server.application.sending.store_queue import StoreQueue
from clarion_server.application.transactions import Transactions
from clarion_server.application.triggering.trigger import Triggering
from clarion_server.bootstrap.channels import encode_file
from clarion_server.domain.channels.channel import ChannelConfiguration
from clarion_server.domain.events.delivery import AttemptOutcome
from clarion_server.domain.instant import SECOND, Instant
from clarion_server.domain.messages.message import Lane, Message

from tests.fakes import ScriptedChannel
from tests.identities import EXCLUSIONS, MEMBERSHIPS
from tests.unit.application.running import recipient_files
from tests.unit.application.world import World

#: Says how long its lease is.
SPAN = 10 * SECOND
#: A message and the time of its claim.
Claim = tuple[str, Instant | None]


def claim_of(message: Message) -> Claim:
    return message.id, message.attempts.last_time


class Desk:
    """One process whose hand-offs are made by the test, one at a time.

    Implements `Dispatch`, and `Reservation` without a limit.
    """

    def __init__(self, world: World, name: str) -> None:
        self._world = world
        self.owner = name
        self.takes_directly = True
        self.hands: list[ClaimedMessage] = []
        self.pending_requeue = PendingRequeue()
        self.transactions = Transactions(world.store)
        self.lease = Lease(name, SPAN, world.clock)
        campaigns = CampaignCache(self.transactions, world.review._compiler)
        commits = GroupCommit(self.transactions, lambda: None, 10_000)
        self._queue = StoreQueue(commits, name, EXCLUSIONS)
        self.triggering = Triggering(
            self.transactions,
            campaigns,
            commits,
            self,
            self._queue,
            world.identities,
            world.clock,
            SystemIds(),
            EXCLUSIONS,
            MEMBERSHIPS,
            recipient_files(self.transactions, commits, self, world),
        )
        self.attempts = AttemptRunner(
            campaigns,
            world.clock,
            lambda: 0.5,
            HandOffChecks(self.transactions, EXCLUSIONS),
            MessageFiles(self.transactions, encode_file),
        )
        # What is in a desk's hands is sent by the test alone.
        self.heartbeat = ProcessHeartbeat(
            self.transactions, self.pending_requeue, self.lease, world.clock, lambda: 0.5, EXCLUSIONS, lambda: None
        )

    def announced_size(self, _channel_key: int) -> int | None:
        return None

    def reserve(self, channel_key: int, lane: Lane, count: int) -> Reservation | None:
        return self if self.takes_directly and self.lease.is_held() else None

    def dispatch(self, messages: Sequence[ClaimedMessage]) -> None:
        self.hands += messages

    def release(self, count: int) -> None: ...

    def requeue(self, message_ids: Sequence[str], attempt_time: Instant) -> None:
        for message_id in message_ids:
            self.pending_requeue.add(message_id, attempt_time)

    async def claim(self, limit: int, lane: Lane = Lane.TRANSACTIONAL) -> None:
        request = ClaimRequest(1, lane, limit)
        (claimed,) = await self._queue.claim([request], self._world.clock.now())
        self.hands += [ClaimedMessage(message) for message in claimed.messages]

    async def attempt(self, channel: ScriptedChannel, configuration: ChannelConfiguration) -> AttemptOutcome | None:
        """Returns the end of the oldest hand-off, not yet recorded. None when it was not begun."""
        claimed = self.hands.pop(0)
        if not self.lease.covers(claimed.message.attempts.last_time or 0):
            self.pending_requeue.add(claimed.message.id, claimed.message.attempts.last_time)
            return None
        return await self.attempts.attempt(claimed, channel, configuration)

    async def record(self, outcome: AttemptOutcome) -> None:
        await self.transactions.write(lambda unit: record_outcomes(unit, [outcome], self.owner))
