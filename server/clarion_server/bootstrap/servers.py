"""The servers of a process: gRPC, and HTTP and metrics where the settings ask for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clarion_server.bootstrap.certificates import credentials, tls_files
from clarion_server.bootstrap.start_failures import CannotStart
from clarion_server.config import Settings
from clarion_server.transport.api.methods import GuardedMethods
from clarion_server.transport.api.public_addresses import PublicAddresses
from clarion_server.transport.grpc.server import GrpcServer

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from clarion_server.bootstrap.monitoring import Monitoring
    from clarion_server.transport.http.server import HttpServer


@dataclass(frozen=True, slots=True)
class Ports:
    """Holds the ports on which a process serves."""

    grpc: int
    http: int | None
    """Is None without HTTP."""
    metrics: int | None
    """Is None without metrics."""


class Servers:
    def __init__(
        self,
        settings: Settings,
        methods: GuardedMethods,
        routes: Sequence[BaseRoute],
        addresses: PublicAddresses,
        monitoring: Monitoring | None,
    ) -> None:
        """Serves the `routes` over HTTP beside the methods of the contract."""
        self._settings = settings
        self._addresses = addresses
        self._grpc = GrpcServer(methods, shares_port=settings.processes > 1)
        self._http = _http_server(settings, methods, routes) if serves_http(settings) else None
        self._monitoring = monitoring

    def listen(self) -> Ports:
        """Raises CannotStart."""
        return Ports(self._listen_for_grpc(), self._listen_for_http(), self._listen_for_metrics())

    async def start(self) -> None:
        for server in (self._grpc, self._http, self._monitoring):
            if server is not None:
                await server.start()

    async def stop(self, end_streams: Callable[[], None]) -> None:
        """Refuses new calls, and lets those in flight finish for `shutdown_seconds`. Metrics are served until `close`.

        `end_streams` asks the streams that would not end by themselves to do so.
        """
        grace = self._settings.shutdown_seconds
        # They stop together, because they refuse new calls together.
        stopping = [self._grpc.stop(grace, end_streams)]
        if self._http is not None:
            stopping.append(self._http.stop(grace))
        await asyncio.gather(*stopping)

    async def close(self) -> None:
        if self._monitoring is not None:
            await self._monitoring.stop()

    def _listen_for_grpc(self) -> int:
        address = self._settings.listen
        with _address_in_use(address, "Set CLARION_LISTEN."):
            port = self._grpc.listen(address, credentials(self._settings))
        self._addresses.opened(address, port)
        return port

    def _listen_for_http(self) -> int | None:
        if self._http is None:
            return None
        address = self._settings.http_listen
        with _address_in_use(address, "Set CLARION_HTTP_LISTEN; empty for no HTTP."):
            self._addresses.http_port = port = self._http.listen(address, tls_files(self._settings))
        return port

    def _listen_for_metrics(self) -> int | None:
        if self._monitoring is None:
            return None
        with _address_in_use(self._settings.metrics_listen, "Set CLARION_METRICS_LISTEN; empty for none."):
            return self._monitoring.listen(tls_files(self._settings))


def serves_http(settings: Settings) -> bool:
    return bool(settings.http_listen) and settings.role != "worker"


def _http_server(settings: Settings, methods: GuardedMethods, routes: Sequence[BaseRoute]) -> HttpServer:
    from clarion_server.transport.http.server import HttpServer, contract_app  # noqa: PLC0415 - only when asked for

    return HttpServer(contract_app(methods, routes, settings.cors_origins), shares_port=settings.processes > 1)


@contextmanager
def _address_in_use(address: str, advice: str) -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError) as error:
        raise CannotStart(f"Cannot listen on {address}: is another process there? {advice}") from error
