"""Sends the messages of one channel configuration that are in this process's hands."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from clarion_server.application.group_commit import GroupCommit
from clarion_server.application.ports.channels import ChannelFactory, Following, Outbound
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.metrics import Metrics
from clarion_server.application.ports.queue import Queue
from clarion_server.application.sending.attempt import AttemptRunner, PreparedMessage
from clarion_server.application.sending.claim_schedule import ClaimSchedule
from clarion_server.application.sending.configured_channel import ConfiguredChannel
from clarion_server.application.sending.dispatch import ClaimedMessage
from clarion_server.application.sending.in_flight import InFlightLimit
from clarion_server.application.sending.lease import Lease
from clarion_server.application.sending.outcome_recording import RecordOutcomes
from clarion_server.application.sending.provider_health import ProviderHealth
from clarion_server.application.sending.requeue import PendingRequeue
from clarion_server.application.sending.send_queue import SendQueue
from clarion_server.domain.channels.channel import ChannelConfiguration
from clarion_server.domain.channels.seen_certificate import SeenCertificate
from clarion_server.domain.errors import Unavailable
from clarion_server.domain.events.delivery import AttemptOutcome
from clarion_server.domain.instant import Instant
from clarion_server.domain.messages.message import Lane, Message
from clarion_server.domain.value import value

log = structlog.get_logger()

#: An outcome that could not be recorded is tried again after this many seconds.
RETRY_SECONDS = 1.0
#: Says how long, in seconds, a dispatcher that closes waits for a store that does not answer. Outcomes that it could
#: not record by then are in doubt for the process that takes over.
_CLOSE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class DispatcherPorts:
    """Holds what the dispatchers of a process share."""

    queue: Queue
    commits: GroupCommit
    attempts: AttemptRunner
    open_channel: ChannelFactory
    clock: Clock
    lease: Lease
    """This process's. Without it, other processes may be sending its messages."""
    schedule: ClaimSchedule
    pending_requeue: PendingRequeue
    metrics: Metrics = field(default_factory=Metrics)


@value
class _WorkItem:
    """Is the message that a worker attempts next."""

    claimed: ClaimedMessage
    prepared: PreparedMessage | None = None
    """Set when its hand-off has begun already."""


