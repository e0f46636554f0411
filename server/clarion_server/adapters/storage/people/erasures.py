"""Stores whom to erase, and finds and removes what is left of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from clarion_server.adapters.storage.messages.message_rows import read_messages, select_messages
from clarion_server.adapters.storage.messages.recipient_index import all_segments
from clarion_server.adapters.storage.people.blanking import (
    blank_events,
    blank_executions,
    blank_messages,
    remove_from_lists,
    remove_from_runs,
)
from clarion_server.adapters.storage.people.erasure_search import find_executions, find_messages
from clarion_server.adapters.storage.rows.json_columns import IDENTITY_KEYS, PROFILE_KEYS
from clarion_server.adapters.storage.rows.json_rows import RowsReader
from clarion_server.adapters.storage.schema import (
    erasures,
    messages,
    profile_aliases,
)
from clarion_server.application.ports.erasures import SweptExecutions, SweptMessages
from clarion_server.domain.messages.message import Message, MessageState
from clarion_server.domain.people.erasure import Erasure
from clarion_server.domain.people.identity import IdentityKey
from clarion_server.domain.people.profile import Profile

_table = erasures
_ADD = insert(_table).returning(_table.c.key)
_ALL = select(_table).order_by(_table.c.key)
_KEYS = select(_table.c.profile_keys)
_FORMER_KEYS = select(profile_aliases.c.former_key).where(profile_aliases.c.profile_key == bindparam("key"))
_LAST_MESSAGE = select(func.max(messages.c.key))
_WAITING = (MessageState.QUEUED, MessageState.SENDING)
_BY_KEYS = select_messages().where(messages.c.key.in_(bindparam("keys", expanding=True)))
_OF_KEYS = RowsReader(_BY_KEYS.order_by(messages.c.key))
_OF_KEYS_LOCKED = RowsReader(_BY_KEYS.order_by(messages.c.key).with_for_update(of=messages))
_EXISTING = select(messages.c.key).where(messages.c.key.in_(bindparam("keys", expanding=True))).order_by(messages.c.key)
_TRANSACTION = "SELECT pg_current_xact_id()::text::bigint"
_OLDEST_TRANSACTION = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"


class SqlErasureRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._is_postgresql = connection.dialect.name == "postgresql"

    def add(self, erasure: Erasure) -> Erasure:
        transaction = self._connection.exec_driver_sql(_TRANSACTION).scalar_one() if self._is_postgresql else None
        row = {**_to_row(erasure), "transaction": transaction}
        key: int = self._connection.execute(_ADD, row).scalar_one()
        return replace(erasure, key=key)

    def pending(self) -> list[Erasure]:
        return [_from_row(row) for row in self._connection.execute(_ALL)]

    def profile_keys(self) -> set[int]:
        return {key for keys in self._connection.execute(_KEYS).scalars() for key in PROFILE_KEYS.decode(keys)}

    def save(self, erasure: Erasure) -> None:
        self._connection.execute(update(_table).where(_table.c.key == erasure.key).values(_to_row(erasure)))

    def remove(self, erasure: Erasure) -> None:
        self._connection.execute(delete(_table).where(_table.c.key == erasure.key))

    def former_keys(self, profile: Profile) -> set[int]:
        return set(self._connection.execute(_FORMER_KEYS, {"key": profile.key}).scalars())

    def last_message(self) -> int:
        return self._connection.execute(_LAST_MESSAGE).scalar_one() or 0

    def waiting_messages(self, sandbox: str, identities: Collection[str]) -> list[Message]:
        segments = all_segments()
        in_segment = messages.c.segment == segments.c.segment
        of_identities = (messages.c.identity.in_(identities), messages.c.sandbox == sandbox)
        ids = select(messages.c.id).join_from(segments, messages, in_segment).where(*of_identities)
        found = self._connection.execute(ids.where(messages.c.state.in_(_WAITING))).scalars()
        waiting = select_messages().where(messages.c.id.in_(list(found))).order_by(messages.c.id)
        return read_messages(self._connection, RowsReader(waiting))

    def is_settled(self, erasure: Erasure) -> bool:
        if not self._is_postgresql:
            return True
        began = select(_table.c.transaction).where(_table.c.key == erasure.key)
        transaction = self._connection.execute(began).scalar_one_or_none() or 0
        oldest: int = self._connection.exec_driver_sql(_OLDEST_TRANSACTION).scalar_one()
        return transaction < oldest

    def sweep_messages(self, erasure: Erasure, limit: int, most: int) -> SweptMessages:
        return find_messages(self._connection, erasure, limit, most)

    def sweep_executions(self, erasure: Erasure, limit: int) -> SweptExecutions:
        return find_executions(self._connection, erasure, limit)

    def messages(self, keys: Collection[int]) -> dict[int, Message]:
        if not keys:
            return {}
        wanted = {"keys": list(keys)}
        found = read_messages(self._connection, _OF_KEYS_LOCKED if self._is_postgresql else _OF_KEYS, wanted)
        return dict(zip(self._connection.execute(_EXISTING, wanted).scalars(), found, strict=True))

    def blank_messages(self, messages: dict[int, Message]) -> None:
        blank_messages(self._connection, messages)
        blank_events(self._connection, [message.id for message in messages.values()])

    def blank_executions(self, ids: Collection[str]) -> None:
        blank_executions(self._connection, ids)

    def remove_from_audiences(self, erasure: Erasure, profile_key: int) -> None:
        for identity in sorted(erasure.identities):
            remove_from_lists(self._connection, erasure.sandbox, identity)
            remove_from_runs(self._connection, erasure.sandbox, identity, profile_key)


def _to_row(erasure: Erasure) -> dict[str, Any]:
    """Returns all columns but the key and the transaction."""
    return {
        "sandbox": erasure.sandbox,
        "profile_id": erasure.profile_id,
        "profile_keys": PROFILE_KEYS.encode(tuple(sorted(erasure.profile_keys))),
        "identities": IDENTITY_KEYS.encode(tuple((each.namespace, each.value) for each in sorted(erasure.identities))),
        "keeps_addresses": erasure.keeps_addresses,
        "actor": erasure.actor,
        "begin_time": erasure.begin_time,
        "last_message": erasure.last_message,
        "position": erasure.position,
        "revisited": erasure.revisited,
        "last_execution": erasure.last_execution,
        "is_swept": erasure.is_swept,
        "cancelled_count": erasure.cancelled_count,
        "message_count": erasure.message_count,
        "address_count": erasure.address_count,
    }


def _from_row(row: Row[Any]) -> Erasure:
    return Erasure(
        sandbox=row.sandbox,
        profile_id=row.profile_id,
        profile_keys=frozenset(PROFILE_KEYS.decode(row.profile_keys)),
        identities=frozenset(IdentityKey(*identity) for identity in IDENTITY_KEYS.decode(row.identities)),
        keeps_addresses=row.keeps_addresses,
        actor=row.actor,
        begin_time=row.begin_time,
        last_message=row.last_message,
        position=row.position,
        revisited=row.revisited,
        last_execution=row.last_execution,
        is_swept=row.is_swept,
        cancelled_count=row.cancelled_count,
        message_count=row.message_count,
        address_count=row.address_count,
        key=row.key,
    )
