"""Runs the migrations in the transaction that the caller has begun."""

from __future__ import annotations

from alembic import context

from clarion_server.adapters.storage.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
