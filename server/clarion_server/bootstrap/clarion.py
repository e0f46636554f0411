"""One process of the service: wires its components, and starts and stops them in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from clarion_server.application.maintenance.key_renewal import record_normalisers
from clarion_server.application.ports.store import Store
from clarion_server.bootstrap.access import wire_access
from clarion_server.bootstrap.address_hashes import record_erasure_keys
from clarion_server.bootstrap.attachments import wire_attachments
from clarion_server.bootstrap.audience_runs import AudienceRuns, wire_audience_runs
from clarion_server.bootstrap.authoring import wire_authoring
from clarion_server.bootstrap.core import Core, wire_core
from clarion_server.bootstrap.links import record_link_keys
from clarion_server.bootstrap.metrics import wire_metrics, wire_monitoring
from clarion_server.bootstrap.normalisers import own_normalisers
from clarion_server.bootstrap.people import wire_people
from clarion_server.bootstrap.reading import Reading, wire_reading
from clarion_server.bootstrap.sending import wire_sending
from clarion_server.bootstrap.servers import Ports, Servers, serves_http
from clarion_server.bootstrap.services import contract_services
from clarion_server.bootstrap.start_failures import failures_of_starting
from clarion_server.bootstrap.triggering import Triggers, wire_triggers
from clarion_server.bootstrap.unsubscribing import wire_unsubscribing
from clarion_server.config import Settings
from clarion_server.transport.api.methods import GuardedMethods
from clarion_server.transport.api.public_addresses import PublicAddresses
from clarion_server.transport.api.request_streams import RequestStreams
from clarion_server.transport.grpc.triggers import TriggerService

if TYPE_CHECKING:
    from starlette.routing import BaseRoute


class Clarion:
    """One process of the service. Belongs to the event loop on which it was made."""

    def __init__(self, settings: Settings, store: Store) -> None:
        """Raises CannotStart."""
        self._core = core = wire_core(settings, store, wire_metrics(settings))
        self.sending = wire_sending(settings, core)
        attachments = wire_attachments(settings, core)
        triggers = wire_triggers(core, self.sending, attachments)
        self._audience_runs = wire_audience_runs(settings, core, triggers.triggering.accept_triggers)
        self._authoring = wire_authoring(core, self.sending, self._audience_runs.wake)
        self._access = access = wire_access(core)
        self._reading = reading = wire_reading(core)
        self._trigger_service = TriggerService(triggers.triggering, self._audience_runs.triggering)
        addresses = PublicAddresses(settings.uses_tls)
        self._request_streams = RequestStreams()
        services = contract_services(
            core,
            self._authoring,
            attachments,
            wire_people(core),
            triggers,
            self._trigger_service,
            reading,
            access,
            addresses,
            self._request_streams,
        )
        methods = GuardedMethods([] if settings.role == "worker" else services, access.authenticator)
        self._unsubscribing = wire_unsubscribing(settings, core)
        routes = []
        if serves_http(settings):
            ajo = _ajo_routes(core, methods, triggers, self._audience_runs, reading)
            routes = [*ajo, *self._unsubscribing.routes]
        monitoring = wire_monitoring(settings, core, methods.in_flight, self.sending)
        self._servers = Servers(settings, methods, routes, addresses, monitoring)

    async def start(self, show_first_key: Callable[[str], None]) -> Ports:
        """Serves. `show_first_key` gets the first administrator's secret, on the very first start.

        Raises CannotStart.
        """
        ports = self._servers.listen()
        with failures_of_starting():
            await record_link_keys(self._core.transactions, self._core.links, self._core.clock)
            await record_erasure_keys(self._core.transactions, self._core.address_hashes, self._core.clock)
            await record_normalisers(self._core.transactions, own_normalisers(), self._core.clock)
            await self.sending.start()
            first_key = await self._access.keys.ensure_first_key()
        if first_key is not None:
            show_first_key(first_key)
        loop = asyncio.get_running_loop()
        self._core.store.listen(lambda channel_keys: _call_soon(loop, self._others_committed, channel_keys))
        self._authoring.scheduler.start()
        self._audience_runs.start()
        await self._servers.start()
        return ports

    async def stop(self) -> None:
        """Refuses new calls, lets those in flight and the attempts finish, and leaves the rest to the next start."""
        # Both at once: no attempt begins while the last calls are answered.
        await asyncio.gather(self._servers.stop(self._end_streams), self.sending.stop_dispatch())
        await asyncio.gather(self._authoring.scheduler.close(), self._audience_runs.close())
        await self._authoring.queue_canceller.close()
        await self._unsubscribing.commits.drain()
        await self._core.commits.drain()
        await self.sending.close()
        await self._servers.close()
        self._core.transactions.close()
        self._core.store.close()

    def _end_streams(self) -> None:
        self._trigger_service.end_streams()
        self._request_streams.end()
        self._reading.watch.end()

    def _others_committed(self, channel_keys: frozenset[int]) -> None:
        """Is called when other processes have committed, and have queued messages of these channel configurations."""
        self._core.commit_signal.commit_happened()
        if channel_keys:
            self.sending.on_queued(channel_keys)


def _ajo_routes(
    core: Core, methods: GuardedMethods, triggers: Triggers, audience_runs: AudienceRuns, reading: Reading
) -> list[BaseRoute]:
    """Returns what HTTP serves for callers of Adobe's API, beside the contract."""
    from clarion_server.transport.http.ajo import AjoApi  # noqa: PLC0415 - only when asked for

    ajo = AjoApi(
        methods.guard,
        triggers.triggering,
        audience_runs.triggering,
        reading.lookups,
        triggers.cancelling,
        core.clock,
        lambda: not methods.in_flight.is_refusing,
    )
    return ajo.routes


def _call_soon(loop: asyncio.AbstractEventLoop, call: Callable[[frozenset[int]], None], keys: frozenset[int]) -> None:
    """Is called by another thread, perhaps after the end of the loop."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(call, keys)
