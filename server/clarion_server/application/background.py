"""Work in threads, so that the event loop serves others meanwhile.

There are few threads, as each work may take a second of processor time and 64 MB. What has no thread waits for one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from threading import Event
from typing import Any, TypeVar

Result = TypeVar("Result")

_CANCELLED: ContextVar[Event | None] = ContextVar("cancelled", default=None)

#: This many threads do the work of authors: reviews, previews and samples.
AUTHORING_THREADS = 2
#: This many threads work for large requests, which must not wait for reviews.
_REQUEST_THREADS = 2

_AUTHORING = ThreadPoolExecutor(AUTHORING_THREADS, "authoring")
_REQUESTS = ThreadPoolExecutor(_REQUEST_THREADS, "requests")


class WorkCancelled(Exception):
    """Is raised in work that nobody waits for any more, to end it."""


async def run_in_background(work: Callable[..., Result], *arguments: Any) -> Result:
    """Runs the work of an author in a thread, after waiting for one.

    When the caller is cancelled, work that has begun ends at its next call of `check_cancelled`.
    """
    cancelled = Event()
    token = _CANCELLED.set(cancelled)
    try:
        return await _run(_AUTHORING, work, *arguments)
    except asyncio.CancelledError:
        cancelled.set()
        raise
    finally:
        _CANCELLED.reset(token)


async def run_for_request(work: Callable[..., Result], *arguments: Any) -> Result:
    """Runs work for a large request in a thread, after waiting for one."""
    return await _run(_REQUESTS, work, *arguments)


async def _run(threads: ThreadPoolExecutor, work: Callable[..., Result], *arguments: Any) -> Result:
    return await asyncio.get_running_loop().run_in_executor(threads, copy_context().run, work, *arguments)


def check_cancelled() -> None:
    """Raises WorkCancelled when the caller of this work was cancelled. Long work calls it every few milliseconds."""
    cancelled = _CANCELLED.get()
    if cancelled is not None and cancelled.is_set():
        raise WorkCancelled
