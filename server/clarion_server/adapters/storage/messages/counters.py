"""Adds to the counters behind the reports, and sums them up."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, Select, Table, func, select, tuple_

from clarion_server.adapters.storage.schema import counters, latencies
from clarion_server.adapters.storage.statements.bulk import BulkStatement, insertion
from clarion_server.domain.audiences.condition import FailureCause
from clarion_server.domain.events.counter import CounterKey, FailedRule, LatencyKey, Metric


def _addition(table: Table) -> BulkStatement:
    """Returns the statement that adds to counters of the table, which begin at 0."""
    key = ", ".join(column.name for column in table.primary_key)
    add = f"DO UPDATE SET count = {table.name}.count + excluded.count"
    return insertion(table, tuple(table.columns), f"ON CONFLICT ({key}) {add}")


_ADD = _addition(counters)
_ADD_LATENCIES = _addition(latencies)


class SqlCounterRepository:
    def __init__(self, connection: Connection, shard: int) -> None:
        """`shard` differs between processes that write at the same time; with the same one they would wait for each
        other's rows.
        """
        self._connection = connection
        self._shard = shard

    def add(self, increments: Mapping[CounterKey, int]) -> None:
        # Sorted, so that two processes that share a shard take rows in one order and do not deadlock.
        rows = sorted(
            (*dimensions, str(metric), reason, self._shard, count)
            for (*dimensions, metric, reason), count in increments.items()
        )
        _ADD.change(self._connection, rows)

    def add_latencies(self, increments: Mapping[LatencyKey, int]) -> None:
        _ADD_LATENCIES.change(self._connection, sorted((*key, self._shard, count) for key, count in increments.items()))

    def of_campaign(self, campaign_key: int | None, version: int | None) -> dict[tuple[Metric, str], int]:
        key = (counters.c.metric, counters.c.reason)
        statement = _of_campaign(select(*key, func.sum(counters.c.count)), counters, campaign_key, version)
        rows = self._connection.execute(statement.group_by(*key))
        return {(Metric(metric), reason): int(count) for metric, reason, count in rows}

    def by_locale(self, campaign_key: int, version: int | None) -> dict[tuple[str, Metric], int]:
        key = (counters.c.locale, counters.c.metric)
        statement = _of_campaign(select(*key, func.sum(counters.c.count)), counters, campaign_key, version)
        rows = self._connection.execute(statement.where(counters.c.metric != Metric.RULE_FAILED).group_by(*key))
        return {(locale, Metric(metric)): int(count) for locale, metric, count in rows}

    def by_rule(self, campaign_key: int, version: int | None) -> dict[tuple[str, str, Metric], int]:
        key = (counters.c.action, counters.c.rule, counters.c.metric)
        statement = _of_campaign(select(*key, func.sum(counters.c.count)), counters, campaign_key, version)
        rows = self._connection.execute(statement.group_by(*key))
        return {(action, rule, Metric(metric)): int(count) for action, rule, metric, count in rows}

    def failed_rules(self, versions: Collection[tuple[int, int]], since: int) -> list[FailedRule]:
        key = (counters.c.campaign_key, counters.c.action, counters.c.rule, counters.c.reason)
        statement = select(*key, func.sum(counters.c.count)).where(
            tuple_(counters.c.campaign_key, counters.c.version).in_(versions),
            counters.c.metric == Metric.RULE_FAILED,
            counters.c.day >= since,
        )
        rows = self._connection.execute(statement.group_by(*key).order_by(*key))
        return [
            FailedRule(campaign_key, action, rule, FailureCause(cause), int(count))
            for campaign_key, action, rule, cause, count in rows
        ]

    def latencies(self, campaign_key: int, version: int | None) -> dict[int, int]:
        bucket = latencies.c.bucket
        statement = _of_campaign(select(bucket, func.sum(latencies.c.count)), latencies, campaign_key, version)
        return {number: int(count) for number, count in self._connection.execute(statement.group_by(bucket))}


def _of_campaign(statement: Select[Any], table: Table, campaign_key: int | None, version: int | None) -> Select[Any]:
    if campaign_key is not None:
        statement = statement.where(table.c.campaign_key == campaign_key)
    return statement if version is None else statement.where(table.c.version == version)
