"""Defines the routes for monitoring systems."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route


def metrics_routes(scrape: Callable[[], Awaitable[bytes]], content_type: str) -> list[Route]:
    """Returns `/metrics`, in `content_type`, and `/health`, which answers as long as the event loop runs."""

    async def metrics(_request: Request) -> Response:
        return Response(await scrape(), headers={"content-type": content_type})

    async def health(_request: Request) -> Response:
        return PlainTextResponse("SERVING\n")

    return [Route("/metrics", metrics), Route("/health", health)]
