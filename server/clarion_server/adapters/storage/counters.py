"""The counters behind the reports."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, func, select

from clarion_server.adapters.storage.bulk import insertion
from clarion_server.adapters.storage.schema import figures
from clarion_server.application.ports.queries import CounterKey

_ADD = insertion(
    figures,
    tuple(figures.columns),
    "ON CONFLICT (campaign_key, version, metric, shard) DO UPDATE SET count = figures.count + excluded.count",
)


class SqlCounterRepository:
    def __init__(self, connection: Connection, shard: int) -> None:
        """Whoever writes at the same time has another shard, or waits."""
        self._connection = connection
        self._shard = shard

    def add(self, increments: Mapping[CounterKey, int]) -> None:
        _ADD.change(
            self._connection,
            # In one order for all: two that share a shard must not wait for one another.
            sorted(
                (key.campaign_key, key.version, key.metric, self._shard, count) for key, count in increments.items()
            ),
        )

    def of_campaign(self, campaign_key: int | None, version: int | None) -> dict[str, int]:
        statement = select(figures.c.metric, func.sum(figures.c.count)).group_by(figures.c.metric)
        if campaign_key is not None:
            statement = statement.where(figures.c.campaign_key == campaign_key)
        if version is not None:
            statement = statement.where(figures.c.version == version)
        return {metric: int(count) for metric, count in self._connection.execute(statement)}
