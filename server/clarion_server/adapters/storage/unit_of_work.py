"""One transaction and the repositories that share it."""

from __future__ import annotations

from sqlalchemy import Connection

from clarion_server.adapters.storage.campaigns import SqlCampaignRepository
from clarion_server.adapters.storage.channels import SqlChannelConfigurationRepository
from clarion_server.adapters.storage.events import SqlEventRepository
from clarion_server.adapters.storage.executions import SqlExecutionRepository
from clarion_server.adapters.storage.figures import SqlFigureRepository
from clarion_server.adapters.storage.keys import SqlApiKeyRepository
from clarion_server.adapters.storage.messages import SqlMessageRepository
from clarion_server.adapters.storage.processes import SqlProcessRepository
from clarion_server.adapters.storage.segments import Segments


class SqlUnitOfWork:
    def __init__(self, connection: Connection, segments: Segments) -> None:
        self._transaction = connection.begin()
        self.campaigns = SqlCampaignRepository(connection)
        self.channels = SqlChannelConfigurationRepository(connection)
        self.executions = SqlExecutionRepository(connection)
        self.messages = SqlMessageRepository(connection, segments)
        self.events = SqlEventRepository(connection)
        self.figures = SqlFigureRepository(connection)
        self.keys = SqlApiKeyRepository(connection)
        self.processes = SqlProcessRepository(connection)

    def commit(self) -> None:
        self._transaction.commit()

    def roll_back(self) -> None:
        """Drops what was not committed."""
        self._transaction.close()
