"""Waits for what another process does, which nothing in this one can tell of."""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
import time
from collections.abc import Awaitable, Callable

from clarion_client import AsyncClient

#: Says how many times as long as one call another one may take on the same machine.
_SPREAD = 8


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


async def soon(client: AsyncClient, calls: int, seconds: float = 1.0) -> dt.datetime:
    """Returns a time from now on until which this machine makes so many calls, however much else it has to do: after
    so many `seconds`, or later if a call takes long now.
    """
    begin = time.monotonic()
    await client.suppressions.create(f"{secrets.token_hex(8)}@elsewhere.example")
    took = time.monotonic() - begin
    return dt.datetime.now(dt.UTC) + dt.timedelta(seconds=max(seconds, took * calls * _SPREAD))
