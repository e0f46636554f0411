"""Tables of audiences, and of the lists of identities that some of them have."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, Table, Text, UniqueConstraint

from clarion_server.adapters.storage.schema.columns import Bytewise, Instant, Key, access_columns, metadata

audiences = Table(
    "audiences",
    metadata,
    Column("key", Key, primary_key=True, autoincrement=True),
    Column("sandbox", Bytewise, nullable=False),
    Column("id", Bytewise, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("description", Text, nullable=False),
    # Null for an audience that is a list.
    Column("condition", Text),
    # It is the list whose members are the audience's, and null for an audience by a condition.
    Column("list_key", BigInteger),
    Column("create_time", Instant, nullable=False),
    Column("update_time", Instant, nullable=False),
    *access_columns(),
    UniqueConstraint("sandbox", "id"),
    # A key is never assigned again: etags refer to it.
    sqlite_autoincrement=True,
)

# An audience has one list, and one more for each upload that will replace it. Those that no audience needs any more are
# purged some thousand members at a time, since a list may have ten million.
audience_lists = Table(
    "audience_lists",
    metadata,
    Column("key", Key, primary_key=True, autoincrement=True),
    Column("sandbox", Bytewise, nullable=False),
    Column("audience_key", BigInteger, nullable=False),
    # It is the caller's id of the upload, and empty for the list with which the audience was created.
    Column("upload_id", Bytewise, nullable=False),
    Column("identity_count", BigInteger, nullable=False),
    Column("update_time", Instant, nullable=False),
    # It says when this became the audience's list, and is null while it is uploaded.
    Column("complete_time", Instant),
    # When another list took its place, or the audience was deleted.
    Column("replace_time", Instant),
    UniqueConstraint("audience_key", "upload_id"),
    # Members refer to a list until they are purged, after its audience may be gone.
    sqlite_autoincrement=True,
)

audience_members = Table(
    "audience_members",
    metadata,
    # This is no foreign key: members are written by the million, and checking a key takes time for each row.
    Column("list_key", BigInteger, primary_key=True, autoincrement=False),
    Column("namespace", Bytewise, primary_key=True),
    Column("normal_value", Bytewise, primary_key=True),
    # The identity as it was written.
    Column("value", Text, nullable=False),
    sqlite_with_rowid=False,
)
