"""Work in a thread that stops when nobody waits for it any more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from threading import Event
from typing import Any, TypeVar

Result = TypeVar("Result")

_CANCELLED: ContextVar[Event | None] = ContextVar("cancelled", default=None)


class WorkCancelled(Exception):
    """Ends work that nobody waits for."""


async def run_in_background(work: Callable[..., Result], *arguments: Any) -> Result:
    """Runs the work in a thread, so that the event loop serves others meanwhile.

    When the caller is cancelled, the work is told, and ends at its next call of `check_cancelled`.
    """
    cancelled = Event()
    token = _CANCELLED.set(cancelled)
    try:
        return await asyncio.to_thread(work, *arguments)
    except asyncio.CancelledError:
        cancelled.set()
        raise
    finally:
        _CANCELLED.reset(token)


def check_cancelled() -> None:
    """Raises WorkCancelled when the caller of this work was cancelled. Long work calls it every few milliseconds."""
    cancelled = _CANCELLED.get()
    if cancelled is not None and cancelled.is_set():
        raise WorkCancelled
