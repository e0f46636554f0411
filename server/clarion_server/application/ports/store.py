"""Defines the port of the store.

A unit of work is one transaction: everything in it happens at `commit`, durably, or not at all. Leaving it without a
commit rolls back. Its methods block, so they are called on threads that may wait.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from clarion_server.application.ports.access_labels import AccessLabelRepository
from clarion_server.application.ports.approvals import ApprovalRepository
from clarion_server.application.ports.attachments import AttachmentRepository
from clarion_server.application.ports.audience_runs import AudienceRunRepository
from clarion_server.application.ports.audiences import AudienceRepository
from clarion_server.application.ports.campaigns import CampaignRepository
from clarion_server.application.ports.caps import CapRepository
from clarion_server.application.ports.consents import ConsentRepository
from clarion_server.application.ports.erasures import ErasureRepository
from clarion_server.application.ports.fragments import FragmentRepository
from clarion_server.application.ports.identity_namespaces import IdentityNamespaceRepository
from clarion_server.application.ports.imports import ImportRepository
from clarion_server.application.ports.key_renewal import KeyRenewalRepository
from clarion_server.application.ports.messages import MessageRepository
from clarion_server.application.ports.profiles import ProfileRepository
from clarion_server.application.ports.repositories import (
    ApiKeyRepository,
    ChannelConfigurationRepository,
    CounterRepository,
    EventRepository,
    ExecutionRepository,
    KeyNameRepository,
    ProcessRepository,
)
from clarion_server.application.ports.resources import ArchivableRepository, ResourceRepository
from clarion_server.application.ports.retention import RetentionRepository
from clarion_server.application.ports.sending_policies import SendingPolicyRepository
from clarion_server.application.ports.suppressions import AllowListRepository, SuppressionRepository
from clarion_server.application.ports.test_cases import AcceptedRenderingRepository, TestCaseRepository
from clarion_server.application.ports.turn_schedules import TurnScheduleRepository
from clarion_server.domain.consent.topic import Topic
from clarion_server.domain.resource import Resource

R = TypeVar("R", bound=Resource)

#: Stands for the keys of all channel configurations: a campaign or a configuration has changed.
EVERY_CHANNEL = 0
#: Is called after commits of other processes, with the keys of the channel configurations whose messages were queued.
CommitListener = Callable[[frozenset[int]], None]


class StoreUnavailable(Exception):
    """The store did not answer, or stayed locked for too long. Whether a commit under way happened is unknown.

    The text, for operators, says what is in the way and what to do, as far as the store knows.
    """


class WriteConflict(Exception):
    """Another transaction changed what this one had read or was about to write. The work may be done again."""


class UnitOfWork(Protocol):
    @property
    def access_labels(self) -> AccessLabelRepository: ...
    @property
    def campaigns(self) -> CampaignRepository: ...
    @property
    def attachments(self) -> AttachmentRepository: ...
    @property
    def fragments(self) -> FragmentRepository: ...
    @property
    def channels(self) -> ChannelConfigurationRepository: ...
    @property
    def profiles(self) -> ProfileRepository: ...
    @property
    def executions(self) -> ExecutionRepository: ...
    @property
    def messages(self) -> MessageRepository: ...
    @property
    def suppressions(self) -> SuppressionRepository: ...
    @property
    def allow_lists(self) -> AllowListRepository: ...
    @property
    def events(self) -> EventRepository: ...
    @property
    def counters(self) -> CounterRepository: ...
    @property
    def retention(self) -> RetentionRepository: ...
    @property
    def keys(self) -> ApiKeyRepository: ...
    @property
    def link_keys(self) -> KeyNameRepository:
        """Returns the keys that have sealed personal links."""
        ...

    @property
    def erasures(self) -> ErasureRepository: ...
    @property
    def erasure_keys(self) -> KeyNameRepository:
        """Returns the keys that have hashed the addresses of erased people."""
        ...

    @property
    def key_renewal(self) -> KeyRenewalRepository: ...
    @property
    def processes(self) -> ProcessRepository: ...
    @property
    def topics(self) -> ArchivableRepository[Topic]: ...
    @property
    def identity_namespaces(self) -> IdentityNamespaceRepository: ...
    @property
    def sending_policies(self) -> SendingPolicyRepository: ...
    @property
    def turn_schedules(self) -> TurnScheduleRepository: ...
    @property
    def audiences(self) -> AudienceRepository: ...
    @property
    def imports(self) -> ImportRepository: ...
    @property
    def caps(self) -> CapRepository: ...
    @property
    def approvals(self) -> ApprovalRepository: ...
    @property
    def test_cases(self) -> TestCaseRepository: ...
    @property
    def accepted_renderings(self) -> AcceptedRenderingRepository: ...
    @property
    def consents(self) -> ConsentRepository: ...
    @property
    def audience_runs(self) -> AudienceRunRepository: ...

    def resources(self, kind: type[R]) -> ResourceRepository[R]:
        """Returns the repository of a kind of resources that needs nothing beyond what all kinds have."""
        ...

    def commit(self) -> None:
        """Makes everything durable, and all that was committed before, unless the unit was begun to be durable later.
        It does so at most once.
        """
        ...


class Store(Protocol):
    @property
    def serialises_writes(self) -> bool:
        """Returns whether transactions that may write run one after the other, those of all processes: what one has
        read is still so when it commits.
        """
        ...

    def begin(self, *, durable_later: bool = False) -> AbstractContextManager[UnitOfWork]:
        """Begins a transaction that may write; one at a time. Raises StoreUnavailable, and WriteConflict where other
        processes write at the same time.

        With `durable_later` its commit need not wait for the disk, though it may. The next commit of this process that
        waits makes it durable, even one of no changes. Until then a crash of the machine, but none of the process, may
        undo it with all such commits after it. So nothing that follows from it may leave the process before.
        """
        ...

    def snapshot(self) -> AbstractContextManager[UnitOfWork]:
        """Begins a transaction that only reads one consistent state. Any number may run at once. Raises
        StoreUnavailable.
        """
        ...

    def event_snapshot(self) -> AbstractContextManager[UnitOfWork]:
        """Begins a snapshot for a watcher: `EventRepository.page` passes no event that is still being committed, and
        has none that another process has committed to be durable later. That costs more than `snapshot` where several
        processes write at once.
        """
        ...

    def commit_version(self) -> object:
        """Returns a value that changes when something is committed: at once for commits of this process, and a moment
        later for those of others.
        """
        ...

    def listen(self, listener: CommitListener) -> None:
        """Calls `listener` soon after another process has committed something, on a thread of the store's.

        Commits close together share a call, and some may be missed.
        """
        ...

    def notify_queued(self, channel_keys: Collection[int]) -> None:
        """Tells other processes that messages of these channel configurations were queued. Does not wait."""
        ...

    def scrub(self) -> bool:
        """Overwrites what is left of deleted data in the database's log. Returns False when others use the log now."""
        ...

    def close(self) -> None: ...
