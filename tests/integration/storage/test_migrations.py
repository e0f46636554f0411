"""The migrations make the tables that the code expects."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from clarion_server.adapters.storage.migrate import NEWEST
from clarion_server.adapters.storage.migrations import scripts, upgrade
from clarion_server.adapters.storage.schema import metadata
from clarion_server.adapters.storage.sqlite import open_sqlite_store
from sqlalchemy import create_engine


def definitions(path: Path) -> dict[str, str]:
    """Returns the statement that made each table and each index."""
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return {name: re.sub(r"\s+", " ", sql) for name, sql in rows}


@pytest.fixture
def migrated(tmp_path: Path) -> Path:
    """Returns a file whose tables were made by the migrations."""
    path = tmp_path / "migrated.db"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        upgrade(connection, None)
    engine.dispose()
    return path


def test_migrations_and_metadata_say_the_same(migrated: Path) -> None:
    engine = create_engine(f"sqlite:///{migrated}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_migrations_make_the_tables_and_indexes_of_a_new_file(migrated: Path, path: Path) -> None:
    """Compares what `compare_metadata` ignores too: conditions of indexes, numbering, tables without rowids."""
    open_sqlite_store(path).close()
    assert definitions(migrated) == definitions(path)


def test_a_new_file_has_the_schema_of_the_last_migration_and_is_not_migrated_again(path: Path) -> None:
    open_sqlite_store(path).close()
    assert scripts().get_current_head() == NEWEST
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT version_num FROM alembic_version").fetchall() == [(NEWEST,)]
    open_sqlite_store(path).close()


def test_a_process_loads_alembic_only_for_an_older_file(path: Path) -> None:
    opened_twice = (
        "import sys; from clarion_server.adapters.storage.sqlite import open_sqlite_store as open_store;"
        f" open_store({str(path)!r}).close(); open_store({str(path)!r}).close(); print('alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", opened_twice], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_migrations_are_one_line_without_branches() -> None:
    assert len(scripts().get_bases()) == len(scripts().get_heads()) == 1
    assert not [script for script in scripts().walk_revisions() if script.is_branch_point]
