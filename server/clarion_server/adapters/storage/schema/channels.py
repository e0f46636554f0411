"""Defines the table of channel configurations."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, Integer, Table, Text, UniqueConstraint

from clarion_server.adapters.storage.schema.columns import Bytewise, Instant, Key, access_columns, metadata

channel_configurations = Table(
    "channel_configurations",
    metadata,
    Column("key", Key, primary_key=True, autoincrement=True),
    Column("sandbox", Bytewise, nullable=False),
    Column("id", Bytewise, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("channel", Text, nullable=False),
    # The settings of the provider without its secrets, which have a column of their own.
    Column("provider", Text, nullable=False),
    Column("secrets", Text, nullable=False),
    Column("categories", Text, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("retry_window", BigInteger, nullable=False),
    Column("retry_initial_delay", BigInteger, nullable=False),
    Column("retry_max_delay", BigInteger, nullable=False),
    Column("max_concurrency", Integer, nullable=False),
    Column("max_rate", Float, nullable=False),
    Column("max_message_bytes", BigInteger, nullable=False),
    # When the certificate expires that the provider's server showed last. Null: none was seen with this provider.
    Column("server_certificate_end", Instant),
    Column("create_time", Instant, nullable=False),
    Column("update_time", Instant, nullable=False),
    *access_columns(),
    UniqueConstraint("sandbox", "id"),
    sqlite_autoincrement=True,
)
