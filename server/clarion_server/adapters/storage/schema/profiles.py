"""Tables of profiles, their identities and the names they had before a merge."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

from clarion_server.adapters.storage.schema.columns import Bytewise, Instant, Key, metadata

profiles = Table(
    "profiles",
    metadata,
    Column("key", Key, primary_key=True, autoincrement=True),
    Column("sandbox", Bytewise, nullable=False),
    Column("id", Bytewise, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("attributes", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("create_time", Instant, nullable=False),
    Column("update_time", Instant, nullable=False),
    # The current choices, all of which decide about a message. Null if the person made none.
    Column("choices", Text),
    # The first time of a profile that it has absorbed. Null unless that is earlier than its creation.
    Column("seen_before", Instant),
    UniqueConstraint("sandbox", "id"),
    # A key is never assigned again: etags refer to it.
    sqlite_autoincrement=True,
)

# The primary key makes an identity belong to one profile, and finds the profile of a recipient. It holds the profile's
# key, so that PostgreSQL need not read the row; on SQLite it holds the whole row.
profile_identities = Table(
    "profile_identities",
    metadata,
    Column("sandbox", Bytewise, primary_key=True),
    Column("namespace", Bytewise, primary_key=True),
    Column("normal_value", Bytewise, primary_key=True),
    # This is no foreign key: profiles are written by the thousand, and checking a key takes time for each row.
    Column("profile_key", BigInteger, nullable=False),
    Column("position", SmallInteger, nullable=False),
    # The identity as it was written. Null where that is the normal value: rows are small then, so that the upper levels
    # of the index, which hold whole rows on SQLite, fit into its cache.
    Column("value", Text),
    PrimaryKeyConstraint("sandbox", "namespace", "normal_value", postgresql_include=["profile_key"]),
    sqlite_with_rowid=False,
)
Index("profile_identities_profile_key", profile_identities.c.profile_key)

# What identities of a namespace that is not built in are compared by.
identity_namespaces = Table(
    "identity_namespaces",
    metadata,
    Column("key", Key, primary_key=True, autoincrement=True),
    Column("sandbox", Bytewise, nullable=False),
    Column("id", Bytewise, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("normalisation", Text, nullable=False),
    Column("default_region", Text, nullable=False),
    Column("create_time", Instant, nullable=False),
    Column("update_time", Instant, nullable=False),
    UniqueConstraint("sandbox", "id"),
    # A key is never assigned again: etags refer to it.
    sqlite_autoincrement=True,
)

# The ids of profiles that others have absorbed. Each leads to the profile that is left after all merges.
profile_aliases = Table(
    "profile_aliases",
    metadata,
    Column("sandbox", Bytewise, primary_key=True),
    Column("id", Bytewise, primary_key=True),
    Column("profile_key", BigInteger, nullable=False),
    # The key that the absorbed profile had. Its messages keep it.
    Column("former_key", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index("profile_aliases_profile_key", profile_aliases.c.profile_key)
Index("profile_aliases_former_key", profile_aliases.c.former_key)

# The identities that a profile has lost. Messages to them may be of the same person.
former_identities = Table(
    "former_identities",
    metadata,
    Column("profile_key", BigInteger, primary_key=True, autoincrement=False),
    Column("namespace", Bytewise, primary_key=True),
    Column("normal_value", Bytewise, primary_key=True),
    sqlite_with_rowid=False,
)

# Every trigger writes executions, messages, events and counters. They refer to campaigns without a foreign key: a
# campaign that has any of them is never deleted, and checking a key takes time for each row.
