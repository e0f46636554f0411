"""Migrates a database to the schema of this program, and refuses a database with a newer one."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

_MIGRATIONS = Path(__file__).with_name("migrations")


class SchemaUnknown(Exception):
    """A newer Clarion has migrated the database."""

    def __init__(self, revision: str, newest: str) -> None:
        super().__init__(
            f"The database has schema {revision!r}, and this Clarion knows no later one than {newest!r}:"
            " a newer Clarion has written it. Start that one."
        )


def migrate(connection: Connection) -> None:
    """Migrates the database if it has an older schema. Raises SchemaUnknown if it has a newer one.

    The connection must be in the only transaction that writes, so that one of several starting processes migrates.
    """
    known = scripts()
    newest = known.get_current_head() or ""
    current = MigrationContext.configure(connection).get_current_revision()
    if current == newest:
        return
    if current is not None and current not in {script.revision for script in known.walk_revisions()}:
        raise SchemaUnknown(current, newest)
    command.upgrade(_config(connection=connection), "head")


@cache
def scripts() -> ScriptDirectory:
    """Returns the migrations that this Clarion knows."""
    return ScriptDirectory.from_config(_config())


def _config(**attributes: Any) -> Config:
    config = Config(attributes=attributes)
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config
