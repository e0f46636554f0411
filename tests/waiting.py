"""Waits for what another process does, which nothing in this one can tell of."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 120) -> None:
    """Asks again and again; TimeoutError when the answer is still no after so many seconds."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - the event is in another process
            await asyncio.sleep(0.05)


def wait_until(condition: Callable[[], bool], seconds: float = 120) -> None:
    """The same without an event loop."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.005)
