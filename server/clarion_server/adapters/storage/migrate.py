"""Brings the tables of a database up to date, and refuses a database that is ahead of this program."""

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
    """The database is of a newer Clarion."""

    def __init__(self, revision: str, newest: str) -> None:
        super().__init__(
            f"The database has schema {revision!r}, and this Clarion knows no later one than {newest!r}:"
            " a newer Clarion has written it. Start that one."
        )


def migrate(connection: Connection) -> None:
    """Must have the only writing transaction, so that of two processes that start at once one migrates.

    Raises SchemaUnknown.
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
