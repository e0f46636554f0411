"""Stores the lists of audiences and their members."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, exists, insert, or_, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from clarion_server.adapters.storage.rows.json_rows import RowsReader
from clarion_server.adapters.storage.schema import audience_lists, audience_members, audience_runs, audiences
from clarion_server.adapters.storage.statements.bulk import insertion
from clarion_server.application.ports.store import WriteConflict
from clarion_server.domain.audiences.audience import Audience, IdentityList
from clarion_server.domain.audiences.audience_run import RunState
from clarion_server.domain.instant import Instant
from clarion_server.domain.people.identity import Identity, IdentityKey

_ADD_MEMBERS = insertion(
    audience_members, tuple(audience_members.columns), "ON CONFLICT DO NOTHING RETURNING namespace, normal_value"
)
_IDENTITY = tuple_(audience_members.c.namespace, audience_members.c.normal_value)
_OF_LIST = audience_members.c.list_key == bindparam("list_key")
_BEHIND = (
    select(audience_members.c.namespace, audience_members.c.normal_value, audience_members.c.value)
    .where(_OF_LIST, tuple_(bindparam("namespace"), bindparam("normal_value")) < _IDENTITY)
    .order_by(audience_members.c.namespace, audience_members.c.normal_value)
)
_MEMBERS = RowsReader(_BEHIND.limit(bindparam("limit")))
_MEMBER_BEHIND = _BEHIND.limit(1).offset(bindparam("skipped"))
_DELETE_MEMBERS = delete(audience_members).where(
    _OF_LIST,
    _IDENTITY.in_(
        select(audience_members.c.namespace, audience_members.c.normal_value)
        .where(_OF_LIST)
        .order_by(audience_members.c.namespace, audience_members.c.normal_value)
        .limit(bindparam("limit"))
    ),
)

# Selecting ten million members may take longer than a replaced list is kept.
_MAY_BE_SELECTED = exists().where(
    audiences.c.key == audience_lists.c.audience_key,
    audience_runs.c.sandbox == audiences.c.sandbox,
    audience_runs.c.audience == audiences.c.id,
    audience_runs.c.state == RunState.SELECTING,
    audience_runs.c.end_time.is_(None),
)


class SqlAudienceLists:
    """Is the part of the repository of audiences that is about their lists."""

    _connection: Connection

    def lists_of(self, audience: Audience) -> dict[str, IdentityList]:
        rows = self._connection.execute(select(audience_lists).where(audience_lists.c.audience_key == audience.key))
        return {row.upload_id: list_from_row(row.key, row.update_time, row) for row in rows}

    def add_list(self, audience: Audience, upload_id: str, now: Instant) -> IdentityList:
        row = {
            "sandbox": audience.sandbox,
            "audience_key": audience.key,
            "upload_id": upload_id,
            "identity_count": 0,
            "update_time": now,
        }
        try:
            added = insert(audience_lists).values(row).returning(audience_lists.c.key)
            key = self._connection.execute(added).scalar_one()
        except IntegrityError as error:
            raise WriteConflict(audience.name) from error
        return IdentityList(key, upload_id, 0, now, None)

    def members(self, list_key: int, after: IdentityKey, limit: int) -> list[Identity]:
        wanted = {"list_key": list_key, "namespace": after.namespace, "normal_value": after.value, "limit": limit}
        rows = _MEMBERS.read(self._connection, wanted)
        return [Identity(IdentityKey(namespace, normal_value), value) for namespace, normal_value, value in rows]

    def member_behind(self, list_key: int, after: IdentityKey, skipped: int) -> Identity | None:
        wanted = {"list_key": list_key, "namespace": after.namespace, "normal_value": after.value, "skipped": skipped}
        row = self._connection.execute(_MEMBER_BEHIND, wanted).one_or_none()
        return None if row is None else Identity(IdentityKey(row.namespace, row.normal_value), row.value)

    def add_members(self, listed: IdentityList, identities: Sequence[Identity], now: Instant) -> set[IdentityKey]:
        # In one order: transactions that add several of the same identities wait for each other, and none for itself.
        rows = sorted((listed.key, *identity.key, identity.value) for identity in identities)
        added = {IdentityKey(*row) for row in _ADD_MEMBERS.select(self._connection, rows)}
        changes = {"identity_count": audience_lists.c.identity_count + len(added), "update_time": now}
        needed = (audience_lists.c.key == listed.key, audience_lists.c.replace_time.is_(None))
        if self._connection.execute(update(audience_lists).where(*needed).values(changes)).rowcount == 0:
            raise WriteConflict("Another list has taken the place of this one.")
        return added

    def complete(self, audience: Audience, listed: IdentityList, now: Instant) -> None:
        # The row of the audience comes first: of two uploads that are completed at once, one waits here for the other.
        owner = update(audiences).where(audiences.c.key == audience.key).values(list_key=listed.key)
        if self._connection.execute(owner).rowcount == 0:
            raise WriteConflict(audience.name)
        former = (
            audience_lists.c.audience_key == audience.key,
            audience_lists.c.complete_time.is_not(None),
            audience_lists.c.replace_time.is_(None),
        )
        self._connection.execute(update(audience_lists).where(*former).values(replace_time=now))
        completed = update(audience_lists).where(audience_lists.c.key == listed.key).values(complete_time=now)
        self._connection.execute(completed)

    def replace_lists(self, audience: Audience, now: Instant) -> None:
        current = (audience_lists.c.audience_key == audience.key, audience_lists.c.replace_time.is_(None))
        self._connection.execute(update(audience_lists).where(*current).values(replace_time=now))

    def purge_lists(self, abandoned: Instant, replaced: Instant, limit: int) -> int:
        unneeded = or_(
            audience_lists.c.replace_time < replaced,
            audience_lists.c.complete_time.is_(None) & (audience_lists.c.update_time < abandoned),
        )
        purgeable = select(audience_lists.c.key).where(unneeded, ~_MAY_BE_SELECTED).limit(1)
        found = purgeable.with_for_update(skip_locked=True, of=audience_lists)
        key = self._connection.execute(found).scalar_one_or_none()
        if key is None:
            return 0
        # Nobody goes on with an upload of which a part is deleted.
        over = (audience_lists.c.key == key, audience_lists.c.replace_time.is_(None))
        self._connection.execute(update(audience_lists).where(*over).values(replace_time=abandoned))
        deleted = self._connection.execute(_DELETE_MEMBERS, {"list_key": key, "limit": limit}).rowcount
        if deleted == limit:
            return deleted
        self._connection.execute(delete(audience_lists).where(audience_lists.c.key == key))
        return deleted + 1


def list_from_row(key: int, update_time: Instant, row: Row[Any]) -> IdentityList:
    return IdentityList(key, row.upload_id, row.identity_count, update_time, row.complete_time, row.replace_time)
