"""Tables of the files that mails carry: their bytes, their names, and what needs them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Table, Text, UniqueConstraint, false

from clarion_server.adapters.storage.schema.columns import Bytewise, Instant, Key, metadata

# The bytes of a file. A sandbox has the same bytes once, whoever brought them.
attachment_blobs = Table(
    "attachment_blobs",
    metadata,
    Column("key", Key, primary_key=True, autoincrement=True),
    Column("sandbox", Bytewise, nullable=False),
    # SHA-256.
    Column("digest", LargeBinary, nullable=False),
    Column("size", BigInteger, nullable=False),
    # False until the last of its rows is there.
    Column("complete", Boolean, nullable=False, server_default=false()),
    Column("last_used_time", Instant, nullable=False),
    UniqueConstraint("sandbox", "digest"),
    # A key is never assigned again: messages refer to it.
    sqlite_autoincrement=True,
)
# Finds what nothing has used for long.
Index("attachment_blobs_last_used_time", attachment_blobs.c.last_used_time)

attachment_rows = Table(
    "attachment_rows",
    metadata,
    Column("blob_key", BigInteger, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("octets", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

# The files that have names.
attachments = Table(
    "attachments",
    metadata,
    Column("key", Key, primary_key=True, autoincrement=True),
    Column("sandbox", Bytewise, nullable=False),
    Column("id", Bytewise, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("blob_key", BigInteger, nullable=False),
    Column("create_time", Instant, nullable=False),
    Column("creator", Text, nullable=False),
    Column("last_used_time", Instant, nullable=False),
    UniqueConstraint("sandbox", "id"),
)
Index("attachments_blob_key", attachments.c.blob_key)
Index("attachments_last_used_time", attachments.c.last_used_time)

# The executions whose recipients' mails carry a blob: one row, however many recipients there are.
attachment_references = Table(
    "attachment_references",
    metadata,
    Column("key", Key, primary_key=True, autoincrement=True),
    Column("blob_key", BigInteger, nullable=False),
    Column("execution_id", Bytewise, nullable=False),
    UniqueConstraint("blob_key", "execution_id"),
)

# The attachments that contents name. The number 0 stands for the draft.
campaign_attachments = Table(
    "campaign_attachments",
    metadata,
    Column("campaign_key", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("attachment_id", Bytewise, primary_key=True),
    sqlite_with_rowid=False,
)
Index("campaign_attachments_id", campaign_attachments.c.attachment_id)
