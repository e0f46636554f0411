"""Defines the tables of fragments, their versions, and what names them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from clarion_server.adapters.storage.schema.columns import Bytewise, Instant, Key, access_columns, metadata

fragments = Table(
    "fragments",
    metadata,
    Column("key", Key, primary_key=True, autoincrement=True),
    Column("sandbox", Bytewise, nullable=False),
    Column("id", Bytewise, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("description", Text, nullable=False),
    # These columns are the draft.
    Column("content", Text, nullable=False),
    Column("published_version", Integer, nullable=False),
    Column("published_digest", Text, nullable=False),
    # It is that of the draft, and null when that is not submitted.
    Column("approval_state", Text),
    Column("draft_editors", Text, nullable=False),
    Column("create_time", Instant, nullable=False),
    Column("update_time", Instant, nullable=False),
    Column("archive_time", Instant),
    *access_columns(),
    UniqueConstraint("sandbox", "id"),
    # A key is never assigned again: versions and etags refer to it.
    sqlite_autoincrement=True,
)

fragment_versions = Table(
    "fragment_versions",
    metadata,
    Column("fragment_key", Key, ForeignKey("fragments.key", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("content", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("create_time", Instant, nullable=False),
    Column("creator", Text, nullable=False),
    Column("approvers", Text, nullable=False),
    Column("bypass_reason", Text, nullable=False),
)

# The fragments that fragments name. The number 0 stands for the draft, and the version 0 for the newest one.
fragment_references = Table(
    "fragment_references",
    metadata,
    Column("fragment_key", Key, ForeignKey("fragments.key", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("fragment_id", Bytewise, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
Index("fragment_references_id", fragment_references.c.fragment_id)

# The fragments that campaigns have. The number 0 stands for the draft, in which the version 0 is the newest one. Other
# rows are of versions of campaigns, and say which version of the fragment each of them is pinned to.
campaign_fragments = Table(
    "campaign_fragments",
    metadata,
    Column("campaign_key", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("fragment_id", Bytewise, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
Index("campaign_fragments_id", campaign_fragments.c.fragment_id)
