"""Tables of what keeps messages back: suppressions, allow lists, sending policies, and what their caps count."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, Table, Text, UniqueConstraint

from clarion_server.adapters.storage.schema.columns import Bytewise, Instant, Key, leave_room, metadata

# One for each sandbox that has ever had a list.
allow_lists = Table(
    "allow_lists",
    metadata,
    Column("sandbox", Bytewise, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("entries", Text, nullable=False),
    Column("update_time", Instant, nullable=False),
    Column("updater", Text, nullable=False),
    sqlite_with_rowid=False,
)

# The primary key finds, for each batch of triggers, the suppressions of its addresses and their domains. It begins with
# the target, so that the targets alone are the query's one parameter; few sandboxes suppress the same one. Nearly
# all addresses are searched in vain, so the table has row ids on SQLite: its index is a third as large then.
suppressions = Table(
    "suppressions",
    metadata,
    # It is `domain.suppressions.suppression.target_key` of the target.
    Column("target_key", Bytewise, primary_key=True),
    Column("sandbox", Bytewise, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("id", Bytewise, nullable=False),
    Column("target", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("create_time", Instant, nullable=False),
    Column("creator", Text, nullable=False),
    Column("expire_time", Instant),
    UniqueConstraint("sandbox", "id"),
)
# Finds the suppressions that have expired. It holds only those that may.
Index(
    "suppressions_expire_time",
    suppressions.c.expire_time,
    sqlite_where=suppressions.c.expire_time.is_not(None),
    postgresql_where=suppressions.c.expire_time.is_not(None),
)

# At which hours messages may leave, and how many of them a person gets.
sending_policies = Table(
    "sending_policies",
    metadata,
    Column("key", Key, primary_key=True, autoincrement=True),
    Column("sandbox", Bytewise, nullable=False),
    Column("id", Bytewise, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("categories", Text, nullable=False),
    Column("quiet_hours", Text, nullable=False),
    Column("send_windows", Text, nullable=False),
    Column("time_zone_source", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("when_closed", Text, nullable=False),
    Column("caps", Text, nullable=False),
    Column("rate", Float, nullable=False),
    Column("create_time", Instant, nullable=False),
    Column("update_time", Instant, nullable=False),
    UniqueConstraint("sandbox", "id"),
    # A key is never assigned again: etags refer to it.
    sqlite_autoincrement=True,
)

# The turns of each rate of a campaign or a sending policy (`domain.messages.turns`). Claims change them, and not the
# row of the campaign or the policy.
turn_schedules = Table(
    "turn_schedules",
    metadata,
    Column("name", Bytewise, primary_key=True),
    Column("sandbox", Bytewise, nullable=False),
    Column("rate", Float, nullable=False),
    Column("epoch", Integer, nullable=False),
    # In microseconds, with fractions: places of high rates lie close together.
    Column("next_place", Float, nullable=False),
    Column("delay", Float, nullable=False),
    Column("free_time", Float, nullable=False),
    # How far the messages that wait are given new turns after a change of the rate. Null when all are.
    Column("retimed_campaign", BigInteger),
    Column("retimed_message", Text),
)

# What caps count for each person. There is no other index, so that PostgreSQL changes a row within its page (HOT).
# On SQLite the rows are not stored within the primary key: they are long, so that it would have a level for each factor
# of six.
cap_entries = Table(
    "cap_entries",
    metadata,
    # It is made by `domain.people.cap_person`.
    Column("person", Bytewise, primary_key=True),
    Column("policy_key", BigInteger, primary_key=True, autoincrement=False),
    # It is `domain.frequency_cap.FrequencyCap.scope`.
    Column("scope", Bytewise, primary_key=True),
    # From then on none of its entries can count.
    Column("until", Instant, nullable=False),
    # How many entries it has: they are read only where a cap may be full.
    Column("count", Integer, nullable=False),
    # When each message counts, by its id.
    Column("times", Text, nullable=False),
)
leave_room(cap_entries, 80)
