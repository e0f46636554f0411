"""Stores the files that mails carry: their bytes, their names, and what needs them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from clarion_server.adapters.storage.campaigns.attachment_purges import drop_references, purge_attachments, purge_blobs
from clarion_server.adapters.storage.campaigns.campaign_attachments import IS_NAMED
from clarion_server.adapters.storage.rows.access_labels import decode_labels
from clarion_server.adapters.storage.schema import (
    attachment_blobs,
    attachment_references,
    attachment_rows,
    attachments,
    campaign_attachments,
    campaigns,
)
from clarion_server.adapters.storage.statements.bulk import insertion
from clarion_server.application.ports.attachments import AttachmentUse, Blob
from clarion_server.application.ports.repositories import NameTaken
from clarion_server.application.ports.retention import Swept
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.attachments.attachment import Attachment
from clarion_server.domain.instant import Instant

_USE_BLOB = insertion(
    attachment_blobs,
    (
        attachment_blobs.c.sandbox,
        attachment_blobs.c.digest,
        attachment_blobs.c.size,
        attachment_blobs.c.last_used_time,
    ),
    "ON CONFLICT (sandbox, digest) DO UPDATE SET last_used_time = excluded.last_used_time"
    " RETURNING key, complete, last_used_time",
)
_BLOB = select(attachment_blobs.c.digest, *(attachment_blobs.c[name] for name in ("key", "complete", "last_used_time")))
_ADD_ROWS = insertion(attachment_rows, tuple(attachment_rows.columns), "ON CONFLICT DO NOTHING")
_ROWS = (
    select(attachment_rows.c.octets)
    .join_from(attachment_blobs, attachment_rows, attachment_rows.c.blob_key == attachment_blobs.c.key)
    .where(attachment_blobs.c.key == bindparam("key"), attachment_blobs.c.complete)
    .order_by(attachment_rows.c.position)
)
_ADD_REFERENCES = insertion(
    attachment_references,
    (attachment_references.c.blob_key, attachment_references.c.execution_id),
    "ON CONFLICT DO NOTHING",
)
_OF_VERSION = (
    select(attachments)
    .join_from(campaign_attachments, campaigns, campaigns.c.key == campaign_attachments.c.campaign_key)
    .join(attachments, IS_NAMED)
    .where(
        campaign_attachments.c.campaign_key == bindparam("campaign_key"),
        campaign_attachments.c.number == bindparam("number"),
    )
)


class SqlAttachmentRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def blobs(self, sandbox: str, digests: Collection[bytes]) -> dict[bytes, Blob]:
        wanted = _BLOB.where(attachment_blobs.c.sandbox == sandbox, attachment_blobs.c.digest.in_(digests))
        return {digest: Blob(*blob) for digest, *blob in self._connection.execute(wanted)}

    def use_blob(self, sandbox: str, digest: bytes, size: int, now: Instant) -> Blob:
        (row,) = _USE_BLOB.select(self._connection, [(sandbox, digest, size, now)])
        return Blob(row.key, bool(row.complete), row.last_used_time)

    def add_rows(self, blob_key: int, position: int, rows: Sequence[bytes]) -> None:
        _ADD_ROWS.change(self._connection, [(blob_key, position + index, row) for index, row in enumerate(rows)])

    def complete(self, blob_key: int) -> None:
        self._connection.execute(
            update(attachment_blobs).where(attachment_blobs.c.key == blob_key).values(complete=True)
        )

    def read(self, blob_key: int) -> bytes | None:
        rows = self._connection.execute(_ROWS, {"key": blob_key}).scalars().all()
        return b"".join(rows) if rows else None

    def add(self, attachment: Attachment) -> Attachment:
        try:
            # A savepoint lets the transaction go on after a refusal, on every database.
            with self._connection.begin_nested():
                added = insert(attachments).values(_to_row(attachment)).returning(attachments.c.key)
                key = self._connection.execute(added).scalar_one()
        except IntegrityError as error:
            raise NameTaken(attachment.name) from error
        return replace(attachment, key=key)

    def use(self, attachment: Attachment, now: Instant) -> bool:
        used = update(attachments).where(_is(attachment)).values(last_used_time=now)
        return self._connection.execute(used).rowcount > 0

    def get(self, visibility: Visibility, attachment_id: str) -> Attachment | None:
        return self.by_ids(visibility, [attachment_id]).get(attachment_id)

    def by_ids(self, visibility: Visibility, attachment_ids: Collection[str]) -> dict[str, Attachment]:
        return self._read(_named(visibility, attachment_ids)) if attachment_ids else {}

    def hold(self, visibility: Visibility, attachment_ids: Collection[str]) -> dict[str, Attachment]:
        # PostgreSQL alone has such locks. SQLite has one writer at a time.
        return self._read(_named(visibility, attachment_ids).with_for_update(read=True)) if attachment_ids else {}

    def page(self, visibility: Visibility, after: str | None, limit: int) -> list[Attachment]:
        statement = select(attachments).where(attachments.c.sandbox == visibility.sandbox)
        if after is not None:
            statement = statement.where(attachments.c.id > after)
        return list(self._read(statement.order_by(attachments.c.id).limit(limit)).values())

    def delete(self, attachment: Attachment) -> AttachmentUse | None:
        # Whoever holds it first is found by the next statement.
        self._connection.execute(select(attachments.c.key).where(_is(attachment)).with_for_update())
        user = self._user(attachment)
        if user is None:
            self._connection.execute(delete(attachments).where(_is(attachment)))
        return user

    def _user(self, attachment: Attachment) -> AttachmentUse | None:
        naming = (campaigns.c.sandbox == attachment.sandbox, campaign_attachments.c.attachment_id == attachment.id)
        statement = (
            select(campaigns.c.id, campaigns.c.access_labels, campaign_attachments.c.number)
            .join_from(campaign_attachments, campaigns, campaigns.c.key == campaign_attachments.c.campaign_key)
            .where(*naming)
            .order_by(campaigns.c.key, campaign_attachments.c.number)
        )
        row = self._connection.execute(statement.limit(1)).one_or_none()
        if row is None:
            return None
        name = f"campaigns/{row.id}/versions/{row.number}" if row.number else f"campaigns/{row.id}"
        return AttachmentUse(name, decode_labels(row.access_labels))

    def add_references(self, references: Iterable[tuple[int, str]]) -> None:
        _ADD_REFERENCES.change(self._connection, sorted(set(references)))

    def of_version(self, campaign_key: int, number: int) -> Mapping[str, Attachment]:
        return self._read(_OF_VERSION, {"campaign_key": campaign_key, "number": number})

    def drop_references(self, now: Instant, after: int, limit: int) -> Swept[int]:
        return drop_references(self._connection, now, after, limit)

    def purge_attachments(self, before: Instant, now: Instant, limit: int) -> int:
        return purge_attachments(self._connection, before, now, limit)

    def purge_blobs(self, before: Instant, now: Instant, limit: int) -> int:
        return purge_blobs(self._connection, before, now, limit)

    def _read(self, statement: Select[Any], parameters: Mapping[str, Any] | None = None) -> dict[str, Attachment]:
        return {row.id: _from_row(row) for row in self._connection.execute(statement, parameters)}


def _named(visibility: Visibility, attachment_ids: Collection[str]) -> Select[Any]:
    return select(attachments).where(
        attachments.c.sandbox == visibility.sandbox, attachments.c.id.in_(sorted(attachment_ids))
    )


def _is(attachment: Attachment) -> Any:
    return attachments.c.key == attachment.key


def _to_row(attachment: Attachment) -> dict[str, Any]:
    """Returns all columns but the key, which the database assigns."""
    return {
        "sandbox": attachment.sandbox,
        "id": attachment.id,
        "file_name": attachment.file_name,
        "content_type": attachment.content_type,
        "size": attachment.size,
        "digest": attachment.digest,
        "blob_key": attachment.blob_key,
        "create_time": attachment.create_time,
        "creator": attachment.creator,
        "last_used_time": attachment.create_time,
    }


def _from_row(row: Row[Any]) -> Attachment:
    return Attachment(
        sandbox=row.sandbox,
        id=row.id,
        file_name=row.file_name,
        content_type=row.content_type,
        size=row.size,
        digest=bytes(row.digest),
        create_time=row.create_time,
        creator=row.creator,
        blob_key=row.blob_key,
        key=row.key,
    )
