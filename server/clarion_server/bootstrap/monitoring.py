"""Serves the metrics and the health of one process."""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from pathlib import Path

from clarion_server.adapters.metrics import CONTENT_TYPE, PrometheusMetrics
from clarion_server.application.reports.counts import CampaignCounts, counts_of
from clarion_server.bootstrap.core import Core
from clarion_server.bootstrap.sending import Sending
from clarion_server.config import Settings
from clarion_server.domain.errors import Unavailable
from clarion_server.transport.api.in_flight_calls import InFlightCalls
from clarion_server.transport.http.docs_site import site_alone
from clarion_server.transport.http.metrics import metrics_routes
from clarion_server.transport.http.server import HttpServer


def open_metrics(settings: Settings) -> PrometheusMetrics:
    return PrometheusMetrics(version("clarion"), settings.role)


class Monitoring:
    """Belongs to one event loop."""

    def __init__(self, settings: Settings, core: Core, calls: InFlightCalls, sending: Sending) -> None:
        assert isinstance(core.metrics, PrometheusMetrics)
        self._metrics = core.metrics
        self._address = settings.metrics_listen
        self._transactions = core.transactions
        routes = metrics_routes(self._scrape, CONTENT_TYPE)
        self._server = HttpServer(site_alone(routes), shares_port=settings.processes > 1)
        self._observing: asyncio.Task[None] | None = None
        self._add_gauges(core, calls, sending)

    def _add_gauges(self, core: Core, calls: InFlightCalls, sending: Sending) -> None:
        add = self._metrics.add_gauge
        add("clarion_calls_in_flight", "Calls that are being served.", lambda: calls.count)
        add("clarion_commit_pending_rows", "Rows that wait for a commit.", lambda: core.commits.pending)
        self._metrics.add_total(
            "clarion_store_failures_total",
            "Reads and writes of this process that the store did not answer.",
            lambda: core.transactions.failure_count,
        )
        self._metrics.add_gauges(
            "clarion_messages_in_flight",
            "Messages that are being sent, or next to be.",
            "channel",
            sending.in_flight_counts,
        )

    def listen(self, tls: tuple[Path, Path] | None) -> int:
        """Returns the port. Raises OSError."""
        return self._server.listen(self._address, tls)

    async def start(self) -> None:
        self._observing = asyncio.create_task(self._metrics.observe_loop_lag(asyncio.get_running_loop().time))
        await self._server.start()

    async def stop(self) -> None:
        await self._server.stop(0)
        if self._observing is not None:
            self._observing.cancel()
            await asyncio.gather(self._observing, return_exceptions=True)

    async def _scrape(self) -> bytes:
        return self._metrics.exposition(await self._counts())

    async def _counts(self) -> CampaignCounts | None:
        try:
            return counts_of(await self._transactions.read(lambda unit: unit.counters.of_campaign(None, None)), {})
        except Unavailable:
            return None
