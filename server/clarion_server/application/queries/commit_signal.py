"""Wakes those who wait for something to be committed."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from clarion_server.application.transactions import Transactions

#: Says how often, in seconds, it asks for commits of other processes of which it was not notified.
_LOOK_SECONDS = 0.25
#: Says how long, in seconds, it lets further commits come after one: commits come in bursts, and one read serves
#: several.
_GATHER_SECONDS = 0.02


class CommitSignal:
    """Wakes those who wait for a commit. An instance belongs to one event loop."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions
        self._committed = asyncio.Event()
        self.ended = False
        """True when this process is about to end, and commits nothing more."""

    def commit_happened(self) -> None:
        self._committed.set()
        self._committed = asyncio.Event()

    def end(self) -> None:
        """Lets everybody stop waiting."""
        self.ended = True
        self._committed.set()

    async def wait(self, version: object) -> None:
        """Returns soon after the store has another commit version, or at the end."""
        while not self.ended:
            # `wait_for` would lose a cancellation that comes together with the commit.
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._committed.wait()
            if self._transactions.commit_version() != version:
                await asyncio.sleep(_GATHER_SECONDS)
                return
