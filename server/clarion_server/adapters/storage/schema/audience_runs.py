"""Tables of runs, and of the members that they write to."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text, text

from clarion_server.adapters.storage.schema.columns import Bytewise, Instant, Key, metadata

audience_runs = Table(
    "audience_runs",
    metadata,
    Column("key", Key, primary_key=True, autoincrement=True),
    Column("execution_id", Bytewise, nullable=False, unique=True),
    Column("sandbox", Bytewise, nullable=False),
    Column("campaign_key", BigInteger, nullable=False),
    # It is the id of the audience.
    Column("audience", Bytewise, nullable=False),
    Column("max_recipients", BigInteger, nullable=False),
    Column("start_time", Instant, nullable=False),
    Column("context", LargeBinary, nullable=False),
    Column("locale", Text, nullable=False),
    Column("labels", Text),
    Column("state", Text, nullable=False),
    Column("owner", Text),
    Column("select_time", Instant),
    # Null until the members are complete.
    Column("selected_count", BigInteger),
    Column("failures", Text),
    Column("snapshot_count", Integer, nullable=False),
    Column("decided_count", BigInteger, nullable=False),
    Column("accepted_count", BigInteger, nullable=False),
    Column("exclusions", Text),
    Column("deleted_count", BigInteger, nullable=False),
    Column("end_time", Instant),
    Column("end_reason", Text),
    # When its members were purged. Null while it may have any.
    Column("purge_time", Instant),
    # Members refer to a run until they are purged.
    sqlite_autoincrement=True,
)
# Finds the runs to go on with.
_IS_OPEN = text("end_time IS NULL")
Index(
    "audience_runs_open",
    audience_runs.c.start_time,
    audience_runs.c.key,
    sqlite_where=_IS_OPEN,
    postgresql_where=_IS_OPEN,
)
# Finds the runs whose members are to be purged.
_HAS_MEMBERS = text("end_time IS NOT NULL AND purge_time IS NULL")
Index(
    "audience_runs_ended",
    audience_runs.c.end_time,
    sqlite_where=_HAS_MEMBERS,
    postgresql_where=_HAS_MEMBERS,
)

# Written by the million, in order: neither foreign keys nor another index for profiles.
run_members = Table(
    "run_members",
    metadata,
    Column("run_key", BigInteger, primary_key=True, autoincrement=False),
    Column("ordinal", BigInteger, primary_key=True, autoincrement=False),
    # Null for an identity of a list, which the next three columns hold.
    Column("profile_key", BigInteger),
    Column("namespace", Bytewise),
    Column("normal_value", Bytewise),
    Column("value", Text),
    sqlite_with_rowid=False,
)
# Finds the listed identities of a person who is erased.
_IS_LISTED = text("normal_value IS NOT NULL")
Index(
    "run_members_identity",
    run_members.c.namespace,
    run_members.c.normal_value,
    sqlite_where=_IS_LISTED,
    postgresql_where=_IS_LISTED,
)

# The addresses that messages of a run have, as hashes one after the other (`domain.audiences.taken_addresses`): a row
# for each commit. A row for each address would change nearly as many pages, as hashes come in no order.
run_addresses = Table(
    "run_addresses",
    metadata,
    Column("run_key", BigInteger, primary_key=True, autoincrement=False),
    # The ordinal of the first member that the commit decided about.
    Column("ordinal", BigInteger, primary_key=True, autoincrement=False),
    Column("hashes", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
