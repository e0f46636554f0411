"""Verifies a webhook's configuration, with advice about a failed step. No request is sent."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress

from clarion_server.adapters.channels.failure_detail import one_line
from clarion_server.adapters.channels.trial import Step, StepFailed, run_steps
from clarion_server.adapters.channels.webhook.connections import AddressInfo, AddressNotPublic, EndpointConnections
from clarion_server.application.ports.channels import VerificationStep
from clarion_server.domain.instant import SECOND, Span

#: Says how long to wait for the alert about a missing client certificate, in seconds. Under TLS 1.3 it arrives after
#: the client has finished the handshake.
_OBJECTION_SECONDS = 0.5


async def verify(connections: EndpointConnections, span: Span) -> list[VerificationStep]:
    """Resolves the host, connects and sets up TLS. Each step may take as long as `span`."""
    trial = _Trial(connections, span / SECOND)
    try:
        return await run_steps(trial.steps())
    finally:
        trial.close()


class _Trial:
    def __init__(self, connections: EndpointConnections, timeout: float) -> None:
        """Takes the timeout of each step in seconds."""
        self._connections = connections
        self._host = connections.url.raw_host or ""
        self._port = connections.url.port or 0
        self._timeout = timeout
        self._addresses: list[AddressInfo] = []
        self._socket: socket.socket | None = None

    def steps(self) -> Iterator[Step]:
        yield "resolve", self._resolve
        yield "connect", self._connect
        if self._connections.uses_tls:
            yield "tls", self._agree_on_tls

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()

    async def _resolve(self) -> str:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._timeout):
                self._addresses = list(await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            raise StepFailed(f"{_description(error)}. Check the host of the URL.") from error
        found = f"{self._host} is {', '.join(dict.fromkeys(str(info[4][0]) for info in self._addresses))}"
        if not any(map(self._connections.allows, self._addresses)):
            raise StepFailed(f"{one_line(found)}. {AddressNotPublic()}.")
        return one_line(found)

    async def _connect(self) -> str:
        """Connects to the first address that answers."""
        try:
            async with asyncio.timeout(self._timeout):
                return await self._connect_to_any()
        except OSError as error:
            raise StepFailed(f"{_description(error)}. Check the port, and that no firewall blocks it.") from error

    async def _connect_to_any(self) -> str:
        failure: OSError = AddressNotPublic()
        for info in filter(self._connections.allows, self._addresses):
            try:
                await self._connect_to(info)
            except OSError as error:
                failure = error
            else:
                return f"Connected to {info[4][0]}, port {self._port}"
        raise failure

    async def _connect_to(self, info: AddressInfo) -> None:
        self.close()
        self._socket = self._connections.open_socket(info)
        self._socket.setblocking(False)
        await asyncio.get_running_loop().sock_connect(self._socket, info[4])

    async def _agree_on_tls(self) -> str:
        try:
            async with asyncio.timeout(self._timeout):
                return await self._shake_hands()
        except (OSError, ValueError) as error:
            remedy = (
                "Check that the host is named as in its certificate, that ca_certificates has its authority, and "
                "that it accepts client_certificate"
            )
            raise StepFailed(f"{_description(error)}. {remedy}.") from error

    async def _shake_hands(self) -> str:
        context, host = await self._connections.trust.context(), self._host.rstrip(".")
        loop = asyncio.get_running_loop()
        transport, listener = await loop.create_connection(
            _Listener, sock=self._socket, ssl=context, server_hostname=host
        )
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(listener.lost), _OBJECTION_SECONDS)
            if listener.lost.done():
                raise listener.lost.result() or ConnectionError("The endpoint closed the connection at once")
            return f"Protected by {transport.get_extra_info('ssl_object').version()}"
        finally:
            transport.abort()


class _Listener(asyncio.Protocol):
    """Completes `lost` when the connection ends."""

    def __init__(self) -> None:
        self.lost: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.lost.done():
            self.lost.set_result(exc)


def _description(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"The endpoint's certificate is not accepted: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return "The endpoint did not answer in time"
    return one_line(str(error)) or type(error).__name__
