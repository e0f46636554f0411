"""Brings a database up to date."""

from __future__ import annotations

from sqlalchemy import Connection

from clarion_server.adapters.storage.schema import metadata


def migrate(connection: Connection) -> None:
    metadata.create_all(connection)
