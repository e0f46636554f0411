"""Keeps count of the commits that are durable later, and sees to it that they become so."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from clarion_server.domain.errors import Unavailable

#: No commit stays without the disk for longer than so many seconds, plus the time of a sync.
LONGEST_LAG = 1.0
#: Whoever waits for the disk lets so many seconds pass in which a commit may take along what it waits for, when such
#: commits are to be expected: a sync of its own would hold them up.
PATIENCE = 0.05


class LaggingCommits:
    """Writes are numbered in the order in which they go to the writer's thread, which is the order of their commits. A
    commit that waits for the disk makes all before it durable.
    """

    def __init__(self, make_durable: Callable[[], Awaitable[None]]) -> None:
        """`make_durable` is a write that has the number it takes by `begin`."""
        self._make_durable = make_durable
        self._begun = 0
        self._last_lagging = 0
        self._durable = 0
        self._lags_since = 0.0
        self._advanced = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._syncing: asyncio.Task[None] | None = None

    def begin(self, *, durable_later: bool) -> int:
        """Returns the number of a write that goes to the writer's thread now."""
        self._begun += 1
        if durable_later:
            # From now on, as readers may see the commit before the event loop hears of it.
            if not self.exist:
                self._lags_since = asyncio.get_running_loop().time()
            self._last_lagging = self._begun
            self._look_later(LONGEST_LAG)
        return self._begun

    def durable(self, number: int) -> None:
        """Says that this write has waited for the disk."""
        if self.exist:
            self._durable = number
            # What lags still has begun after that one.
            self._lags_since = asyncio.get_running_loop().time()
            self._advanced.set()

    @property
    def exist(self) -> bool:
        return self._last_lagging > self._durable

    async def wait(self, *, patiently: bool) -> None:
        """Returns when all that was begun by now is durable. Raises Unavailable."""
        wanted = self._last_lagging
        if patiently and self._durable < wanted:
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    while self._durable < wanted:
                        self._advanced.clear()
                        await self._advanced.wait()
        if self._durable < wanted:
            await self._make_durable()

    def stop(self) -> bool:
        """Leaves the commits that lag to the caller, and returns whether there are any."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        lagged, self._durable = self.exist, self._begun
        return lagged

    def _look_later(self, seconds: float) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._look)

    def _look(self) -> None:
        self._timer = None
        if not self.exist:
            return
        left = self._lags_since + LONGEST_LAG - asyncio.get_running_loop().time()
        if left > 0:
            self._look_later(left)
        else:
            self._syncing = asyncio.create_task(self._sync())

    async def _sync(self) -> None:
        try:
            await self._make_durable()
        except Unavailable:
            # It was reported.
            self._look_later(LONGEST_LAG)
