"""Runs rounds of work, and sleeps between them until it is woken."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from clarion_server.domain.instant import SECOND, Span


class WakeableLoop:
    """Runs a function round after round. It sleeps between the rounds until it is woken. An instance belongs to one
    event loop.
    """

    def __init__(self, go_round: Callable[[], Awaitable[Span]]) -> None:
        """`go_round` raises nothing, and returns how long to sleep then."""
        self._go_round = go_round
        self._woken = asyncio.Event()
        self.is_closing = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    def wake(self) -> None:
        """Begins the next round at once, or after the one under way."""
        self._woken.set()

    async def close(self) -> None:
        """Ends after the round under way."""
        self.is_closing = True
        self.wake()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        while not self.is_closing:
            # Cleared before the round: a wake during it asks for another one.
            self._woken.clear()
            span = await self._go_round()
            with suppress(TimeoutError):
                async with asyncio.timeout(span / SECOND):
                    await self._woken.wait()
