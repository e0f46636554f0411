"""The migrations make the tables that the code expects."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from clarion_server.adapters.storage.migrate import scripts
from clarion_server.adapters.storage.schema import metadata
from clarion_server.adapters.storage.store import SqlStore
from sqlalchemy import create_engine


def definitions(path: Path) -> dict[str, str]:
    """Returns the statement that made each table and each index, without Alembic's own."""
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return {name: re.sub(r"\s+", " ", sql) for name, sql in rows if name != "alembic_version"}


def test_migrations_and_metadata_say_the_same(store: SqlStore) -> None:
    with store._writer.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    assert differences == []


def test_migrations_and_metadata_make_the_same_tables_and_indexes(store: SqlStore, path: Path, tmp_path: Path) -> None:
    """Compares what `compare_metadata` ignores too: conditions of indexes, numbering, tables without rowids."""
    made_at_once = tmp_path / "made_at_once.db"
    engine = create_engine(f"sqlite:///{made_at_once}")
    metadata.create_all(engine)
    engine.dispose()
    assert definitions(path) == definitions(made_at_once)


def test_migrations_are_one_line_without_branches() -> None:
    assert len(scripts().get_bases()) == len(scripts().get_heads()) == 1
    assert not [script for script in scripts().walk_revisions() if script.is_branch_point]
