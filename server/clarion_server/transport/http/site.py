"""What the HTTP door serves beside the contract: routes of others, and one way to say that there is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import orjson
import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from clarion_server.transport.http.exchange import JSON_HEADERS
from clarion_server.transport.http.refusals import HttpRefusal, fault, method_unknown, url_unknown
from clarion_server.transport.http.statuses import body_of

log = structlog.get_logger()

_NOT_FOUND, _METHOD_NOT_ALLOWED = 404, 405


def site(routes: Sequence[BaseRoute]) -> Starlette:
    """Routes answer for themselves; what none of them takes is refused as the contract refuses."""
    return Starlette(
        routes=routes,
        exception_handlers={_NOT_FOUND: _no_such_url, _METHOD_NOT_ALLOWED: _no_such_method, Exception: _failed},
    )


async def _no_such_url(_request: Request, _error: Exception) -> Response:
    return _response(url_unknown())


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
