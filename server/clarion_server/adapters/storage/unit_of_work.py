"""Holds the repositories of one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Transaction

from clarion_server.adapters.storage.api_keys import SqlApiKeyRepository
from clarion_server.adapters.storage.audiences.audience_runs import SqlAudienceRunRepository
from clarion_server.adapters.storage.audiences.audiences import SqlAudienceRepository
from clarion_server.adapters.storage.campaigns.accepted_renderings import SqlAcceptedRenderingRepository
from clarion_server.adapters.storage.campaigns.approvals import SqlApprovalRepository
from clarion_server.adapters.storage.campaigns.attachments import SqlAttachmentRepository
from clarion_server.adapters.storage.campaigns.campaigns import SqlCampaignRepository
from clarion_server.adapters.storage.campaigns.fragments import SqlFragmentRepository
from clarion_server.adapters.storage.campaigns.test_cases import SqlTestCaseRepository
from clarion_server.adapters.storage.channels import SqlChannelConfigurationRepository
from clarion_server.adapters.storage.key_names import SqlKeyNameRepository
from clarion_server.adapters.storage.limits.allow_lists import SqlAllowListRepository
from clarion_server.adapters.storage.limits.cap_locks import RowsToLock
from clarion_server.adapters.storage.limits.caps import SqlCapRepository
from clarion_server.adapters.storage.limits.sending_policies import SqlSendingPolicyRepository
from clarion_server.adapters.storage.limits.suppressions import SqlSuppressionRepository
from clarion_server.adapters.storage.limits.turn_schedules import SqlTurnScheduleRepository
from clarion_server.adapters.storage.messages.counters import SqlCounterRepository
from clarion_server.adapters.storage.messages.events import SqlEventRepository
from clarion_server.adapters.storage.messages.executions import SqlExecutionRepository
from clarion_server.adapters.storage.messages.messages import SqlMessageRepository
from clarion_server.adapters.storage.messages.recipient_index import RecipientIndex
from clarion_server.adapters.storage.messages.retention import SqlRetentionRepository
from clarion_server.adapters.storage.people.consents import SqlConsentRepository
from clarion_server.adapters.storage.people.erasures import SqlErasureRepository
from clarion_server.adapters.storage.people.identity_namespaces import SqlIdentityNamespaceRepository
from clarion_server.adapters.storage.people.imports import SqlImportRepository
from clarion_server.adapters.storage.people.key_renewals import SqlKeyRenewalRepository
from clarion_server.adapters.storage.people.profiles import SqlProfileRepository
from clarion_server.adapters.storage.processes import SqlProcessRepository
from clarion_server.adapters.storage.resources import SqlArchivableRepository, SqlResourceRepository
from clarion_server.adapters.storage.rows.access_labels import SqlAccessLabelRepository
from clarion_server.adapters.storage.rows.field_rows import FieldRows
from clarion_server.adapters.storage.schema import PLAIN_RESOURCES, erasure_keys, link_keys, topics
from clarion_server.domain.consent.topic import Topic
from clarion_server.domain.resource import Resource

Commit = Callable[[Connection, Transaction], None]
R = TypeVar("R", bound=Resource)
T = TypeVar("T")

_TOPIC_ROWS = FieldRows(Topic)
_PLAIN_ROWS: Mapping[type[Resource], FieldRows[Any]] = {kind: FieldRows(kind) for kind in PLAIN_RESOURCES}


class _OnFirstUse(Generic[T]):
    """Makes a repository when it is first asked for: of all there are, a commit uses six."""

    def __init__(self, make: Callable[[SqlUnitOfWork], T]) -> None:
        self._make = make

    def __set_name__(self, _owner: type[SqlUnitOfWork], name: str) -> None:
        self._name = name

    def __get__(self, unit: SqlUnitOfWork, _owner: type[SqlUnitOfWork]) -> T:
        # What stands in the unit itself goes before this from then on.
        made = unit.__dict__[self._name] = self._make(unit)
        return made


class SqlUnitOfWork:
    connection: Connection
    recipient_index: RecipientIndex
    caps_to_lock: RowsToLock
    shard: int
    writes: bool

    access_labels = _OnFirstUse(lambda unit: SqlAccessLabelRepository(unit.connection))
    campaigns = _OnFirstUse(lambda unit: SqlCampaignRepository(unit.connection))
    attachments = _OnFirstUse(lambda unit: SqlAttachmentRepository(unit.connection))
    fragments = _OnFirstUse(lambda unit: SqlFragmentRepository(unit.connection))
    channels = _OnFirstUse(lambda unit: SqlChannelConfigurationRepository(unit.connection))
    profiles = _OnFirstUse(lambda unit: SqlProfileRepository(unit.connection))
    executions = _OnFirstUse(lambda unit: SqlExecutionRepository(unit.connection))
    messages = _OnFirstUse(lambda unit: SqlMessageRepository(unit.connection, unit.recipient_index, locks=unit.writes))
    audience_runs = _OnFirstUse(lambda unit: SqlAudienceRunRepository(unit.connection, locks=unit.writes))
    allow_lists = _OnFirstUse(lambda unit: SqlAllowListRepository(unit.connection))
    suppressions = _OnFirstUse(lambda unit: SqlSuppressionRepository(unit.connection))
    erasures = _OnFirstUse(lambda unit: SqlErasureRepository(unit.connection))
    events = _OnFirstUse(lambda unit: SqlEventRepository(unit.connection))
    counters = _OnFirstUse(lambda unit: SqlCounterRepository(unit.connection, unit.shard))
    retention = _OnFirstUse(lambda unit: SqlRetentionRepository(unit.connection))
    keys = _OnFirstUse(lambda unit: SqlApiKeyRepository(unit.connection))
    link_keys = _OnFirstUse(lambda unit: SqlKeyNameRepository(unit.connection, link_keys))
    erasure_keys = _OnFirstUse(lambda unit: SqlKeyNameRepository(unit.connection, erasure_keys))
    key_renewal = _OnFirstUse(lambda unit: SqlKeyRenewalRepository(unit.connection))
    processes = _OnFirstUse(lambda unit: SqlProcessRepository(unit.connection))
    sending_policies = _OnFirstUse(lambda unit: SqlSendingPolicyRepository(unit.connection))
    identity_namespaces = _OnFirstUse(lambda unit: SqlIdentityNamespaceRepository(unit.connection, locks=unit.writes))
    caps = _OnFirstUse(lambda unit: SqlCapRepository(unit.connection, unit.caps_to_lock, locks=unit.writes))
    turn_schedules = _OnFirstUse(lambda unit: SqlTurnScheduleRepository(unit.connection, locks=unit.writes))
    topics = _OnFirstUse(
        lambda unit: SqlArchivableRepository(unit.connection, topics, _TOPIC_ROWS.to_row, _TOPIC_ROWS.from_row)
    )
    approvals = _OnFirstUse(lambda unit: SqlApprovalRepository(unit.connection))
    test_cases = _OnFirstUse(lambda unit: SqlTestCaseRepository(unit.connection))
    accepted_renderings = _OnFirstUse(lambda unit: SqlAcceptedRenderingRepository(unit.connection))
    audiences = _OnFirstUse(lambda unit: SqlAudienceRepository(unit.connection))
    imports = _OnFirstUse(lambda unit: SqlImportRepository(unit.connection))
    consents = _OnFirstUse(lambda unit: SqlConsentRepository(unit.connection, locks=unit.writes))

    def __init__(
        self,
        connection: Connection,
        transaction: Transaction,
        recipient_index: RecipientIndex,
        caps_to_lock: RowsToLock,
        shard: int,
        commit: Commit | None,
    ) -> None:
        """`transaction` has begun. `commit` commits it, and is None in a transaction that reads."""
        self.connection = connection
        self.recipient_index = recipient_index
        self.caps_to_lock = caps_to_lock
        self.shard = shard
        self.writes = commit is not None
        self._transaction = transaction
        self._commit = commit

    def resources(self, kind: type[R]) -> SqlResourceRepository[R]:
        rows = _PLAIN_ROWS[kind]
        return SqlResourceRepository(self.connection, PLAIN_RESOURCES[kind], rows.to_row, rows.from_row)

    def commit(self) -> None:
        assert self._commit is not None, "it only reads"
        self._commit(self.connection, self._transaction)

    def roll_back(self) -> None:
        """Drops every change that was not committed. Does nothing after a commit."""
        self._transaction.close()
