"""Wires the component that sends messages, or leaves sending to other processes, by the process's role."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from typing import Protocol

from clarion_server.application.erasure.kept_addresses import AddressKeeper
from clarion_server.application.erasure.sweeping import ErasureSweeper
from clarion_server.application.maintenance.housekeeping import Housekeeper
from clarion_server.application.maintenance.process_heartbeat import ProcessHeartbeat
from clarion_server.application.maintenance.retention import Retention
from clarion_server.application.ports.queue import Queue
from clarion_server.application.ports.store import EVERY_CHANNEL, Store
from clarion_server.application.sending.attempt import AttemptRunner
from clarion_server.application.sending.claim_loop import ClaimLoop
from clarion_server.application.sending.claim_schedule import ClaimSchedule
from clarion_server.application.sending.dispatch import Dispatch
from clarion_server.application.sending.dispatcher import DispatcherPorts
from clarion_server.application.sending.dispatchers import Dispatchers
from clarion_server.application.sending.files import MessageFiles
from clarion_server.application.sending.hand_off_checks import HandOffChecks
from clarion_server.application.sending.remote_dispatch import RemoteDispatch
from clarion_server.application.sending.requeue import PendingRequeue
from clarion_server.bootstrap.channels import encode_file, open_channel
from clarion_server.bootstrap.core import Core
from clarion_server.bootstrap.queues import open_queue
from clarion_server.config import Settings
from clarion_server.domain.channels.channel import ChannelConfiguration
from clarion_server.domain.instant import DAY, Span


class Sending(Protocol):
    @property
    def dispatch(self) -> Dispatch:
        """Reserves capacity for messages that triggers are about to write."""
        ...

    @property
    def queue(self) -> Queue:
        """Gets the messages that triggers have queued."""
        ...

    async def start(self) -> None:
        """Raises QueueUnavailable or Unavailable."""
        ...

    def campaign_changed(self) -> None:
        """Sends, holds or cancels what the change of a campaign has released, held or cancelled."""
        ...

    def channel_changed(self, configuration: ChannelConfiguration) -> None:
        """Takes over a channel configuration that this process has just written or deleted."""
        ...

    def on_queued(self, channel_keys: Collection[int]) -> None:
        """Is called when other processes have queued messages of these channel configurations."""
        ...

    def in_flight_counts(self) -> Mapping[str, int]:
        """Returns how many messages are in this process's hands, by the name of their channel configuration."""
        ...

    async def stop_dispatch(self) -> None:
        """Claims nothing more, and lets the attempts under way finish."""
        ...

    async def close(self) -> None:
        """Ends the rest, after everything is committed."""
        ...


class LocalSending:
    """Implements `Sending` for a process that sends."""

    def __init__(self, core: Core, queue: Queue, retention: Retention) -> None:
        clock, lease = core.clock, core.lease
        self._store = core.store
        self.queue = queue
        self._schedule = ClaimSchedule(clock)
        ports = DispatcherPorts(
            queue=queue,
            commits=core.commits,
            attempts=AttemptRunner(
                core.campaigns,
                clock,
                core.chance,
                HandOffChecks(core.transactions, core.exclusions),
                MessageFiles(core.transactions, encode_file),
                None if core.links is None else core.links.of_messages,
            ),
            open_channel=open_channel,
            clock=clock,
            lease=lease,
            schedule=self._schedule,
            pending_requeue=PendingRequeue(),
            metrics=core.metrics,
        )
        self.dispatch = Dispatchers(ports)
        self._claim_loop = ClaimLoop(self.dispatch, ports, core.transactions)
        self._heartbeat = ProcessHeartbeat(
            core.transactions,
            ports.pending_requeue,
            lease,
            clock,
            core.chance,
            core.exclusions,
            self._claim_loop.look,
            self.dispatch.seen_certificates,
        )
        eraser = ErasureSweeper(
            core.transactions, core.identities, AddressKeeper(core.address_hashes.hasher, core.ids), clock
        )
        self._housekeeper = Housekeeper(core.transactions, clock, lease.process_id, retention, eraser)

    async def start(self) -> None:
        await self.queue.start(self._schedule.add)
        await self._heartbeat.start()
        await self._claim_loop.start()
        self._housekeeper.start()

    def campaign_changed(self) -> None:
        self._heartbeat.wake()

    def channel_changed(self, configuration: ChannelConfiguration) -> None:
        # At once, as the caller may trigger as soon as it is answered. What was deleted is found by looking.
        self.dispatch.configure([configuration])
        self._claim_loop.look()
        self._store.notify_queued([EVERY_CHANNEL])

    def on_queued(self, channel_keys: Collection[int]) -> None:
        if EVERY_CHANNEL in channel_keys:
            self._heartbeat.wake()
        self._claim_loop.on_queued(channel_keys)

    def in_flight_counts(self) -> Mapping[str, int]:
        return self.dispatch.in_flight_counts()

    async def stop_dispatch(self) -> None:
        await asyncio.gather(self._claim_loop.close(), self.dispatch.close())

    async def close(self) -> None:
        await self._housekeeper.close()
        await self._heartbeat.close()
        await self.queue.close()


class RemoteSending:
    """Implements `Sending` for a process that only accepts."""

    def __init__(self, store: Store, queue: Queue) -> None:
        self._store = store
        self.queue = queue
        self.dispatch = RemoteDispatch(store.notify_queued)

    async def start(self) -> None:
        await self.queue.start(self.dispatch.on_due)

    def campaign_changed(self) -> None:
        self._store.notify_queued([EVERY_CHANNEL])

    def channel_changed(self, _configuration: ChannelConfiguration) -> None:
        self._store.notify_queued([EVERY_CHANNEL])

    def on_queued(self, _channel_keys: Collection[int]) -> None:
        """Does nothing: another process sends them."""

    def in_flight_counts(self) -> Mapping[str, int]:
        return {}

    async def stop_dispatch(self) -> None:
        """Does nothing: no attempt is under way here."""

    async def close(self) -> None:
        await self.queue.close()


def wire_sending(settings: Settings, core: Core) -> Sending:
    """Raises CannotStart."""
    queue = open_queue(settings, core.transactions, core.commits, core.clock, core.lease, core.exclusions)
    if settings.role == "api":
        return RemoteSending(core.store, queue)
    return LocalSending(core, queue, _retention(settings))


def _retention(settings: Settings) -> Retention:
    return Retention(
        contexts=_span(settings.retain_context_days),
        events=_span(settings.retain_event_days),
        messages=_span(settings.retain_message_days),
        run_members=round(settings.retain_run_member_days * DAY),
        cap_entries=round(settings.retain_cap_entry_days * DAY),
        attachments=round(settings.retain_attachment_days * DAY),
    )


def _span(days: float | None) -> Span | None:
    return None if days is None else round(days * DAY)
