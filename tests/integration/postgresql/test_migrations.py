"""The migrations make the tables that the code expects, without locking a large table for long."""

from __future__ import annotations

from collections.abc import Callable

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from clarion_server.adapters.storage.migrate import _config
from clarion_server.adapters.storage.schema import metadata
from clarion_server.adapters.storage.store import SqlStore
from sqlalchemy import create_engine

from tests.postgresql import ask, made_database

_COLUMNS = """
    SELECT a.attrelid::regclass::text, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
        a.attcollation::regcollation::text, pg_get_expr(d.adbin, d.adrelid)
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid IN (SELECT c.oid FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace)
    AND a.attnum > 0 AND a.attrelid::regclass::text <> 'alembic_version'
"""
_CONSTRAINTS = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'alembic_version'
"""
_INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'"


#: The tables that grow with every trigger.
LARGE = ("executions", "messages", "message_contexts", "events")
_LARGE = ", ".join(f"'{name}'::regclass" for name in LARGE)
_FILES = f"SELECT oid, relfilenode FROM pg_class WHERE oid IN ({_LARGE})"
#: Building an index in a transaction takes this lock, under which nobody can write.
_BUILDS = f"SELECT relation FROM pg_locks WHERE mode = 'ShareLock' AND relation IN ({_LARGE})"


def definitions(url: str) -> list[set[tuple[object, ...]]]:
    return [set(ask(url, question)) for question in (_COLUMNS, _CONSTRAINTS, _INDEXES)]


def test_migrations_and_metadata_say_the_same(open_store: Callable[[], SqlStore]) -> None:
    with open_store()._writer.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_migrations_and_metadata_make_the_same_tables_and_indexes(url: str) -> None:
    """Compares what `compare_metadata` ignores too: conditions of indexes, collations, defaults."""
    made_at_once = made_database("clarion_made_at_once")
    engine = create_engine(made_at_once.replace("postgresql://", "postgresql+psycopg://", 1))
    metadata.create_all(engine)
    engine.dispose()
    migrated = definitions(url)
    assert all(migrated)
    assert migrated == definitions(made_at_once)


def test_no_migration_of_a_store_that_is_in_use_rewrites_a_large_table_or_builds_an_index_on_it() -> None:
    """Looks at locks and files inside the migration's transaction. Use CREATE INDEX CONCURRENTLY before the release."""
    engine = create_engine(made_database("clarion_in_use").replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.begin() as connection:
        command.upgrade(_config(connection=connection), "0001")
    with engine.begin() as connection:
        before = set(connection.exec_driver_sql(_FILES))
        command.upgrade(_config(connection=connection), "head")
        assert connection.exec_driver_sql(_BUILDS).all() == []
        assert set(connection.exec_driver_sql(_FILES)) == before
    engine.dispose()
