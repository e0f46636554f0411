"""Defines the tables of what building made of the sources of campaign versions."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, Table, Text

from clarion_server.adapters.storage.schema.columns import Key, metadata

# What is sent in place of a source that an author wrote. Versions share it, and nothing changes or deletes it.
built_sources = Table(
    "built_sources",
    metadata,
    Column("key", Key, primary_key=True, autoincrement=True),
    # SHA-256 of the rest of the row.
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("text", Text, nullable=False),
    # The author's line of each tag, when building moved them.
    Column("lines", Text, nullable=False),
    # Where its lines come from, when fragments were written into it.
    Column("places", Text, nullable=False),
)

# Which sources of a version are built, by what identifies them.
campaign_version_sources = Table(
    "campaign_version_sources",
    metadata,
    Column("campaign_key", Key, ForeignKey("campaigns.key", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("source_key", LargeBinary, primary_key=True),
    Column("built_key", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
