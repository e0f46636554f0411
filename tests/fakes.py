"""Stand-ins that a test controls: a provider, and the faults of a store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from clarion_server.application.ports.channels import (
    Channel,
    Following,
    HandOffFailed,
    HandOffInDoubt,
    Outbound,
    PermanentFailure,
    Receipt,
    TransientFailure,
    VerificationStep,
    nothing_follows,
)
from clarion_server.application.ports.store import CommitListener, Store, StoreUnavailable, UnitOfWork
from clarion_server.domain.channels.channel import ChannelConfiguration
from clarion_server.domain.messages.attempt import Failure, FailureReason

LATER = TransientFailure(Failure(FailureReason.THROTTLED, "451", "Come back later"))
NEVER = PermanentFailure(Failure(FailureReason.RECIPIENT_REJECTED, "550 5.1.1", "Nobody here"))
UNKNOWN = HandOffInDoubt(Failure(FailureReason.HAND_OFF_UNKNOWN, "", "The connection broke after the message"))

#: Is the end of an attempt. None: the provider accepts the message.
End = HandOffFailed | None


class ScriptedChannel:
    """Implements `Channel`. An attempt ends as `end` says, by default with success, but not while `gate` is closed.

    Like SMTP with pipelining, it begins the next message before it has the answer to the one before.
    """

    def __init__(self, end: Callable[[Outbound], End] = lambda _: None) -> None:
        self.end = end
        self.announced_size: int | None = None
        self.server_certificate_end: int | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.answers = asyncio.Event()
        """While it is closed, attempts wait for their end after the next message has begun behind them."""
        self.answers.set()
        self.begun: list[Outbound] = []
        self.taken: list[Outbound] = []
        self.following: list[Outbound] = []
        """The messages that were begun behind another one and must come next."""
        self.behind: list[Outbound] = []
        """All messages that were ever begun behind another one."""
        self.dropped: list[str] = []
        """The ids of the messages that were begun behind another one and then given up."""
        self.in_flight = 0
        self.most_in_flight = 0
        self.closed = False

    async def send(self, message: Outbound, following: Following = nothing_follows, /) -> Receipt:
        assert not self.closed, "nobody sends over a channel that was closed"
        self.begun.append(message)
        if message in self.following:
            self.following.remove(message)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await self.gate.wait()
            upcoming = following()
            if upcoming is not None:
                self.following.append(upcoming)
                self.behind.append(upcoming)
            await asyncio.sleep(0)
            await self.answers.wait()
        finally:
            self.in_flight -= 1
        failure = self.end(message)
        if failure is not None:
            raise failure
        self.taken.append(message)
        return Receipt("250 2.0.0 Taken")

    def drop(self, message_id: str, /) -> None:
        self.following = [message for message in self.following if message.message_id != message_id]
        self.dropped.append(message_id)

    async def verify(self) -> list[VerificationStep]:
        return []

    async def close(self) -> None:
        assert not self.in_flight, "a channel is closed after its last message"
        assert not self.following, "what has begun is sent"
        self.closed = True


class Provider:
    """Is a `ChannelFactory` that keeps its channels, all of which end their attempts as `end` says."""

    def __init__(self, end: Callable[[Outbound], End] = lambda _: None) -> None:
        self.end = end
        self.channels: list[ScriptedChannel] = []

    def __call__(self, configuration: ChannelConfiguration) -> Channel:
        self.channels.append(ScriptedChannel(self._end))
        return self.channels[-1]

    def _end(self, message: Outbound) -> End:
        return self.end(message)

    def open_gates(self) -> None:
        """Lets the attempts of all channels end."""
        for channel in self.channels:
            channel.gate.set()
            channel.answers.set()

    @property
    def taken(self) -> Sequence[Outbound]:
        return [message for channel in self.channels for message in channel.taken]

    @property
    def begun(self) -> Sequence[Outbound]:
        return [message for channel in self.channels for message in channel.begun]


class FaultyStore:
    """Passes everything on to another store, except as many transactions as must fail."""

    def __init__(self, behind: Store) -> None:
        self._behind = behind
        self.passes = 0
        """The number of coming transactions that do not fail, before those that do."""
        self.failures = 0
        """The number of coming transactions that fail."""
        self.read_failures = 0
        """The number of coming reads that fail."""
        self.lost_answers = 0
        """The number of coming transactions that are committed although they seem to fail."""

    @property
    def serialises_writes(self) -> bool:
        return self._behind.serialises_writes

    @contextmanager
    def begin(self, *, durable_later: bool = False) -> Iterator[UnitOfWork]:
        if self.passes:
            self.passes -= 1
        elif self.failures:
            self.failures -= 1
            raise StoreUnavailable
        # What a transaction writes can be seen before it returns: faults set from then on are for those that come.
        is_lost = self.lost_answers > 0
        self.lost_answers -= is_lost
        with self._behind.begin(durable_later=durable_later) as unit:
            yield unit
        if is_lost:
            raise StoreUnavailable

    def snapshot(self) -> AbstractContextManager[UnitOfWork]:
        if self.read_failures:
            self.read_failures -= 1
            raise StoreUnavailable
        return self._behind.snapshot()

    def event_snapshot(self) -> AbstractContextManager[UnitOfWork]:
        return self._behind.event_snapshot()

    def commit_version(self) -> object:
        return self._behind.commit_version()

    def listen(self, listener: CommitListener) -> None:
        self._behind.listen(listener)

    def notify_queued(self, channel_keys: Collection[int]) -> None:
        self._behind.notify_queued(channel_keys)

    def scrub(self) -> bool:
        return self._behind.scrub()

    def close(self) -> None:
        self._behind.close()
