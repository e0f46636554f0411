"""One process of the service on a world's store, without its network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from clarion_server.adapters.system import SystemIds
from clarion_server.application.attachments.blobs import BlobStore
from clarion_server.application.attachments.uploads import UploadLimits
from clarion_server.application.campaign_cache import CampaignCache
from clarion_server.application.group_commit import GroupCommit
from clarion_server.application.maintenance.process_heartbeat import ProcessHeartbeat
from clarion_server.application.ports.content import ContentCompiler
from clarion_server.application.ports.metrics import Metrics
from clarion_server.application.ports.queries import EventQuery, ExecutionQuery, MessageQuery
from clarion_server.application.ports.queue import Claimed, ClaimRequest
from clarion_server.application.ports.store import Store, UnitOfWork
from clarion_server.application.sending.attempt import AttemptRunner
from clarion_server.application.sending.claim import ClaimDueMessages, DueClaims
from clarion_server.application.sending.claim_loop import ClaimLoop
from clarion_server.application.sending.claim_schedule import ClaimSchedule
from clarion_server.application.sending.dispatch import Dispatch
from clarion_server.application.sending.dispatcher import ChannelDispatcher, DispatcherPorts
from clarion_server.application.sending.dispatchers import Dispatchers
from clarion_server.application.sending.files import MessageFiles
from clarion_server.application.sending.hand_off_checks import HandOffChecks
from clarion_server.application.sending.lease import Lease
from clarion_server.application.sending.requeue import PendingRequeue
from clarion_server.application.transactions import Transactions
from clarion_server.application.triggering.admission import RecipientInput, TriggerCommand
from clarion_server.application.triggering.cancel import CancelMessages
from clarion_server.application.triggering.recipient_files import RecipientFiles
from clarion_server.application.triggering.trigger import TriggerAnswer, Triggering
from clarion_server.bootstrap.channels import encode_file
from clarion_server.domain.access.access import Caller, Scope, Visibility, whole_sandbox
from clarion_server.domain.events.event import Event
from clarion_server.domain.instant import DAY, Span
from clarion_server.domain.messages.message import Lane, Message, MessageState
from clarion_server.domain.triggering.execution import Execution

from tests.contract.queue.kinds import Open, open_store_queue
from tests.fakes import Provider
from tests.identities import EXCLUSIONS, MEMBERSHIPS
from tests.unit.application.compiler import COMPILER
from tests.unit.application.links import LINKS
from tests.unit.application.world import World

CALLER = Caller("apiKeys/caller", Visibility("default"), frozenset({Scope.TRIGGER}))
#: Says what all callers of the sandbox see together.
EVERYBODY = whole_sandbox("default")
CONTEXT: Mapping[str, Any] = {"order": {"id": "4711"}}
EVERYTHING = 1_000_000

#: Says how long anything may take that must happen; only a failing test waits for it.
DEADLINE_S = 120


async def until(holds: Callable[[], bool], seconds: float = DEADLINE_S) -> None:
    """Returns when that holds, which other tasks bring about. Raises TimeoutError when it does not in time."""
    async with asyncio.timeout(seconds):
        pause = 0.001
        while not holds():
            await asyncio.sleep(pause)
            # A long wait asks less often, since asking may mean to read every message.
            pause = min(1.5 * pause, 0.02)


def recipient(identity: str = "email:jane@example.com", **fields: Any) -> RecipientInput:
    return RecipientInput(identity, **{"context": CONTEXT, **fields})


def recipients(count: int) -> tuple[RecipientInput, ...]:
    return tuple(recipient(f"email:r{place}@example.com") for place in range(count))


def command(*to: RecipientInput, campaign_id: str = "order-confirmed", **fields: Any) -> TriggerCommand:
    """Returns a trigger for Jane, unless `to` says otherwise."""
    return TriggerCommand(campaign_id, to or (recipient(),), **fields)


def recipient_files(
    transactions: Transactions, commits: GroupCommit, dispatch: Dispatch, world: World
) -> RecipientFiles:
    blobs = BlobStore(transactions, commits, world.clock)
    return RecipientFiles(transactions, blobs, dispatch, UploadLimits())


class Process:
    """Is what one process has in its memory. Several may share the store of a world, and its clock."""

    def __init__(
        self,
        world: World,
        name: str = "first",
        *,
        provider: Provider | None = None,
        store: Store | None = None,
        compiler: ContentCompiler | None = None,
        capacity: int = 20_000,
        span: Span = 1_000 * DAY,
        metrics: Metrics | None = None,
        open_queue: Open = open_store_queue,
    ) -> None:
        self.world = world
        self.provider = provider or Provider()
        self.commit_count = 0
        self.transactions = Transactions(store or world.store)
        metrics = metrics or Metrics()
        self.commits = GroupCommit(self.transactions, self._committed, capacity, metrics)
        self.campaigns = CampaignCache(self.transactions, compiler or COMPILER)
        self.lease = Lease(name, span, world.clock)
        self.ports = DispatcherPorts(
            queue=open_queue(self.transactions, self.commits, world.clock, self.lease),
            commits=self.commits,
            attempts=AttemptRunner(
                self.campaigns,
                world.clock,
                lambda: 0.5,
                HandOffChecks(self.transactions, EXCLUSIONS),
                MessageFiles(self.transactions, encode_file),
                LINKS,
            ),
            open_channel=self.provider,
            clock=world.clock,
            lease=self.lease,
            schedule=ClaimSchedule(world.clock),
            pending_requeue=PendingRequeue(),
            metrics=metrics,
        )
        self.dispatchers = Dispatchers(self.ports)
        self.claim_loop = ClaimLoop(self.dispatchers, self.ports, self.transactions)
        self.heartbeat = ProcessHeartbeat(
            self.transactions,
            self.ports.pending_requeue,
            self.lease,
            world.clock,
            lambda: 0.5,
            EXCLUSIONS,
            self.claim_loop.look,
            self.dispatchers.seen_certificates,
        )
        self.cancelling = CancelMessages(self.transactions, world.clock)
        self.triggering = Triggering(
            self.transactions,
            self.campaigns,
            self.commits,
            self.dispatchers,
            self.ports.queue,
            world.identities,
            world.clock,
            SystemIds(),
            EXCLUSIONS,
            MEMBERSHIPS,
            recipient_files(self.transactions, self.commits, self.dispatchers, world),
            metrics,
        )

    def _committed(self) -> None:
        self.commit_count += 1

    async def trigger(self, *to: RecipientInput, **fields: Any) -> TriggerAnswer:
        return await self.triggering.trigger(command(*to, **fields), CALLER)

    @property
    def dispatcher(self) -> ChannelDispatcher:
        """Returns the dispatcher of the first channel configuration."""
        dispatcher = self.dispatchers.open(1)
        assert dispatcher is not None, "it is enabled, and the lease is held"
        return dispatcher

    @property
    def in_flight_count(self) -> int:
        return sum(dispatcher.in_flight_count for dispatcher in self.dispatchers.all_open)

    @property
    def is_idle(self) -> bool:
        """Returns whether no message is in flight, and none that is due waits."""
        return not self.in_flight_count and not self.ports.schedule.due_lanes(1)

    async def start(self) -> None:
        """Starts to send. The heartbeat goes round when a test says so."""
        await self.ports.queue.start(self.ports.schedule.add)
        await self.heartbeat.beat()
        await self.claim_loop.start()

    async def stop_dispatch(self) -> None:
        await asyncio.gather(self.claim_loop.close(), self.dispatchers.close())

    async def close(self) -> None:
        await self.stop_dispatch()
        await self.commits.drain()
        await self.heartbeat.close()
        await self.ports.queue.close()
        self.transactions.close()

    @asynccontextmanager
    async def sending(self) -> AsyncIterator[None]:
        """Sends on the channel of the first configuration, which is open from the start."""
        await self.start()
        self.dispatchers.open(1)
        try:
            yield
        finally:
            # Closing waits for the attempts that have begun, which a test that fails may have left at a closed gate.
            self.provider.open_gates()
            await self.close()


async def claimed(
    world: World, limit: int = 100, lane: Lane = Lane.TRANSACTIONAL, owner: str = "first", channel_key: int = 1
) -> Claimed:
    """Returns what the process `owner` claims for a channel configuration."""
    claims = DueClaims([ClaimRequest(channel_key, lane, limit)], owner, world.clock.now())
    ((answer,),) = await world.transactions.write(lambda unit: ClaimDueMessages(EXCLUSIONS).apply(unit, [claims]))
    return answer


def executions(world: World) -> list[Execution]:
    """Newest first."""
    return world.see(_all_executions)


def messages(world: World, *states: MessageState) -> dict[str, Message]:
    """Returns all messages by their ids, or those in these states."""
    return {message.id: message for message in world.see(_all_messages) if not states or message.state in states}


def states(world: World) -> list[MessageState]:
    """Returns those of all messages, in the order of their acceptance."""
    return [message.state for _, message in sorted(messages(world).items())]


def events(world: World) -> list[Event]:
    return world.see(_all_events)


def counts(world: World, campaign_key: int) -> dict[str, int]:
    """Returns the counters by metric, with a colon and the reason behind it where there is one."""
    return world.see(_counts_of(campaign_key))


@cache
def _counts_of(campaign_key: int) -> Callable[[UnitOfWork], dict[str, int]]:
    def read(unit: UnitOfWork) -> dict[str, int]:
        found = unit.counters.of_campaign(campaign_key, None)
        return {f"{metric}:{reason}" if reason else str(metric): count for (metric, reason), count in found.items()}

    return read


def _all_executions(unit: UnitOfWork) -> list[Execution]:
    return unit.executions.page(ExecutionQuery(EVERYBODY, limit=1000))


def _all_messages(unit: UnitOfWork) -> list[Message]:
    return unit.messages.page(MessageQuery(EVERYBODY, limit=EVERYTHING))


def _all_events(unit: UnitOfWork) -> list[Event]:
    return unit.events.page(EventQuery(EVERYBODY, after=0, limit=EVERYTHING))
