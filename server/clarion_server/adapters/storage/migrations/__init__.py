"""Migrates databases that an older Clarion has made. It is imported only where one is found."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from clarion_server.adapters.storage.migrate import SchemaUnknown


def upgrade(connection: Connection, current: str | None, target: str = "head") -> None:
    """Migrates from `current`, or from nothing, in the transaction of the caller. Raises SchemaUnknown."""
    if current is not None and current not in {script.revision for script in scripts().walk_revisions()}:
        raise SchemaUnknown(current)
    command.upgrade(_config(connection=connection), target)


@cache
def scripts() -> ScriptDirectory:
    """Returns the migrations that this Clarion knows."""
    return ScriptDirectory.from_config(_config())


def _config(**attributes: Any) -> Config:
    config = Config(attributes=attributes)
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config
