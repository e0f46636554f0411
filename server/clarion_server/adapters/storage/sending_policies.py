"""Stores sending policies."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, Row

from clarion_server.adapters.storage.bulk import BulkStatement, Values
from clarion_server.adapters.storage.json_columns import CAPS, CATEGORIES, WALL_INTERVALS
from clarion_server.adapters.storage.resources import SqlResourceRepository
from clarion_server.adapters.storage.schema import sending_policies
from clarion_server.domain.sending_policy import SendingPolicy, TimeZoneSource, WhenClosed

_NAMED = BulkStatement(
    "SELECT sending_policies.* FROM ({rows}) AS wanted CROSS JOIN sending_policies"
    " WHERE sending_policies.sandbox = wanted.column1 AND sending_policies.id = wanted.column2",
    Values(sending_policies.c.sandbox, sending_policies.c.id),
)


class SqlSendingPolicyRepository(SqlResourceRepository[SendingPolicy]):
    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, sending_policies, _to_row, _from_row)

    def named(self, names: Collection[tuple[str, str]]) -> dict[tuple[str, str], SendingPolicy]:
        found = map(self._resource_of, _NAMED.select(self._connection, list(names)))
        return {(policy.sandbox, policy.id): policy for policy in found}


def _to_row(policy: SendingPolicy) -> dict[str, Any]:
    return {
        "display_name": policy.display_name,
        "categories": CATEGORIES.encode(policy.categories),
        "quiet_hours": WALL_INTERVALS.encode(policy.quiet_hours),
        "send_windows": WALL_INTERVALS.encode(policy.send_windows),
        "time_zone_source": policy.time_zone_source,
        "time_zone": policy.time_zone,
        "when_closed": policy.when_closed,
        "caps": CAPS.encode(policy.caps),
        "rate": policy.rate,
    }


def _from_row(row: Row[Any], common: Mapping[str, Any]) -> SendingPolicy:
    return SendingPolicy(
        **common,
        display_name=row.display_name,
        time_zone=row.time_zone,
        categories=CATEGORIES.decode(row.categories),
        quiet_hours=WALL_INTERVALS.decode(row.quiet_hours),
        send_windows=WALL_INTERVALS.decode(row.send_windows),
        time_zone_source=TimeZoneSource(row.time_zone_source),
        when_closed=WhenClosed(row.when_closed),
        caps=CAPS.decode(row.caps),
        rate=row.rate,
    )
