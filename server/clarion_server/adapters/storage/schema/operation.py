"""Tables that the service keeps for itself: keys and processes."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, LargeBinary, SmallInteger, Table, Text, UniqueConstraint

from clarion_server.adapters.storage.schema.columns import Bytewise, Instant, leave_room, metadata

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Bytewise, primary_key=True),
    Column("display_name", Text, nullable=False),
    Column("sandbox", Bytewise, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("create_time", Instant, nullable=False),
    Column("creator", Text, nullable=False),
    Column("revoke_time", Instant),
    # It says what the key may see, and is NULL for none.
    Column("access_labels", Text),
)
Index("api_keys_sandbox", api_keys.c.sandbox, api_keys.c.create_time, api_keys.c.id)

# The labels that a sandbox has handed out, each with the number of its bit. No number is given a second time.
access_labels = Table(
    "access_labels",
    metadata,
    Column("sandbox", Bytewise, primary_key=True),
    Column("name", Bytewise, primary_key=True),
    Column("number", SmallInteger, nullable=False),
    # How often anything of the sandbox that hides events has got other labels since. Watches of events look whether it
    # has grown.
    Column("change_count", BigInteger, nullable=False),
    UniqueConstraint("sandbox", "number"),
    sqlite_with_rowid=False,
)

# What events are about by their subjects alone, and which has access labels, or had some when it was deleted.
labelled_subjects = Table(
    "labelled_subjects",
    metadata,
    Column("sandbox", Bytewise, primary_key=True),
    Column("subject", Bytewise, primary_key=True),
    Column("access_mask", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# Names the keys that seal personal links, which themselves are kept outside of the store.
link_keys = Table(
    "link_keys",
    metadata,
    Column("number", SmallInteger, primary_key=True, autoincrement=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("create_time", Instant, nullable=False),
)

# Names the keys that hash the addresses of erased people, in the same way.
erasure_keys = Table(
    "erasure_keys",
    metadata,
    Column("number", SmallInteger, primary_key=True, autoincrement=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("create_time", Instant, nullable=False),
)

# Says what the keys of identities and addresses were made by (`domain.people.normalisers`).
normalisers = Table(
    "normalisers",
    metadata,
    Column("name", Bytewise, primary_key=True),
    Column("version", Text, nullable=False),
    Column("record_time", Instant, nullable=False),
)

# How far the keys are made anew, while they are. It has one row at most.
key_renewals = Table(
    "key_renewals",
    metadata,
    Column("number", SmallInteger, primary_key=True, autoincrement=False),
    Column("versions", Text, nullable=False),
    Column("key_table", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("seen", BigInteger, nullable=False),
    Column("changed", BigInteger, nullable=False),
    Column("collisions", BigInteger, nullable=False),
    Column("unreadable", BigInteger, nullable=False),
)

processes = Table(
    "processes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("lease_until", Instant, nullable=False),
)
leave_room(processes, 50)
