"""One process of the service: every part of it, made and connected, started and stopped in order."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clarion_server.adapters.rendering import JinjaContentCompiler
from clarion_server.adapters.system import SystemClock, SystemIds
from clarion_server.application.access.api_keys import ManageApiKeys
from clarion_server.application.access.authentication import KeyAuthenticator
from clarion_server.application.campaign_cache import CampaignCache
from clarion_server.application.campaigns.drafts import ManageCampaigns
from clarion_server.application.campaigns.life_cycle import CampaignLifeCycle
from clarion_server.application.campaigns.preview import CampaignPreviewer
from clarion_server.application.campaigns.queue_canceller import QueueCanceller
from clarion_server.application.campaigns.review import Review
from clarion_server.application.campaigns.scheduler import CampaignScheduler
from clarion_server.application.campaigns.trigger_sample import TriggerSampler
from clarion_server.application.channels.configurations import ManageChannelConfigurations
from clarion_server.application.group_commit import GroupCommit
from clarion_server.application.maintenance.retention import Retention
from clarion_server.application.ports.metrics import Metrics
from clarion_server.application.ports.queue import QueueUnavailable
from clarion_server.application.ports.store import Store
from clarion_server.application.queries.event_watch import CommitSignal, EventWatch
from clarion_server.application.queries.lookups import Lookups
from clarion_server.application.reports.campaign_report import CampaignReports
from clarion_server.application.sending.lease import Lease
from clarion_server.application.transactions import Transactions
from clarion_server.application.triggering.cancel import CancelMessages
from clarion_server.application.triggering.trigger import Triggering
from clarion_server.config import Settings
from clarion_server.domain.campaign import Campaign
from clarion_server.domain.instant import DAY, SECOND
from clarion_server.transport.api.public_addresses import PublicAddresses
from clarion_server.transport.api.scopes import SCOPES
from clarion_server.transport.grpc.server import GrpcServer
from clarion_server.transport.grpc.triggers import TriggerService

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from clarion_server.adapters.metrics import PrometheusMetrics
    from clarion_server.bootstrap.monitoring import Monitoring
    from clarion_server.transport.http.server import HttpServer

from clarion_server.bootstrap.certificates import credentials, tls_files
from clarion_server.bootstrap.channels import CONTENT_KINDS, open_channel
from clarion_server.bootstrap.queues import open_queue
from clarion_server.bootstrap.sending import LocalSending, RemoteSending, Sending
from clarion_server.bootstrap.services import CampaignUseCases, grpc_services
from clarion_server.bootstrap.start_failures import CannotStart, failures_of_starting


class Clarion:
    """One process of the service. Belongs to the event loop it was made on."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        clock, ids, chance = SystemClock(), SystemIds(), random.SystemRandom().random
        self._transactions = transactions = Transactions(store)
        self._signal = signal = CommitSignal(transactions)
        self._watching = EventWatch(transactions, signal)
        self._monitoring = _open_monitoring(settings, transactions) if settings.metrics_listen else None
        metrics = Metrics() if self._monitoring is None else self._monitoring.metrics
        self._commits = GroupCommit(transactions, signal.commit_happened, settings.pending_limit, metrics)
        compiler = JinjaContentCompiler(CONTENT_KINDS)
        self._directory = CampaignCache(transactions, compiler)
        lease = Lease(ids.new_id(), int(settings.lease_seconds * SECOND), clock)
        queue = open_queue(settings, transactions, self._commits, clock, lease)
        self.sending: Sending = (
            RemoteSending(store, queue)
            if settings.role == "api"
            else LocalSending(
                store,
                transactions,
                self._commits,
                self._directory,
                queue,
                lease,
                clock,
                chance,
                _retention(settings),
                metrics,
            )
        )
        self._queue_canceller = QueueCanceller(transactions, clock)
        self._schedules = CampaignScheduler(transactions, clock, self._campaign_changed)
        self._schedules_task: asyncio.Task[None] | None = None

        self._triggering = Triggering(
            transactions, self._directory, self._commits, self.sending.dispatch, clock, ids, metrics
        )
        self._triggers = TriggerService(self._triggering)
        self._inspecting = inspecting = Lookups(transactions)
        self._cancelling = cancelling = CancelMessages(transactions, clock)
        self._clock = clock
        authenticator = KeyAuthenticator(transactions, clock)
        self._doors = PublicAddresses(settings.uses_tls)
        self._keys = ManageApiKeys(transactions, clock, ids, authenticator.distrust)
        services = grpc_services(
            CampaignUseCases(
                ManageCampaigns(transactions, clock, self._campaign_changed),
                CampaignLifeCycle(transactions, Review(compiler, clock), clock, self._campaign_changed),
                CampaignPreviewer(transactions, compiler),
                TriggerSampler(self._directory, compiler),
            ),
            ManageChannelConfigurations(transactions, clock, open_channel, self.sending.channel_changed),
            self._triggers,
            inspecting,
            cancelling,
            self._watching,
            CampaignReports(transactions, clock),
            self._keys,
            self._doors,
        )
        self._server = GrpcServer(
            [] if settings.role == "worker" else services, SCOPES, authenticator, shares_port=settings.processes > 1
        )

        self._http = self._http_server() if settings.http_listen and settings.role != "worker" else None
        if self._monitoring is not None:
            self._add_gauges(self._monitoring.metrics)

    async def start(self, show_first_key: Callable[[str], None]) -> Ports:
        """Serves. `show_first_key` gets the first administrator's secret, on the very first start."""
        ports = Ports(self._listen(), self._listen_for_http(), self._listen_for_metrics())
        with failures_of_starting():
            try:
                await self.sending.start()
            except QueueUnavailable as error:
                raise CannotStart(f"Cannot use the queue: {error}") from error
            first_key = await self._keys.ensure_first_key()
        if first_key is not None:
            show_first_key(first_key)
        loop = asyncio.get_running_loop()
        self._store.listen(lambda channel_keys: _call_soon(loop, self._heard, channel_keys))
        self._schedules_task = asyncio.create_task(self._schedules.run())
        await self._server.start()
        if self._http is not None:
            await self._http.start()
        if self._monitoring is not None:
            await self._monitoring.start()
        return ports

    async def stop(self) -> None:
        """Refuses new calls, lets those under way and the hand-offs finish, leaves the rest to the next start."""
        # Both at once: while the last calls are answered, nothing more is begun to be sent.
        await asyncio.gather(self._stop_doors(self._settings.shutdown_seconds), self.sending.stop_dispatch())
        self._schedules.stop()
        if self._schedules_task is not None:
            await self._schedules_task
        await self._queue_canceller.close()
        await self._commits.drain()
        await self.sending.close()
        if self._monitoring is not None:
            await self._monitoring.stop()
        self._transactions.close()
        self._store.close()

    async def _stop_doors(self, grace: float) -> None:
        # The guard that refuses new calls is one for both.
        doors = [self._server.stop(grace, self._end_streams)]
        if self._http is not None:
            doors.append(self._http.stop(grace))
        await asyncio.gather(*doors)

    def _end_streams(self) -> None:
        self._triggers.end_streams()
        self._watching.end()

    def _listen(self) -> int:
        try:
            port = self._server.listen(self._settings.listen, credentials(self._settings))
        except RuntimeError as error:
            raise CannotStart(
                f"Cannot listen on {self._settings.listen}: is another process there? Set CLARION_LISTEN."
            ) from error
        self._doors.opened(self._settings.listen, port)
        return port

    def _http_server(self) -> HttpServer:
        from clarion_server.transport.http.server import HttpServer  # noqa: PLC0415 - only when asked for

        return HttpServer(
            self._server.methods.values(),
            self._http_routes(),
            self._settings.cors_origins,
            shares_port=self._settings.processes > 1,
        )

    def _http_routes(self) -> list[BaseRoute]:
        """What the HTTP door serves beside the contract."""
        from clarion_server.transport.http.ajo import AjoApi  # noqa: PLC0415 - only when asked for

        ajo = AjoApi(
            self._server.guard,
            self._triggering,
            self._inspecting,
            self._cancelling,
            self._clock,
            lambda: not self._server.is_stopping,
        )
        return ajo.routes

    def _listen_for_http(self) -> int | None:
        if self._http is None:
            return None
        address = self._settings.http_listen
        try:
            port = self._http.listen(address, tls_files(self._settings))
        except OSError as error:
            raise CannotStart(
                f"Cannot listen on {address}: is another process there? Set CLARION_HTTP_LISTEN; empty for no HTTP."
            ) from error
        self._doors.http_port = port
        return port

    def _add_gauges(self, metrics: PrometheusMetrics) -> None:
        metrics.add_gauge(
            "clarion_calls_under_way", "Calls that are being served.", lambda: self._server.calls_under_way
        )
        metrics.add_gauge("clarion_commit_pending_rows", "Rows that wait for a commit.", lambda: self._commits.pending)
        metrics.add_gauges(
            "clarion_messages_in_hands",
            "Messages that are being sent, or next to be.",
            "channel",
            self.sending.in_flight_counts,
        )

    def _listen_for_metrics(self) -> int | None:
        if self._monitoring is None:
            return None
        address = self._settings.metrics_listen
        try:
            return self._monitoring.listen(tls_files(self._settings))
        except OSError as error:
            raise CannotStart(
                f"Cannot listen on {address}: is another process there? Set CLARION_METRICS_LISTEN; empty for none."
            ) from error

    def _campaign_changed(self, campaign: Campaign) -> None:
        self._directory.forget(campaign)
        self._schedules.wake()
        self.sending.campaign_changed()
        self._queue_canceller.look_at(campaign)

    def _heard(self, channel_keys: frozenset[int]) -> None:
        """Other processes have committed something, and left messages of these channel configurations."""
        self._signal.commit_happened()
        if channel_keys:
            self.sending.on_queued(channel_keys)


@dataclass(frozen=True, slots=True)
class Ports:
    """Where a process serves."""

    grpc: int
    http: int | None
    """None without HTTP."""
    metrics: int | None
    """None without metrics."""


def _open_monitoring(settings: Settings, transactions: Transactions) -> Monitoring:
    from clarion_server.bootstrap.monitoring import Monitoring  # noqa: PLC0415 - only when asked for

    return Monitoring(settings, transactions)


def _retention(settings: Settings) -> Retention:
    days = (settings.retain_context_days, settings.retain_event_days, settings.retain_message_days)
    return Retention(*(None if each is None else round(each * DAY) for each in days))


def _call_soon(loop: asyncio.AbstractEventLoop, call: Callable[[frozenset[int]], None], keys: frozenset[int]) -> None:
    """From another thread, and perhaps when the loop has ended."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(call, keys)
