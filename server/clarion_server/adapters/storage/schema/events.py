"""Defines the tables of events and of the counters of reports."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, SmallInteger, Table, Text, text

from clarion_server.adapters.storage.schema.columns import Bytewise, Instant, Key, leave_room, metadata, vacuum_early

events = Table(
    "events",
    metadata,
    Column("sequence", Key, primary_key=True, autoincrement=True),
    Column("type", Text, nullable=False),
    Column("time", Instant, nullable=False),
    Column("sandbox", Bytewise, nullable=False),
    Column("message_id", Bytewise),
    Column("campaign_key", BigInteger),
    Column("action", Text, nullable=False),
    Column("channel", Text),
    # JSON, whose shape follows from the type of the event.
    Column("detail", Text),
    # They are those of the message, and null if it belongs to none.
    Column("content_locale", Text),
    Column("locale_reason", Text),
    Column("rule", Text),
    # Null if the subject is the message.
    Column("subject", Text),
    Column("labels", Text),
    # A sequence number is never assigned again: watchers resume after it.
    sqlite_autoincrement=True,
)
vacuum_early(events)
# Finds the events of a message, and of all messages of an execution.
Index("events_message", events.c.message_id)
# Finds the events of the run of an audience. The events of messages, which are nearly all, are not in it.
_HAS_SUBJECT = text("subject IS NOT NULL")
Index(
    "events_subject",
    events.c.subject,
    sqlite_where=_HAS_SUBJECT,
    postgresql_where=_HAS_SUBJECT,
)

# The position through which each kind of row was purged: a watcher must learn that events before it are gone.
purges = Table(
    "purges",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("through", BigInteger, nullable=False),
)

# See `domain.events.counter`. The number of rows depends on days, locales, actions and reasons, and not on how many
# messages there are.
counters = Table(
    "counters",
    metadata,
    Column("campaign_key", BigInteger, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("action", Text, primary_key=True),
    Column("treatment", Text, primary_key=True),
    Column("rule", Text, primary_key=True),
    Column("locale", Text, primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("metric", Text, primary_key=True),
    Column("reason", Text, primary_key=True),
    # Readers add the shards up. Processes that write at the same time have different shards, so that none waits.
    Column("shard", SmallInteger, primary_key=True, autoincrement=False),
    Column("count", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
leave_room(counters, 50)

# The number of messages by the time from release to hand-off, in the buckets of `domain.events.latency`.
latencies = Table(
    "latencies",
    metadata,
    Column("campaign_key", BigInteger, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("action", Text, primary_key=True),
    Column("bucket", SmallInteger, primary_key=True, autoincrement=False),
    # As in `counters`.
    Column("shard", SmallInteger, primary_key=True, autoincrement=False),
    Column("count", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
leave_room(latencies, 50)
