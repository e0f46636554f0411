"""The table of people who are being erased."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Integer, Table, Text

from clarion_server.adapters.storage.schema.columns import Bytewise, Instant, Key, metadata

# A row lasts until nothing of the person is left. Until then it holds by what the person's messages are found.
erasures = Table(
    "erasures",
    metadata,
    Column("key", Key, primary_key=True, autoincrement=True),
    Column("sandbox", Bytewise, nullable=False),
    Column("profile_id", Bytewise, nullable=False),
    Column("profile_keys", Text, nullable=False),
    # Empty once everything of the person has been erased but the rest of it in the database's log.
    Column("identities", Text, nullable=False),
    Column("keeps_addresses", Boolean, nullable=False),
    Column("actor", Text, nullable=False),
    Column("begin_time", Instant, nullable=False),
    # The number of the transaction that began it, on PostgreSQL: others may have run beside it.
    Column("transaction", BigInteger),
    Column("last_message", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("revisited", BigInteger),
    Column("last_execution", Bytewise),
    Column("is_swept", Boolean, nullable=False),
    Column("cancelled_count", Integer, nullable=False),
    Column("message_count", Integer, nullable=False),
    Column("address_count", Integer, nullable=False),
)
