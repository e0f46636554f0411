"""What is kept, and how it may be read and changed.

A unit of work is one transaction: everything in it happens at `commit`, durably, or not at all. Leaving it without a
commit rolls back. Methods block; call them on a thread that may wait.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from clarion_server.application.ports.repositories import (
    ApiKeyRepository,
    CampaignRepository,
    ChannelConfigurationRepository,
    EventRepository,
    ExecutionRepository,
    FigureRepository,
    MessageRepository,
    ProcessRepository,
)


class StoreUnavailable(Exception):
    """The store did not answer, or stayed locked for too long. Whether a commit under way happened is unknown."""


class WriteConflict(Exception):
    """Another transaction came in between, and nothing of this one was written. The same work may be done anew."""


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
    def figures(self) -> FigureRepository: ...
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

    def change_mark(self) -> object:
        """Differs from an earlier mark when something was committed in between, by this process or, a moment later, by
        another one.
        """
        ...

    def close(self) -> None: ...
