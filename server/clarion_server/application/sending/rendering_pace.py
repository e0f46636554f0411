"""Keeps rendering from holding up the event loop.

Every worker that is ready renders in the same iteration of the loop, and the outcome of a magic recipient needs no
waiting at all: 300 messages that take 20 ms each held up all calls for five seconds.
"""

from __future__ import annotations

import asyncio

#: Mails are rendered for this long, in seconds, before other tasks of the event loop run.
SLICE = 0.01
#: From how many seconds on a rendering is long. After it nothing is rendered for half as long, because a call needs
#: several iterations of the loop.
LONG = 0.005


class RenderingPace:
    """Says when a worker may render. Belongs to one event loop."""

    def __init__(self) -> None:
        self._spent = 0.0
        self._may_render = asyncio.Event()
        self._may_render.set()

    @property
    def is_resting(self) -> bool:
        return not self._may_render.is_set()

    async def rest(self) -> None:
        """Returns when this worker may render. Of several, the first one may let the others wait again."""
        while self.is_resting:
            await self._may_render.wait()

    def count(self, seconds: float) -> None:
        """Counts a rendering that took so long, and begins a rest when it is time."""
        self._spent += seconds
        if self._spent < SLICE:
            return
        self._spent = 0.0
        self._may_render.clear()
        loop = asyncio.get_running_loop()
        if seconds < LONG:
            loop.call_soon(self._may_render.set)
        else:
            loop.call_later(seconds / 2, self._may_render.set)
