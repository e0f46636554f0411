"""The HTTP door: an ASGI application on the event loop of the gRPC door, on a port of its own."""

from __future__ import annotations

import asyncio
import math
import socket
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn import Config, Server

from clarion_server.transport.grpc.server import GuardedMethod
from clarion_server.transport.http.docs_site import site
from clarion_server.transport.http.protocol import BoundedProtocol
from clarion_server.transport.http.transcoder import Transcoder

#: In seconds: how long callers with open connections are told that the service stops before those are closed.
_MOMENT: Final = 0.2
#: Longer than load balancers keep a connection that nothing goes over, so that they are the ones to close it.
_KEEP_ALIVE_SECONDS: Final = 75
_BACKLOG: Final = 1_024
#: Where the paths of the contract begin.
_CONTRACT: Final = "/v1/"


class HttpServer:
    """Belongs to one event loop."""

    def __init__(
        self,
        methods: Iterable[GuardedMethod],
        routes: Sequence[BaseRoute],
        cors_origins: Sequence[str] = (),
        *,
        shares_port: bool = False,
    ) -> None:
        """`routes`: what is served beside the contract. `cors_origins`: of the web pages that may call from a browser.
        With `shares_port` other processes may listen on the same port, and the system spreads connections over them.
        """
        self._app = _for_origins(_either(Transcoder(methods), site(routes)), cors_origins)
        self._shares_port = shares_port
        self._socket: socket.socket | None = None
        self._tls: tuple[Path, Path] | None = None
        self._server: Server | None = None
        self._ticking: asyncio.Task[None] | None = None

    def listen(self, address: str, tls: tuple[Path, Path] | None) -> int:
        """`tls`: PEM files with the certificate chain and the key. Returns the port. Raises OSError when the address
        cannot be had.
        """
        self._socket = _bound(address, self._shares_port)
        self._tls = tls
        return int(self._socket.getsockname()[1])

    async def start(self) -> None:
        assert self._socket is not None, "listens first"
        config = Config(
            self._app,
            http=BoundedProtocol,
            interface="asgi3",
            lifespan="off",
            ws="none",
            # Clarion logs what matters itself; uvicorn would log addresses and each malformed request.
            log_config=None,
            log_level="critical",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            backlog=_BACKLOG,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            ssl_certfile=self._tls and self._tls[0],
            ssl_keyfile=self._tls and self._tls[1],
        )
        config.load()
        self._server = server = Server(config)
        server.lifespan = config.lifespan_class(config)
        # Not `serve`, which would take the process's signals.
        await server.startup(sockets=[self._socket])
        self._ticking = asyncio.create_task(server.main_loop())

    async def stop(self, grace: float) -> None:
        """Takes no new connections and lets requests under way finish for at most `grace` seconds.

        Whoever stops the gRPC door beforehand or meanwhile has new calls on open connections told to come back.
        """
        server, ticking = self._server, self._ticking
        if server is None or ticking is None:
            return
        for listener in server.servers:
            listener.close()
        await asyncio.sleep(min(grace, _MOMENT))
        server.should_exit = True
        server.config.timeout_graceful_shutdown = math.ceil(grace)
        await ticking
        await server.shutdown()


def _either(contract: ASGIApp, others: ASGIApp) -> ASGIApp:
    """Calls of the contract are the most, and need no layer between."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await (contract if scope["path"].startswith(_CONTRACT) else others)(scope, receive, send)

    return app


def _for_origins(app: ASGIApp, origins: Sequence[str]) -> ASGIApp:
    """Keys come in a header that pages set themselves, never in cookies: no page borrows the rights of its visitor."""
    if not origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=("GET", "POST", "PATCH", "DELETE"),
        allow_headers=("authorization", "content-type", "grpc-timeout", "last-event-id", "x-request-id"),
        expose_headers=("retry-after",),
    )


def _bound(address: str, shares_port: bool) -> socket.socket:
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    ((family, kind, protocol, _, place), *_) = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shares_port:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind(place)
    except OSError:
        bound.close()
        raise
    return bound
