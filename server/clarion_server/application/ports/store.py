"""What is kept, and how it may be read and changed.

A unit of work is one transaction: everything in it happens at `commit`, durably, or not at all. Leaving it without a
commit rolls back. Methods block; call them on a thread that may wait.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from typing import Protocol

from clarion_server.application.ports.repositories import (
    ApiKeyRepository,
    CampaignRepository,
    ChannelConfigurationRepository,
    CounterRepository,
    EventRepository,
    ExecutionRepository,
    MessageRepository,
    ProcessRepository,
)
from clarion_server.application.ports.retention import RetentionRepository

#: Stands for the keys of all channel configurations: a campaign or a configuration has changed.
EVERY_CHANNEL = 0
#: Learns of commits of other processes: by the keys of channel configurations, for which of them messages were queued.
CommitListener = Callable[[frozenset[int]], None]


class StoreUnavailable(Exception):
    """The store did not answer, or stayed locked for too long. Whether a commit under way happened is unknown.

    The text, for operators, says what is in the way and what to do, as far as the store knows.
    """


class WriteConflict(Exception):
    """Another transaction changed what this one had read or was about to write. The work may be done again."""


class UnitOfWork(Protocol):
    @property
    def campaigns(self) -> CampaignRepository: ...
    @property
    def channels(self) -> ChannelConfigurationRepository: ...
    @property
    def executions(self) -> ExecutionRepository: ...
    @property
    def messages(self) -> MessageRepository: ...
    @property
    def events(self) -> EventRepository: ...
    @property
    def figures(self) -> CounterRepository: ...
    @property
    def retention(self) -> RetentionRepository: ...
    @property
    def keys(self) -> ApiKeyRepository: ...
    @property
    def processes(self) -> ProcessRepository: ...

    def commit(self) -> None:
        """Makes everything durable. At most once."""
        ...


class Store(Protocol):
    def begin(self) -> AbstractContextManager[UnitOfWork]:
        """A transaction that may write; one at a time. Raises StoreUnavailable, and WriteConflict where other processes
        write at the same time.
        """
        ...

    def snapshot(self) -> AbstractContextManager[UnitOfWork]:
        """A transaction that only reads one consistent state. Any number at once. Raises StoreUnavailable."""
        ...

    def commit_version(self) -> object:
        """Differs from an earlier mark when something was committed in between, by this process or, a moment later, by
        another one.
        """
        ...

    def listen(self, hear: CommitListener) -> None:
        """From now on `hear` is called soon after another process has committed something, on a thread of the store's.
        Commits close together are told of together, and some may be missed.
        """
        ...

    def notify_queued(self, channel_keys: Collection[int]) -> None:
        """Lets other processes hear that messages were queued for these channel configurations. Does not wait."""
        ...

    def close(self) -> None: ...
