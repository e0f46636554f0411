"""The migrations make the tables that the code expects, without locking a large table for long."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from clarion_server.adapters.storage.migrations import upgrade
from clarion_server.adapters.storage.schema import metadata
from sqlalchemy import Engine, create_engine

from tests.postgresql import ask, made_database

_COLUMNS = """
    SELECT a.attrelid::regclass::text, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
        a.attcollation::regcollation::text, pg_get_expr(d.adbin, d.adrelid)
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid IN (SELECT c.oid FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace)
    AND a.attnum > 0
"""
_CONSTRAINTS = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
"""
_INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
_OPTIONS = """
    SELECT relname, reloptions::text FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND reloptions IS NOT NULL
"""


#: Holds the tables that grow with every trigger.
LARGE = ("executions", "messages", "message_contexts", "events")
_LARGE = ", ".join(f"'{name}'::regclass" for name in LARGE)
_FILES = f"SELECT oid, relfilenode FROM pg_class WHERE oid IN ({_LARGE})"
#: Building an index in a transaction takes this lock, under which nobody can write.
_BUILDS = f"SELECT relation FROM pg_locks WHERE mode = 'ShareLock' AND relation IN ({_LARGE})"


def definitions(url: str) -> list[set[tuple[object, ...]]]:
    return [set(ask(url, question)) for question in (_COLUMNS, _CONSTRAINTS, _INDEXES, _OPTIONS)]


def engine_of(url: str) -> Engine:
    return create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))


@pytest.fixture(scope="module")
def migrated_url() -> str:
    """Returns the URL of a database whose tables were made by the migrations."""
    url = made_database("clarion_migrated")
    engine = engine_of(url)
    with engine.begin() as connection:
        upgrade(connection, None)
    engine.dispose()
    return url


def test_migrations_and_metadata_say_the_same(migrated_url: str) -> None:
    engine = engine_of(migrated_url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_migrations_make_the_tables_and_indexes_of_a_new_database(url: str, migrated_url: str) -> None:
    """Compares what `compare_metadata` ignores too: conditions of indexes, collations, defaults, options."""
    migrated = definitions(migrated_url)
    assert all(migrated)
    assert migrated == definitions(url)


def test_no_migration_of_a_store_that_is_in_use_rewrites_a_large_table_or_builds_an_index_on_it() -> None:
    """Looks at locks and files inside the migration's transaction. Use CREATE INDEX CONCURRENTLY before the release."""
    engine = engine_of(made_database("clarion_in_use"))
    with engine.begin() as connection:
        upgrade(connection, None, "0001")
    with engine.begin() as connection:
        before = set(connection.exec_driver_sql(_FILES))
        upgrade(connection, "0001")
        assert connection.exec_driver_sql(_BUILDS).all() == []
        assert set(connection.exec_driver_sql(_FILES)) == before
    engine.dispose()
