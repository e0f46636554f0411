"""The queue of the store alone: whoever has room looks up what is due. The engine unless another one is set."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Collection, Sequence

from clarion_server.application.group_commit import GroupCommit
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.queue import Claimed
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.sending.claim import Claim, ClaimMessages
from clarion_server.application.transactions import Transactions
from clarion_server.domain.channel import ChannelConfiguration
from clarion_server.domain.delivery import AttemptOutcome
from clarion_server.domain.instant import HOUR, SECOND, Instant
from clarion_server.domain.message import Lane, Message

#: An idle source looks this often for what other processes have changed or left behind.
_LOOK_EVERY = SECOND
#: How many looks a second the idle sources of a process take together: many more of them would keep a core busy with
#: nothing. None waits longer than `_SELDOM`.
_LOOKS_A_SECOND = 30
_SELDOM = 10 * SECOND


def look_every(sources: int) -> Instant:
    """How long an idle source waits for its next look, where there are so many of them. Other processes tell what they
    have done; a look finds what was not heard of.
    """
    return max(_LOOK_EVERY, min(sources * SECOND // _LOOKS_A_SECOND, _SELDOM))


class StoreQueue:
    """Implements the port `Queue`."""

    def __init__(
        self,
        transactions: Transactions,
        commits: GroupCommit,
        clock: Clock,
        owner: str,
        tell_others: Callable[[Collection[int]], None] = lambda _: None,
    ) -> None:
        """`owner` is what the store knows this process by. `tell_others` lets other processes hear for which channel
        configurations there is something to send; see `heard`.
        """
        self._tell_others = tell_others
        self._untold: set[int] = set()
        self._transactions = transactions
        self._commits = commits
        self._clock = clock
        self._owner = owner
        self._sources: dict[tuple[int, Lane], StoreQueueConsumer] = {}

    async def start(self) -> None:
        """Needs nothing but the store."""

    def source(
        self, configuration: ChannelConfiguration, lane: Lane, on_change: Callable[[ChannelConfiguration], None]
    ) -> StoreQueueConsumer:
        source = StoreQueueConsumer(
            configuration.key,
            lane,
            self._transactions,
            self._commits,
            self._clock,
            self._owner,
            on_change,
            lambda: look_every(len(self._sources)),
        )
        self._sources[configuration.key, lane] = source
        return source

    def queued(self, channel_key: int, lane: Lane, _messages: Sequence[Message], due_time: Instant, /) -> None:
        """They are where they belong. Who sends them need not wait for its next look."""
        source = self._sources.get((channel_key, lane))
        if source is not None:
            source.wake(due_time)
            return
        if not self._untold:
            # Once for all that were queued by the same commit.
            asyncio.get_running_loop().call_soon(self._tell)
        self._untold.add(channel_key)

    def _tell(self) -> None:
        channel_keys, self._untold = self._untold, set()
        self._tell_others(channel_keys)

    def heard(self, channel_keys: Collection[int], /) -> None:
        for key, lane in itertools.product(channel_keys, Lane):
            source = self._sources.get((key, lane))
            if source is not None:
                source.find()

    async def close(self) -> None:
        """Holds nothing open."""


class StoreQueueConsumer:
    """Implements the port `QueueConsumer`."""

    def __init__(
        self,
        channel_key: int,
        lane: Lane,
        transactions: Transactions,
        commits: GroupCommit,
        clock: Clock,
        owner: str,
        on_change: Callable[[ChannelConfiguration], None],
        look_every: Callable[[], Instant],
    ) -> None:
        self._channel_key = channel_key
        self._lane = lane
        self._transactions = transactions
        self._commits = commits
        self._clock = clock
        self._owner = owner
        self._on_change = on_change
        self._look_every = look_every
        self._claiming = ClaimMessages()
        self._next_due: Instant = 0
        self._woken = asyncio.Event()
        #: True when other processes are said to have left something.
        self._heard = False
        self._ended = False

    async def has_work(self) -> bool:
        wait = min(self._next_due - self._clock.now(), self._look_every())
        if wait <= 0 or self._ended:
            return not self._ended
        if not self._heard:
            self._woken.clear()
            try:
                await asyncio.wait_for(self._woken.wait(), wait / SECOND)
            except TimeoutError:
                self._heard = True
        if self._heard:
            self._heard = False
            await self._find()
        return False

    async def claim(self, limit: int, now: Instant) -> Claimed:
        self._next_due = now + HOUR
        try:
            claimed = await self._commits.submit(
                self._claiming, Claim(self._channel_key, self._lane, self._owner, limit, now), limit
            )
        except Exception:
            self._next_due = 0
            raise
        if claimed.next_due_time is not None:
            self._next_due = min(self._next_due, claimed.next_due_time)
        return claimed

    def wake(self, due_time: Instant) -> None:
        self._next_due = min(self._next_due, due_time)
        self._woken.set()

    def find(self) -> None:
        """Other processes have queued messages."""
        self._heard = True
        self._woken.set()

    def look(self) -> None:
        """Has its own rhythm, and knows nothing that the store does not know."""

    def concluded(self, conclusion: AttemptOutcome) -> None:
        if conclusion.due_time is not None:
            self.wake(conclusion.due_time)

    def pending_requeue(self, message: Message) -> None:
        """Whoever gives it back tells of it then."""

    def end(self) -> None:
        self._ended = True
        self._woken.set()

    async def close(self) -> None:
        self.end()

    async def _find(self) -> None:
        """Learns what other processes did: changed the configuration, or left messages that are due."""
        configuration, due = await self._transactions.read(self._peek)
        if configuration is not None:
            self._on_change(configuration)
        if due is not None:
            self._next_due = min(self._next_due, due)

    def _peek(self, unit: UnitOfWork) -> tuple[ChannelConfiguration | None, Instant | None]:
        return unit.channels.by_key(self._channel_key), unit.messages.next_due_time(self._channel_key, [self._lane])
