"""Cancels a task that waits for nats-py."""

from __future__ import annotations

import asyncio
from typing import Any

#: Between two attempts, in seconds.
_PAUSE = 0.05


async def cancel(task: asyncio.Task[Any] | None) -> None:
    """Cancels the task until it ends: nats-py, and `asyncio.wait_for` of Python 3.11, may swallow a cancellation."""
    while task is not None and not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=_PAUSE)
