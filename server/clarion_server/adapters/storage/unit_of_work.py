"""One transaction and the repositories that share it."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, Transaction

from clarion_server.adapters.storage.api_keys import SqlApiKeyRepository
from clarion_server.adapters.storage.campaigns import SqlCampaignRepository
from clarion_server.adapters.storage.channels import SqlChannelConfigurationRepository
from clarion_server.adapters.storage.counters import SqlCounterRepository
from clarion_server.adapters.storage.events import SqlEventRepository
from clarion_server.adapters.storage.executions import SqlExecutionRepository
from clarion_server.adapters.storage.messages import SqlMessageRepository
from clarion_server.adapters.storage.processes import SqlProcessRepository
from clarion_server.adapters.storage.recipient_index import RecipientIndex
from clarion_server.adapters.storage.retention import SqlRetentionRepository


class SqlUnitOfWork:
    def __init__(
        self,
        connection: Connection,
        transaction: Transaction,
        segments: RecipientIndex,
        shard: int,
        on_commit: Callable[[], None] | None,
    ) -> None:
        """The transaction has begun. It only reads where there is nobody to tell of a commit."""
        self._transaction = transaction
        self._on_commit = on_commit
        self.campaigns = SqlCampaignRepository(connection)
        self.channels = SqlChannelConfigurationRepository(connection)
        self.executions = SqlExecutionRepository(connection)
        self.messages = SqlMessageRepository(connection, segments, locks=on_commit is not None)
        self.events = SqlEventRepository(connection)
        self.figures = SqlCounterRepository(connection, shard)
        self.retention = SqlRetentionRepository(connection)
        self.keys = SqlApiKeyRepository(connection)
        self.processes = SqlProcessRepository(connection)

    def commit(self) -> None:
        self._transaction.commit()
        if self._on_commit is not None:
            self._on_commit()

    def roll_back(self) -> None:
        """Drops what was not committed."""
        self._transaction.close()
