"""Stores sending policies."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any, cast

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from clarion_server.adapters.storage.bulk import BulkStatement, Values
from clarion_server.adapters.storage.json_columns import CAPS, CATEGORIES, WALL_INTERVALS
from clarion_server.adapters.storage.schema import policy_turns, sending_policies
from clarion_server.application.ports.repositories import NameTaken
from clarion_server.application.ports.store import WriteConflict
from clarion_server.domain.access import Visibility
from clarion_server.domain.instant import Instant, Span
from clarion_server.domain.sending_policy import SendingPolicy, TimeZoneSource, WhenClosed

_NAMED = BulkStatement(
    "SELECT sending_policies.* FROM ({rows}) AS wanted CROSS JOIN sending_policies"
    " WHERE sending_policies.sandbox = wanted.column1 AND sending_policies.id = wanted.column2",
    Values(sending_policies.c.sandbox, sending_policies.c.id),
)
# Turns begin now, or behind those that were taken before.
_TAKE_TURNS = BulkStatement(
    "INSERT INTO policy_turns (policy_key, next_time) {rows}"
    " ON CONFLICT (policy_key) DO UPDATE SET next_time = CASE"
    " WHEN policy_turns.next_time + {one} > excluded.next_time THEN policy_turns.next_time + {one}"
    " ELSE excluded.next_time END RETURNING policy_turns.next_time",
    Values(policy_turns.c.policy_key, policy_turns.c.next_time),
)


class SqlSendingPolicyRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, policy: SendingPolicy) -> SendingPolicy:
        try:
            # A savepoint lets the transaction go on after a refusal, on every database.
            with self._connection.begin_nested():
                added = insert(sending_policies).values(_to_row(policy)).returning(sending_policies.c.key)
                key = self._connection.execute(added).scalar_one()
        except IntegrityError as error:
            raise NameTaken(policy.name) from error
        return replace(policy, key=key)

    def get(self, visibility: Visibility, policy_id: str) -> SendingPolicy | None:
        name = (visibility.sandbox, policy_id)
        return self.named([name]).get(name)

    def named(self, names: Collection[tuple[str, str]]) -> dict[tuple[str, str], SendingPolicy]:
        found = map(_from_row, _NAMED.select(self._connection, list(names)))
        return {(policy.sandbox, policy.id): policy for policy in found}

    def take_turns(self, key: int, span: Span, now: Instant) -> Instant:
        (row,) = _TAKE_TURNS.select(self._connection, [(key, now + span)], after=(span, span))
        return cast("Instant", row.next_time) - span

    def save(self, policy: SendingPolicy) -> None:
        before = (sending_policies.c.key == policy.key, sending_policies.c.revision == policy.revision - 1)
        if self._connection.execute(update(sending_policies).where(*before).values(_to_row(policy))).rowcount == 0:
            raise WriteConflict(policy.name)

    def delete(self, policy: SendingPolicy) -> None:
        same = (sending_policies.c.key == policy.key, sending_policies.c.revision == policy.revision)
        if self._connection.execute(delete(sending_policies).where(*same)).rowcount == 0:
            raise WriteConflict(policy.name)
        self._connection.execute(delete(policy_turns).where(policy_turns.c.policy_key == policy.key))

    def page(self, visibility: Visibility, after: str | None, limit: int) -> list[SendingPolicy]:
        statement = select(sending_policies).where(sending_policies.c.sandbox == visibility.sandbox)
        if after is not None:
            statement = statement.where(sending_policies.c.id > after)
        rows = self._connection.execute(statement.order_by(sending_policies.c.id).limit(limit))
        return [_from_row(row) for row in rows]

    def count(self, visibility: Visibility) -> int:
        own = sending_policies.c.sandbox == visibility.sandbox
        return self._connection.execute(select(func.count()).where(own)).scalar_one()


def _to_row(policy: SendingPolicy) -> dict[str, Any]:
    """Returns all columns but the key, which the database assigns."""
    return {
        "sandbox": policy.sandbox,
        "id": policy.id,
        "revision": policy.revision,
        "display_name": policy.display_name,
        "categories": CATEGORIES.encode(policy.categories),
        "quiet_hours": WALL_INTERVALS.encode(policy.quiet_hours),
        "send_windows": WALL_INTERVALS.encode(policy.send_windows),
        "time_zone_source": policy.time_zone_source,
        "time_zone": policy.time_zone,
        "when_closed": policy.when_closed,
        "caps": CAPS.encode(policy.caps),
        "rate": policy.rate,
        "create_time": policy.create_time,
        "update_time": policy.update_time,
    }


def _from_row(row: Row[Any]) -> SendingPolicy:
    return SendingPolicy(
        sandbox=row.sandbox,
        id=row.id,
        display_name=row.display_name,
        time_zone=row.time_zone,
        create_time=row.create_time,
        update_time=row.update_time,
        categories=CATEGORIES.decode(row.categories),
        quiet_hours=WALL_INTERVALS.decode(row.quiet_hours),
        send_windows=WALL_INTERVALS.decode(row.send_windows),
        time_zone_source=TimeZoneSource(row.time_zone_source),
        when_closed=WhenClosed(row.when_closed),
        caps=CAPS.decode(row.caps),
        rate=row.rate,
        key=row.key,
        revision=row.revision,
    )
