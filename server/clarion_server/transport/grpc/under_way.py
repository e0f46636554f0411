"""Knows which calls are being served, so that the server knows when it may end."""

from __future__ import annotations

import asyncio


class CallsUnderWay:
    """Belongs to one event loop."""

    def __init__(self) -> None:
        self._count = 0
        self._none = asyncio.Event()
        self._none.set()

    def begin(self) -> None:
        self._count += 1
        self._none.clear()

    def end(self) -> None:
        self._count -= 1
        if not self._count:
            self._none.set()

    async def none(self) -> None:
        """Returns when no call is under way."""
        await self._none.wait()
