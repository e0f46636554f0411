"""Serves the OpenAPI description, as JSON and as a page to read. `make generate` writes both from the contract."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_NOSNIFF: Final = {"x-content-type-options": "nosniff", "cache-control": "max-age=300"}
#: The page contains its style and loads nothing.
_PAGE_POLICY: Final = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
}


async def _openapi(_request: Request) -> Response:
    return Response(_file("openapi.json"), headers=_NOSNIFF, media_type="application/json")


async def _page(_request: Request) -> Response:
    return Response(_file("openapi.html"), headers=_NOSNIFF | _PAGE_POLICY, media_type="text/html")


@cache
def _file(name: str) -> bytes:
    """Reads the file at the first request: most processes never serve it."""
    return files("clarion_server.transport.http").joinpath(name).read_bytes()


ROUTES: Final = (Route("/openapi.json", _openapi), Route("/docs", _page))
