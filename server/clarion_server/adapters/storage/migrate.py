"""Gives a database the schema of this program, and refuses one with a newer schema."""

from __future__ import annotations

from sqlalchemy import Column, Connection, MetaData, PrimaryKeyConstraint, String, Table, insert, select

from clarion_server.adapters.storage.schema import metadata

#: Is the last of the migrations, after which the tables are those of `schema`.
NEWEST = "0001"

# Alembic's own table, as it makes it.
_versions = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


class SchemaUnknown(Exception):
    """A newer Clarion has migrated the database."""

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"The database has schema {revision!r}, and this Clarion knows no later one than {NEWEST!r}:"
            " a newer Clarion has written it. Start that one."
        )


def migrate(connection: Connection) -> None:
    """Makes the tables, or migrates those of an older Clarion. Raises SchemaUnknown if a newer one has made them.

    The connection must be in the only transaction that writes, so that one of several starting processes migrates.
    """
    current = _recorded(connection)
    if current == NEWEST:
        return
    if current is None:
        # First, as Alembic does: it is the page of a file that each start reads.
        _versions.create(connection, checkfirst=True)
        metadata.create_all(connection, checkfirst=False)
        connection.execute(insert(_versions).values(version_num=NEWEST))
        return
    # Alembic takes 7 MB as long as the process runs, so only a process that finds an older schema loads it.
    from clarion_server.adapters.storage.migrations import upgrade  # noqa: PLC0415 - see above

    upgrade(connection, current)


def _recorded(connection: Connection) -> str | None:
    """Returns the migration after which the tables are as they are. None if there are no tables."""
    if not connection.dialect.has_table(connection, _versions.name):
        return None
    return connection.scalar(select(_versions.c.version_num))