class ChannelDispatcher:
    """Attempts what it is given, within the configuration's limits, and records the outcomes.

    It has no task of its own while it has nothing to send: workers start with messages and end behind the last one.
    """

    def __init__(self, configuration: ChannelConfiguration, ports: DispatcherPorts, recording: RecordOutcomes) -> None:
        self._ports = ports
        self._recording = recording
        #: Is the channel of the newest revision. Attempts that began before it finish on that of an older one.
        self._current = ConfiguredChannel(configuration, ports.open_channel)
        self._health = ProviderHealth(ports.clock)
        self._in_flight = InFlightLimit(configuration)
        #: Holds the lanes of which a claim is under way.
        self._claiming: set[Lane] = set()
        self._empty = asyncio.Event()
        self._queue = SendQueue(configuration.max_concurrency)
        #: Where a rate is kept, one worker at a time waits for the rate limiter, and then takes what is first by then.
        self._turnstile = asyncio.Lock()
        self._workers: set[asyncio.Task[None]] = set()
        self._worker_count = 0
        self._last_used = time.monotonic()
        self._closing = False

    @property
    def configuration(self) -> ChannelConfiguration:
        return self._current.configuration

    @property
    def announced_size(self) -> int | None:
        """Returns the largest message that the provider takes, in octets, as it said last; None when it did not say."""
        return self._current.channel.announced_size

    @property
    def seen_certificate(self) -> SeenCertificate | None:
        """Returns the certificate that the server showed at the last connection; None when it has shown none yet."""
        end = self._current.channel.server_certificate_end
        return None if end is None else SeenCertificate(self.configuration.revision, end)

    @property
    def in_flight_count(self) -> int:
        return self._in_flight.count

    def is_unused_for(self, seconds: float) -> bool:
        """Returns whether nothing was in flight for so long, and no rate limit is still in effect."""
        unused = not self._in_flight.count and time.monotonic() - self._last_used >= seconds
        return unused and not self._current.rate_limiter.is_used()

    # Capacity.

    def reserve(self, lane: Lane, count: int) -> DispatcherReservation | None:
        """Reserves capacity for messages that are about to be written.

        Returns None when there is not enough, or when a claim may bring older messages of this lane or a lower one.
        """
        overtakes = self._claiming and any(each <= lane for each in self._claiming)
        if overtakes or count > self._in_flight.free(lane) or not self._may_send():
            return None
        self._in_flight.acquire(lane, count)
        return DispatcherReservation(self, lane, self._ports)

    def reserve_for_claim(self, lane: Lane) -> int:
        """Reserves all free capacity of the lane for a claim if it is worth one. Returns how much that is.

        Until `end_claim`, nothing is reserved that could overtake the claimed messages.
        """
        if not self._may_send() or not self._in_flight.is_worth_a_claim(lane):
            return 0
        free = self._in_flight.free(lane)
        self._in_flight.acquire(lane, free)
        self._claiming.add(lane)
        return free

    def end_claim(self, lane: Lane, unused: int) -> None:
        """Releases the capacity that the claim did not use."""
        self._claiming.discard(lane)
        self.release(lane, unused)

    def release(self, lane: Lane, count: int) -> None:
        """Releases capacity, and wakes the claim loop if that makes a claim worthwhile."""
        self._in_flight.release(lane, count)
        if not self._in_flight.count:
            self._last_used = time.monotonic()
            self._empty.set()
        schedule, key = self._ports.schedule, self.configuration.key
        if any(self._in_flight.is_worth_a_claim(each) for each in schedule.due_lanes(key)):
            schedule.wake()

    def _may_send(self) -> bool:
        return not (self._closing or self.configuration.disabled) and self._ports.lease.is_held()

    # Attempts.

    def dispatch(self, messages: Iterable[ClaimedMessage]) -> None:
        """Takes messages for which capacity is reserved, and sends them lane by lane."""
        for message in messages:
            if self._closing:
                self._requeue(message.message)
            else:
                self._queue.put(message)
                self._start_worker()

    def _start_worker(self) -> None:
        if self._worker_count < self.configuration.max_concurrency and self._queue.is_ready():
            self._worker_count += 1
            worker = asyncio.create_task(self._work())
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)

    async def _work(self) -> None:
        try:
            # With a lowered concurrency, the workers that are too many end after their message.
            while self._worker_count <= self.configuration.max_concurrency:
                claimed = await self._next()
                if claimed is None:
                    return
                await self._attempt_in_a_row(claimed)
        finally:
            self._worker_count -= 1

    async def _attempt_in_a_row(self, claimed: ClaimedMessage) -> None:
        """Attempts a message, and those whose hand-offs begin behind it, one after the other."""
        configured = self._current
        with configured:
            item: _WorkItem | None = _WorkItem(claimed)
            while item is not None:
                item = await self._attempt_one(item, configured)

    async def _attempt_one(self, item: _WorkItem, configured: ConfiguredChannel) -> _WorkItem | None:
        """Attempts a message. Returns the one whose hand-off has begun behind it, if there is one."""
        behind: _WorkItem | None = None

        def following() -> Outbound | None:
            nonlocal behind
            behind = self._begin_behind(item.claimed, configured)
            return None if behind is None or behind.prepared is None else behind.prepared.outbound

        try:
            await self._attempt(item, configured, following)
        except Exception as error:
            # The attempt has not begun, as one that has begun always ends with an outcome. Its version could
            # not be read, for example. A store that does not answer is logged once.
            if not isinstance(error, Unavailable):
                log.exception("attempt_not_begun", message=item.claimed.message.name)
            self._requeue(item.claimed.message)
        finally:
            self._queue.done(item.claimed, has_place=behind is None)
        return behind

    def _begin_behind(self, claimed: ClaimedMessage, configured: ConfiguredChannel) -> _WorkItem | None:
        """Takes the next message if it can be handed off at once, before the hand-off of `claimed` has ended."""
        configuration = configured.configuration
        if (
            configured is not self._current
            or configuration.max_rate
            or self._worker_count > configuration.max_concurrency
        ):
            return None
        upcoming = self._queue.peek_behind(claimed)
        if upcoming is None or not self._is_covered(upcoming):
            return None
        try:
            prepared = self._ports.attempts.prepare(upcoming)
        except Exception:  # noqa: BLE001 - the message before it is not to blame, and its own attempt logs it
            return None
        if prepared is None:
            return None
        self._queue.take_behind(claimed)
        return _WorkItem(upcoming, prepared)

    async def _next(self) -> ClaimedMessage | None:
        if not self.configuration.max_rate:
            return self._queue.take()
        async with self._turnstile:
            # Whoever waits at a low rate, when the configuration gets a higher one, waits anew at that.
            while self._queue.is_ready() and not await self._current.rate_limiter.acquire():
                pass
            return self._queue.take()

    async def _attempt(self, item: _WorkItem, configured: ConfiguredChannel, following: Following) -> None:
        attempts, claimed, prepared = self._ports.attempts, item.claimed, item.prepared
        message = claimed.message
        if prepared is not None and not (
            self._is_covered(claimed) and (attempts.is_timely(message) or await attempts.may_go_on(message))
        ):
            # The provider took long for the message before it.
            configured.channel.drop(message.id)
            prepared = None
        if prepared is not None:
            outcome = await attempts.hand_off(prepared, configured.channel, configured.configuration, following)
            self._conclude(outcome, configured.configuration)
        elif not self._is_covered(claimed):
            # Another process may have taken the message over, and sends it.
            self._requeue(message)
        else:
            ended = await attempts.attempt(claimed, configured.channel, configured.configuration, following)
            if ended is None:
                self._requeue(message)
            else:
                self._conclude(ended, configured.configuration)

    def _is_covered(self, claimed: ClaimedMessage) -> bool:
        return self._ports.lease.covers(claimed.message.attempts.last_time or 0)

    def _requeue(self, message: Message) -> None:
        """Gives up a message whose attempt has not begun. The heartbeat queues it again."""
        self._ports.pending_requeue.add(message.id, message.attempts.last_time)
        self._ports.queue.released(message, message.due_time)
        self.release(message.action.lane, 1)

    # Outcomes.

    def _conclude(self, outcome: AttemptOutcome, configuration: ChannelConfiguration) -> None:
        self._health.count(outcome, configuration)
        self._record(outcome)

    def _record(self, outcome: AttemptOutcome) -> None:
        self._ports.commits.post(self._recording, (self, outcome), 2)

    def recorded(self, outcome: AttemptOutcome) -> None:
        """Is called when the outcome is durable, before `release`: the message has left this process's hands."""
        self._ports.queue.released(outcome.message, outcome.due_time)
        for message in outcome.follow_ups:
            self._ports.queue.queued(message.action.channel_key, message.action.lane, [message], message.due_time)

    def not_recorded(self, outcome: AttemptOutcome, error: Exception) -> None:
        """Is called when it is unknown whether the outcome was recorded. The message stays in flight until it is."""
        if not isinstance(error, Unavailable):
            # A store that does not answer is logged once, and not for each message.
            log.warning("record_failed", message=outcome.message.name, error=type(error).__name__)
        asyncio.get_running_loop().call_later(RETRY_SECONDS, self._record, outcome)

    # Change and end.

    def configure(self, configuration: ChannelConfiguration) -> None:
        """Applies a newer revision. Attempts under way finish on the old channel."""
        if configuration.revision <= self.configuration.revision:
            return
        self._current.retire()
        self._current = ConfiguredChannel(configuration, self._ports.open_channel)
        self._in_flight.configure(configuration)
        self._queue.configure(configuration.max_concurrency)
        for _ in range(configuration.max_concurrency):
            self._start_worker()
        self._ports.schedule.wake()

    async def close(self) -> None:
        """Lets attempts under way finish and be recorded, and gives up the messages that wait."""
        self._closing = True
        for claimed in self._queue.clear():
            self._requeue(claimed.message)
        await self._queue.join()
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._wait_until_empty()
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        await self._current.close()

    async def _wait_until_empty(self) -> None:
        """Returns when every outcome is recorded, and no trigger or claim has capacity reserved."""
        while self._in_flight.count:
            self._empty.clear()
            await self._empty.wait()


class DispatcherReservation:
    """Implements the port `Reservation` of triggering."""

    __slots__ = ("_dispatcher", "_lane", "_ports")

    def __init__(self, dispatcher: ChannelDispatcher, lane: Lane, ports: DispatcherPorts) -> None:
        self._dispatcher = dispatcher
        self._lane = lane
        self._ports = ports

    @property
    def owner(self) -> str:
        return self._ports.lease.process_id

    def dispatch(self, messages: Sequence[ClaimedMessage]) -> None:
        self._dispatcher.dispatch(messages)

    def release(self, count: int) -> None:
        self._dispatcher.release(self._lane, count)

    def requeue(self, message_ids: Sequence[str], attempt_time: Instant) -> None:
        self.release(len(message_ids))
        self._ports.pending_requeue.accepted.update((message_id, attempt_time) for message_id in message_ids)
