"""Composes what is told to monitoring systems, and the door at which it is."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from clarion_server.adapters.metrics import CONTENT_TYPE, Siblings, exposition, of_system
from clarion_server.application.maintenance.metrics import Family, gauge, of_process, of_store
from clarion_server.application.maintenance.process_metrics import ProcessMetrics
from clarion_server.application.transactions import Transactions
from clarion_server.config import Settings
from clarion_server.domain.errors import Unavailable
from clarion_server.transport.http.metrics import metrics_routes
from clarion_server.transport.http.server import HttpServer


@dataclass(frozen=True, slots=True)
class Place:
    """Of a process among several behind one address."""

    number: int
    """From 0."""
    folder: Path
    """Which they have in common."""


class Monitoring:
    """Belongs to one event loop."""

    def __init__(
        self,
        settings: Settings,
        place: Place | None,
        transactions: Transactions,
        tally: ProcessMetrics,
        gauges: Callable[[], Sequence[Family]],
    ) -> None:
        """`gauges` tells how this process stands just now."""
        self._settings = settings
        self._transactions = transactions
        self._tally = tally
        self._gauges = gauges
        self._server = HttpServer((), metrics_routes(self._scrape, CONTENT_TYPE), shares_port=settings.processes > 1)
        self._siblings = (
            None if place is None else Siblings(place.folder, place.number, settings.processes, self._of_this_process)
        )
        self._watching_loop: asyncio.Task[None] | None = None

    def listen(self, tls: tuple[Path, Path] | None) -> int:
        """Returns the port. Raises OSError."""
        return self._server.listen(self._settings.metrics_listen, tls)

    async def start(self) -> None:
        if self._siblings is not None:
            await self._siblings.start()
        self._watching_loop = asyncio.create_task(self._tally.watch_loop())
        await self._server.start()

    async def stop(self, grace: float) -> None:
        await self._server.stop(grace)
        if self._siblings is not None:
            await self._siblings.close()
        if self._watching_loop is not None:
            self._watching_loop.cancel()
            with suppress(asyncio.CancelledError):
                await self._watching_loop

    async def _scrape(self) -> bytes:
        gathered = {0: self._of_this_process()} if self._siblings is None else await self._siblings.gather()
        up = [("", {"process": str(place)}, float(place in gathered)) for place in range(self._settings.processes)]
        shared = [
            Family("clarion_process_up", "gauge", "1: the process answers. 0: it does not.", up),
            self._build(),
            *await self._of_store(),
        ]
        return exposition(shared, gathered)

    def _of_this_process(self) -> list[Family]:
        return [*of_process(self._tally), *self._gauges(), *of_system()]

    def _build(self) -> Family:
        labels = {"version": version("clarion"), "python": platform.python_version(), "role": self._settings.role}
        return gauge("clarion_build_info", "What runs here.", 1, labels)

    async def _of_store(self) -> list[Family]:
        about = "1: the store answers. 0: it does not."
        try:
            counters = await self._transactions.read(lambda unit: unit.figures.of_campaign(None, None))
        except Unavailable:
            return [gauge("clarion_store_up", about, 0)]
        return [gauge("clarion_store_up", about, 1), *of_store(counters)]
