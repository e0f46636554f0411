"""Runs the HTTP server: an ASGI application on the event loop of the gRPC server, with a port of its own."""

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

from clarion_server.transport.api.methods import GuardedMethod
from clarion_server.transport.http.docs_site import site
from clarion_server.transport.http.protocol import BoundedProtocol
from clarion_server.transport.http.transcoder import Transcoder

#: Says how long, in seconds, requests on open connections are still answered with UNAVAILABLE before those are closed.
_STOPPING_SECONDS: Final = 0.2
#: Longer than load balancers keep an idle connection, so that they are the ones to close it.
_KEEP_ALIVE_SECONDS: Final = 75
_BACKLOG: Final = 1_024
#: Holds the headers that a web page may send: those of the contract, then those of the AJO-shaped API.
_REQUEST_HEADERS: Final = (
    *("authorization", "content-type", "grpc-timeout", "last-event-id", "x-request-id"),
    *("x-api-key", "x-gw-ims-org-id", "x-sandbox-name"),
)
#: Is the beginning of every path in the contract.
_CONTRACT: Final = "/v1/"


class HttpServer:
    """Runs the HTTP server. An instance belongs to one event loop."""

    def __init__(self, app: ASGIApp, *, shares_port: bool = False) -> None:
        """With `shares_port` other processes may listen on the same port, and the system spreads connections over
        them.
        """
        self._app = app
        self._shares_port = shares_port
        self._socket: socket.socket | None = None
        self._tls: tuple[Path, Path] | None = None
        self._server: Server | None = None
        self._main_loop: asyncio.Task[None] | None = None

    def listen(self, address: str, tls: tuple[Path, Path] | None) -> int:
        """Returns the port. `tls`: PEM files with the certificate chain and the key. Raises OSError when the address is
        not available.
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
            # Clarion has its own log; uvicorn would write addresses and each malformed request into it.
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
        # These are the parts of `serve`, which would also install signal handlers.
        await server.startup(sockets=[self._socket])
        self._main_loop = asyncio.create_task(server.main_loop())

    async def stop(self, grace: float) -> None:
        """Closes the port and lets running requests finish for at most `grace` seconds.

        The guard must refuse new calls already, so that further requests on open connections are answered with
        UNAVAILABLE.
        """
        server, main_loop = self._server, self._main_loop
        if server is None or main_loop is None:
            return
        for listener in server.servers:
            listener.close()
        await asyncio.sleep(min(grace, _STOPPING_SECONDS))
        server.should_exit = True
        server.config.timeout_graceful_shutdown = math.ceil(grace)
        await main_loop
        await server.shutdown()


def contract_app(
    methods: Iterable[GuardedMethod], routes: Sequence[BaseRoute], cors_origins: Sequence[str] = ()
) -> ASGIApp:
    """Returns what serves the methods of the contract and `routes` beside them. Web pages of `cors_origins` may call
    from a browser.
    """
    return _with_cors(_either(Transcoder(methods), site(routes)), cors_origins)


def _either(contract: ASGIApp, others: ASGIApp) -> ASGIApp:
    """Calls of the contract skip the layers of Starlette, as they are the most frequent."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await (contract if scope["path"].startswith(_CONTRACT) else others)(scope, receive, send)

    return app


def _with_cors(app: ASGIApp, origins: Sequence[str]) -> ASGIApp:
    """Credentials are headers that a page sets itself, never cookies: no page can use the rights of its visitor."""
    if not origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=("GET", "POST", "PATCH", "DELETE"),
        allow_headers=_REQUEST_HEADERS,
        expose_headers=("retry-after",),
    )


def _bound(address: str, shares_port: bool) -> socket.socket:
    """Listens only once the server starts: until then the system gives connections to other processes on the port."""
    host, _, port = address.rpartition(":")
    ((family, kind, _, _, name), *_) = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
    bound = socket.socket(family, kind)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shares_port:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind(name)
    except OSError:
        bound.close()
        raise
    return bound
