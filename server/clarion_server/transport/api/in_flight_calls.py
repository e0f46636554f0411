"""Counts the calls that are being served, so that a server knows when it may stop."""

from __future__ import annotations

import asyncio

from clarion_server.domain.errors import Unavailable


class InFlightCalls:
    """Counts calls. It belongs to one event loop."""

    def __init__(self) -> None:
        self._count = 0
        self._none = asyncio.Event()
        self._none.set()
        self._refusing = False

    @property
    def count(self) -> int:
        return self._count

    def refuse(self) -> None:
        """Refuses every call from now on."""
        self._refusing = True

    @property
    def is_refusing(self) -> bool:
        return self._refusing

    def begin(self) -> None:
        """Raises Unavailable when the service is stopping. Otherwise `end` must follow."""
        if self._refusing:
            raise Unavailable
        self._count += 1
        self._none.clear()

    def end(self) -> None:
        self._count -= 1
        if not self._count:
            self._none.set()

    async def wait_for_none(self) -> None:
        """Returns when no call is being served."""
        await self._none.wait()
