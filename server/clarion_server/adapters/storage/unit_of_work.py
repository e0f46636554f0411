"""Holds the repositories of one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sqlalchemy import Connection, Transaction

from clarion_server.adapters.storage.accepted_renderings import SqlAcceptedRenderingRepository
from clarion_server.adapters.storage.access_labels import SqlAccessLabelRepository
from clarion_server.adapters.storage.allow_lists import SqlAllowListRepository
from clarion_server.adapters.storage.api_keys import SqlApiKeyRepository
from clarion_server.adapters.storage.approvals import SqlApprovalRepository
from clarion_server.adapters.storage.attachments import SqlAttachmentRepository
from clarion_server.adapters.storage.audience_runs import SqlAudienceRunRepository
from clarion_server.adapters.storage.audiences import SqlAudienceRepository
from clarion_server.adapters.storage.campaigns import SqlCampaignRepository
from clarion_server.adapters.storage.cap_locks import RowsToLock
from clarion_server.adapters.storage.caps import SqlCapRepository
from clarion_server.adapters.storage.channels import SqlChannelConfigurationRepository
from clarion_server.adapters.storage.consents import SqlConsentRepository
from clarion_server.adapters.storage.counters import SqlCounterRepository
from clarion_server.adapters.storage.erasures import SqlErasureRepository
from clarion_server.adapters.storage.events import SqlEventRepository
from clarion_server.adapters.storage.executions import SqlExecutionRepository
from clarion_server.adapters.storage.field_rows import FieldRows
from clarion_server.adapters.storage.fragments import SqlFragmentRepository
from clarion_server.adapters.storage.identity_namespaces import SqlIdentityNamespaceRepository
from clarion_server.adapters.storage.imports import SqlImportRepository
from clarion_server.adapters.storage.key_names import SqlKeyNameRepository
from clarion_server.adapters.storage.messages import SqlMessageRepository
from clarion_server.adapters.storage.processes import SqlProcessRepository
from clarion_server.adapters.storage.profiles import SqlProfileRepository
from clarion_server.adapters.storage.recipient_index import RecipientIndex
from clarion_server.adapters.storage.resources import SqlArchivableRepository, SqlResourceRepository
from clarion_server.adapters.storage.retention import SqlRetentionRepository
from clarion_server.adapters.storage.schema import PLAIN_RESOURCES, erasure_keys, link_keys, topics
from clarion_server.adapters.storage.sending_policies import SqlSendingPolicyRepository
from clarion_server.adapters.storage.suppressions import SqlSuppressionRepository
from clarion_server.adapters.storage.test_cases import SqlTestCaseRepository
from clarion_server.adapters.storage.turn_schedules import SqlTurnScheduleRepository
from clarion_server.domain.resource import Resource
from clarion_server.domain.topic import Topic

R = TypeVar("R", bound=Resource)

_TOPIC_ROWS = FieldRows(Topic)
_PLAIN_ROWS: Mapping[type[Resource], FieldRows[Any]] = {kind: FieldRows(kind) for kind in PLAIN_RESOURCES}


class SqlUnitOfWork:
    def __init__(
        self,
        connection: Connection,
        transaction: Transaction,
        recipient_index: RecipientIndex,
        caps_to_lock: RowsToLock,
        shard: int,
        on_commit: Callable[[], None] | None,
    ) -> None:
        """`transaction` has begun. `on_commit` is called after each commit, and is None in a transaction that reads."""
        self._connection = connection
        self._transaction = transaction
        self._on_commit = on_commit
        self.access_labels = SqlAccessLabelRepository(connection)
        self.campaigns = SqlCampaignRepository(connection)
        self.attachments = SqlAttachmentRepository(connection)
        self.fragments = SqlFragmentRepository(connection)
        self.channels = SqlChannelConfigurationRepository(connection)
        self.profiles = SqlProfileRepository(connection)
        self.executions = SqlExecutionRepository(connection)
        self.messages = SqlMessageRepository(connection, recipient_index, locks=on_commit is not None)
        self.audience_runs = SqlAudienceRunRepository(connection, locks=on_commit is not None)
        self.allow_lists = SqlAllowListRepository(connection)
        self.suppressions = SqlSuppressionRepository(connection)
        self.erasures = SqlErasureRepository(connection)
        self.events = SqlEventRepository(connection)
        self.counters = SqlCounterRepository(connection, shard)
        self.retention = SqlRetentionRepository(connection)
        self.keys = SqlApiKeyRepository(connection)
        self.link_keys = SqlKeyNameRepository(connection, link_keys)
        self.erasure_keys = SqlKeyNameRepository(connection, erasure_keys)
        self.processes = SqlProcessRepository(connection)
        self.sending_policies = SqlSendingPolicyRepository(connection)
        self.identity_namespaces = SqlIdentityNamespaceRepository(connection, locks=on_commit is not None)
        self.caps = SqlCapRepository(connection, caps_to_lock, locks=on_commit is not None)
        self.turn_schedules = SqlTurnScheduleRepository(connection, locks=on_commit is not None)
        self.topics = SqlArchivableRepository(connection, topics, _TOPIC_ROWS.to_row, _TOPIC_ROWS.from_row)
        self.approvals = SqlApprovalRepository(connection)
        self.test_cases = SqlTestCaseRepository(connection)
        self.accepted_renderings = SqlAcceptedRenderingRepository(connection)
        self.audiences = SqlAudienceRepository(connection)
        self.imports = SqlImportRepository(connection)
        self.consents = SqlConsentRepository(connection, locks=on_commit is not None)

    def resources(self, kind: type[R]) -> SqlResourceRepository[R]:
        rows = _PLAIN_ROWS[kind]
        return SqlResourceRepository(self._connection, PLAIN_RESOURCES[kind], rows.to_row, rows.from_row)

    def commit(self) -> None:
        self._transaction.commit()
        if self._on_commit is not None:
            self._on_commit()

    def roll_back(self) -> None:
        """Drops every change that was not committed. Does nothing after a commit."""
        self._transaction.close()
