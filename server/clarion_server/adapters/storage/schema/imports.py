"""Tables of imports that are made of many requests."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Table, Text, UniqueConstraint

from clarion_server.adapters.storage.schema.columns import Bytewise, Instant, Key, metadata

imports = Table(
    "imports",
    metadata,
    Column("key", Key, primary_key=True, autoincrement=True),
    Column("sandbox", Bytewise, nullable=False),
    # What is imported into, such as profiles or audiences/gold.
    Column("collection", Bytewise, nullable=False),
    # It is the caller's id.
    Column("id", Bytewise, nullable=False),
    Column("row_count", BigInteger, nullable=False),
    Column("update_time", Instant, nullable=False),
    UniqueConstraint("sandbox", "collection", "id"),
)
# Finds the imports to be purged.
Index("imports_update_time", imports.c.update_time)

# What the last rows of an import came to, for callers who lost their answers. They are written some hundred at a time.
import_results = Table(
    "import_results",
    metadata,
    Column("import_key", BigInteger, primary_key=True, autoincrement=False),
    # How many rows of the import come before the first of these.
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("results", Text, nullable=False),
    sqlite_with_rowid=False,
)
