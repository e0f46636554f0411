"""Purges files that nothing needs any more.

What was not used for long is looked at again: if something still needs it, it counts as used now, so that no step looks
at it twice. On PostgreSQL a row is locked before the next statement asks who needs it. So whoever begins to need it
meanwhile either waits until it is gone, or has used it and is seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, bindparam, delete, exists, or_, select, update

from clarion_server.adapters.storage.campaigns.campaign_attachments import IS_NAMED
from clarion_server.adapters.storage.schema import (
    attachment_blobs,
    attachment_references,
    attachment_rows,
    attachments,
    campaign_attachments,
    campaigns,
    messages,
)
from clarion_server.application.ports.retention import Swept
from clarion_server.domain.instant import Instant

#: A blob of 25 MB has a hundred rows, as many as a step of housekeeping deletes.
_ROWS_OF_BLOB = 25

_MAY_BE_SENT = exists().where(
    # This is the condition of `conditions.of_execution`.
    messages.c.id > attachment_references.c.execution_id + "-",
    messages.c.id < attachment_references.c.execution_id + ".",
    messages.c.outcome_time.is_(None),
)
_REFERENCES = (
    select(attachment_references.c.key, attachment_references.c.blob_key, _MAY_BE_SENT.label("may_be_sent"))
    .where(attachment_references.c.key > bindparam("after"))
    .order_by(attachment_references.c.key)
    .limit(bindparam("limit"))
)
_EXECUTION_NEEDS_BLOB = exists().where(attachment_references.c.blob_key == attachment_blobs.c.key)
_ATTACHMENT_NEEDS_BLOB = exists().where(attachments.c.blob_key == attachment_blobs.c.key)
_CONTENT_NAMES = exists().where(campaigns.c.key == campaign_attachments.c.campaign_key, IS_NAMED)
_EXECUTION_NEEDS_ATTACHMENT = exists().where(attachment_references.c.blob_key == attachments.c.blob_key)


def drop_references(connection: Connection, now: Instant, after: int, limit: int) -> Swept[int]:
    rows = connection.execute(_REFERENCES, {"after": after, "limit": limit}).all()
    ended = [row for row in rows if not row.may_be_sent]
    connection.execute(delete(attachment_references).where(attachment_references.c.key.in_([row.key for row in ended])))
    _use(connection, attachment_blobs, sorted({row.blob_key for row in ended}), now)
    return Swept(len(rows), rows[-1].key if rows else after)


def purge_attachments(connection: Connection, before: Instant, now: Instant, limit: int) -> int:
    keys = _lock_unused(connection, attachments, before, limit)
    needed = _select(connection, attachments, keys, or_(_CONTENT_NAMES, _EXECUTION_NEEDS_ATTACHMENT))
    _use(connection, attachments, needed, now)
    connection.execute(delete(attachments).where(attachments.c.key.in_(set(keys) - set(needed))))
    return len(keys)


def purge_blobs(connection: Connection, before: Instant, now: Instant, limit: int) -> int:
    keys = _lock_unused(connection, attachment_blobs, before, max(limit // _ROWS_OF_BLOB, 1))
    needed = _select(connection, attachment_blobs, keys, or_(_ATTACHMENT_NEEDS_BLOB, _EXECUTION_NEEDS_BLOB))
    _use(connection, attachment_blobs, needed, now)
    gone = set(keys) - set(needed)
    connection.execute(delete(attachment_rows).where(attachment_rows.c.blob_key.in_(gone)))
    connection.execute(delete(attachment_blobs).where(attachment_blobs.c.key.in_(gone)))
    return len(keys)


def _lock_unused(connection: Connection, table: Table, before: Instant, limit: int) -> list[int]:
    oldest = select(table.c.key).where(table.c.last_used_time < before).order_by(table.c.last_used_time)
    return list(connection.execute(oldest.limit(limit).with_for_update(skip_locked=True)).scalars())


def _select(connection: Connection, table: Table, keys: Sequence[int], condition: ColumnElement[bool]) -> list[int]:
    needed = select(table.c.key).where(table.c.key.in_(keys), condition)
    return list(connection.execute(needed).scalars())


def _use(connection: Connection, table: Table, keys: Sequence[int], now: Instant) -> None:
    used: Any = update(table).where(table.c.key.in_(keys)).values(last_used_time=now)
    connection.execute(used)
