"""Defines the tables of topics, consents and their settings."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text, UniqueConstraint

from clarion_server.adapters.storage.schema.columns import Bytewise, Instant, Key, metadata

# What people subscribe to. A topic is archived and never deleted, as choices refer to it.
topics = Table(
    "topics",
    metadata,
    Column("key", Key, primary_key=True, autoincrement=True),
    Column("sandbox", Bytewise, nullable=False),
    Column("id", Bytewise, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("default_locale", Text, nullable=False),
    Column("translations", Text, nullable=False),
    Column("visibility", Text, nullable=False),
    Column("one_click", Text, nullable=False),
    # Null if the sandbox decides.
    Column("silence", Text),
    Column("create_time", Instant, nullable=False),
    Column("update_time", Instant, nullable=False),
    Column("archive_time", Instant),
    UniqueConstraint("sandbox", "id"),
)

consent_settings = Table(
    "consent_settings",
    metadata,
    Column("sandbox", Bytewise, primary_key=True),
    Column("silence", Text, nullable=False),
    Column("update_time", Instant, nullable=False),
    Column("revision", Integer, nullable=False),
)

# The history of people's choices. Rows are only ever added, and go with their profile.
consent_changes = Table(
    "consent_changes",
    metadata,
    Column("key", Key, primary_key=True, autoincrement=True),
    Column("profile_key", BigInteger, nullable=False),
    # They are null for every channel, and for every topic.
    Column("channel", Text),
    Column("topic", Text),
    Column("choice", Text, nullable=False),
    Column("previous_choice", Text),
    Column("time", Instant, nullable=False),
    Column("source", Text, nullable=False),
    Column("evidence", Text),
    Column("record_time", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    # A key is never assigned again: messages and events refer to it.
    sqlite_autoincrement=True,
)
Index("consent_changes_profile_key", consent_changes.c.profile_key, consent_changes.c.key)
