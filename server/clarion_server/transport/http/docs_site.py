"""Serves the routes beside the contract, and refuses every other URL."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import orjson
import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clarion_server.transport.api.requests import MAX_REQUEST_BYTES
from clarion_server.transport.http.asgi_io import BODY_SECONDS, JSON_HEADERS
from clarion_server.transport.http.description import ROUTES
from clarion_server.transport.http.refusals import (
    HttpRefusal,
    body_too_long,
    body_too_slow,
    fault,
    method_unknown,
    url_unknown,
)
from clarion_server.transport.http.statuses import body_of

log = structlog.get_logger()

_NOT_FOUND, _METHOD_NOT_ALLOWED = 404, 405


def site(routes: Sequence[BaseRoute]) -> Starlette:
    """`routes` answer for themselves, beside the description of the contract."""
    return _site([*ROUTES, *routes], url_unknown())


def site_alone(routes: Sequence[Route]) -> Starlette:
    """`routes` answer for themselves, and there is nothing else."""
    paths = " and ".join(route.path for route in routes)
    return _site(routes, url_unknown(f"This address has {paths} alone."))


def _site(routes: Sequence[BaseRoute], unknown: HttpRefusal) -> Starlette:
    """All other requests are refused in the form of the contract; `unknown` is for those of another URL."""

    async def no_such_url(_request: Request, _error: Exception) -> Response:
        return _response(unknown)

    return Starlette(
        routes=routes,
        middleware=[Middleware(_Bounded)],
        exception_handlers={
            _NOT_FOUND: no_such_url,
            _METHOD_NOT_ALLOWED: _no_such_method,
            HttpRefusal: _refused,
            Exception: _failed,
        },
    )


class _Bounded:
    """Raises HttpRefusal in a route that reads a longer or slower body than the contract allows."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, _Body(receive).receive, send)


class _Body:
    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._deadline = asyncio.get_running_loop().time() + BODY_SECONDS
        self._size = 0
        self._is_complete = False

    async def receive(self) -> Message:
        if self._is_complete:
            # Only the end of the connection can follow. A route may wait for it as long as it answers.
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            raise body_too_slow(BODY_SECONDS) from None
        self._is_complete = not message.get("more_body", False)
        self._size += len(message.get("body", b""))
        if self._size > MAX_REQUEST_BYTES:
            raise body_too_long()
        return message


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HttpRefusal)
    return _response(error)


async def _no_such_method(_request: Request, error: Exception) -> Response:
    allowed = error.headers or {} if isinstance(error, HTTPException) else {}
    return _response(method_unknown(allowed.get("Allow", "").split(", ")))


async def _failed(_request: Request, error: Exception) -> Response:
    request_id = uuid4().hex
    log.error("http_request_failed", request_id=request_id, exc_info=error)
    return _response(fault(request_id))


def _response(refusal: HttpRefusal) -> Response:
    headers: dict[str, Any] = {name.decode(): value.decode() for name, value in [*JSON_HEADERS, *refusal.headers]}
    return Response(orjson.dumps(body_of(refusal.status)), refusal.code, headers)
