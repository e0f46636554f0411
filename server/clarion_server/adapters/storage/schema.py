"""The tables. Instants are microseconds since 1970 (`domain.instant`), enumerations their names, documents JSON.

What is filtered or sorted by has a column of its own; what is only ever read whole (definitions, attempts, failures)
is a JSON document, written and read by `json_columns`.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_key",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    }
)

# Ordered and searched by its bytes on every database, as SQLite does: pages are cut by comparing ids, and texts are
# found in any case of ASCII letters alone.
_Bytewise = Text().with_variant(Text(collation="C"), "postgresql")
_Instant = BigInteger
# SQLite numbers rows only in a column of exactly this type.
_Key = BigInteger().with_variant(Integer(), "sqlite")


campaigns = Table(
    "campaigns",
    metadata,
    Column("key", _Key, primary_key=True, autoincrement=True),
    Column("sandbox", _Bytewise, nullable=False),
    Column("id", _Bytewise, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("definition", Text, nullable=False),
    # Parts of the definition that lists filter by.
    Column("display_name", _Bytewise, nullable=False),
    Column("description", _Bytewise, nullable=False),
    Column("category", Text),
    Column("live_version", Integer, nullable=False),
    Column("last_version", Integer, nullable=False),
    Column("draft_pending", Boolean, nullable=False),
    Column("schedule_start_time", _Instant),
    Column("schedule_end_time", _Instant),
    Column("next_transition_time", _Instant),
    Column("queue_disposal", Text),
    Column("create_time", _Instant, nullable=False),
    Column("creator", Text, nullable=False),
    Column("update_time", _Instant, nullable=False),
    Column("updater", Text, nullable=False),
    Column("activate_time", _Instant),
    Column("activator", Text, nullable=False),
    UniqueConstraint("sandbox", "id"),
    # A key is never given twice: messages, caches and etags go by it.
    sqlite_autoincrement=True,
)
Index(
    "campaigns_next_transition_time",
    campaigns.c.next_transition_time,
    sqlite_where=campaigns.c.next_transition_time.is_not(None),
    postgresql_where=campaigns.c.next_transition_time.is_not(None),
)

campaign_tags = Table(
    "campaign_tags",
    metadata,
    Column("campaign_key", _Key, ForeignKey("campaigns.key", ondelete="CASCADE"), primary_key=True),
    Column("tag", _Bytewise, primary_key=True),
    sqlite_with_rowid=False,
)

campaign_versions = Table(
    "campaign_versions",
    metadata,
    Column("campaign_key", _Key, ForeignKey("campaigns.key", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("definition", Text, nullable=False),
    Column("create_time", _Instant, nullable=False),
    Column("creator", Text, nullable=False),
)

# The channel configuration of each action of a version, in the order of the actions.
campaign_version_actions = Table(
    "campaign_version_actions",
    metadata,
    Column("campaign_key", _Key, ForeignKey("campaigns.key", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("position", SmallInteger, primary_key=True, autoincrement=False),
    # No foreign key: an old version may outlive the channel configuration that it named.
    Column("channel_key", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index("campaign_version_actions_channel_key", campaign_version_actions.c.channel_key)

channel_configurations = Table(
    "channel_configurations",
    metadata,
    Column("key", _Key, primary_key=True, autoincrement=True),
    Column("sandbox", _Bytewise, nullable=False),
    Column("id", _Bytewise, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("channel", Text, nullable=False),
    # The provider's settings without its secrets, which are apart.
    Column("provider", Text, nullable=False),
    Column("secrets", Text, nullable=False),
    Column("categories", Text, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("retry_window", BigInteger, nullable=False),
    Column("retry_initial_delay", BigInteger, nullable=False),
    Column("retry_max_delay", BigInteger, nullable=False),
    Column("max_concurrency", Integer, nullable=False),
    Column("max_rate", Float, nullable=False),
    Column("create_time", _Instant, nullable=False),
    Column("update_time", _Instant, nullable=False),
    UniqueConstraint("sandbox", "id"),
    sqlite_autoincrement=True,
)

# Executions, messages, events and counters are written with every trigger. They refer to campaigns without a foreign
# key: a campaign that has any of them is never deleted, and a look-up per row is time.

executions = Table(
    "executions",
    metadata,
    Column("id", _Bytewise, primary_key=True),
    Column("sandbox", _Bytewise, nullable=False),
    Column("campaign_key", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("request_id", _Bytewise),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("caller", Text, nullable=False),
    Column("accept_time", _Instant, nullable=False),
    Column("recipient_count", Integer, nullable=False),
    # The ids of the version's actions, in their order, with commas between them.
    Column("actions", Text, nullable=False),
    Column("action_mode", Text, nullable=False),
    Column("send_time", _Instant),
    Column("expire_time", _Instant),
    # Null: every recipient was plainly accepted.
    Column("exclusions", Text),
    Column("rejections", Text),
    sqlite_with_rowid=False,
)
# What makes a trigger idempotent, and how a repetition is found.
Index(
    "executions_request_id",
    executions.c.campaign_key,
    executions.c.request_id,
    unique=True,
    sqlite_where=executions.c.request_id.is_not(None),
    postgresql_where=executions.c.request_id.is_not(None),
)
# For the list of a campaign.
Index("executions_campaign", executions.c.campaign_key, executions.c.id)

messages = Table(
    "messages",
    metadata,
    Column("key", _Key, primary_key=True, autoincrement=True),
    # Begins with the execution's id: the messages of an execution are a range of ids.
    Column("id", _Bytewise, nullable=False, unique=True),
    Column("sandbox", _Bytewise, nullable=False),
    Column("campaign_key", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("action", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("channel_key", BigInteger, nullable=False),
    Column("lane", SmallInteger, nullable=False),
    Column("identity", _Bytewise, nullable=False),
    Column("address", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("accept_time", _Instant, nullable=False),
    Column("release_time", _Instant, nullable=False),
    Column("due_time", _Instant, nullable=False),
    Column("expire_time", _Instant),
    Column("attempt_count", Integer, nullable=False),
    Column("attempt_time", _Instant),
    Column("owner", Text),
    Column("first_attempt_time", _Instant),
    Column("labels", Text),
    Column("fallback_addresses", Text),
    Column("outcome_time", _Instant),
    Column("exclusion_reason", Text),
    Column("failure", Text),
    # See `segments`.
    Column("segment", BigInteger, nullable=False),
    # Kept out of the due queue until its campaign is released. Only ever 1 while the state is QUEUED.
    Column("held", SmallInteger, nullable=False, server_default=text("0")),
)
# Each index is paid for by every message; this is what each is for.
# What a dispatcher takes next. Holds only what waits, however many messages there are.
IN_QUEUE = text("state = 'QUEUED' AND held = 0")
Index(
    "messages_due",
    messages.c.channel_key,
    messages.c.lane,
    messages.c.due_time,
    # A hundred thousand may be due at one instant: without it, each claim would sort them all.
    messages.c.id,
    sqlite_where=IN_QUEUE,
    postgresql_where=IN_QUEUE,
)
# What a resumed campaign releases. Free unless a campaign is paused.
IS_HELD = text("held = 1")
Index(
    "messages_held",
    messages.c.campaign_key,
    messages.c.channel_key,
    sqlite_where=IS_HELD,
    postgresql_where=IS_HELD,
)
# For the list of a campaign by state, for ending its queue, and for finding what a lost process had in its hands.
Index("messages_campaign_state", messages.c.campaign_key, messages.c.state, messages.c.id)
# For the list of a recipient, the question that support asks most.
Index("messages_identity", messages.c.segment, messages.c.identity)

# The long part of a message, apart from it: written once, where the message is rewritten with each move of its state.
message_contexts = Table(
    "message_contexts",
    metadata,
    Column("message_key", _Key, primary_key=True, autoincrement=False),
    Column("context", LargeBinary, nullable=False),
    Column("profile", LargeBinary, nullable=False),
)

# The labels of messages, to find them by. Only messages that have any pay for it.
message_labels = Table(
    "message_labels",
    metadata,
    Column("sandbox", _Bytewise, primary_key=True),
    Column("key", _Bytewise, primary_key=True),
    Column("value", _Bytewise, primary_key=True),
    Column("message_id", _Bytewise, primary_key=True),
    sqlite_with_rowid=False,
)
# For the purge of a message.
Index("message_labels_message", message_labels.c.message_id)

events = Table(
    "events",
    metadata,
    Column("sequence", _Key, primary_key=True, autoincrement=True),
    Column("type", Text, nullable=False),
    Column("time", _Instant, nullable=False),
    Column("sandbox", _Bytewise, nullable=False),
    Column("message_id", _Bytewise),
    Column("campaign_key", BigInteger),
    Column("action", Text, nullable=False),
    Column("channel", Text),
    # JSON; its form follows from the type.
    Column("detail", Text),
    # Null: the message.
    Column("subject", Text),
    Column("labels", Text),
    # A sequence is never given twice: watchers resume by it.
    sqlite_autoincrement=True,
)
# For the life of one message, and of all messages of an execution.
Index("events_message", events.c.message_id)

# Through which position each kind was purged: who follows events must learn that some are gone.
purges = Table(
    "purges",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("through", BigInteger, nullable=False),
)

# See `domain.counter`. A campaign has as many rows as it has days, locales, actions and reasons, whatever it sends.
counters = Table(
    "counters",
    metadata,
    Column("campaign_key", BigInteger, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("action", Text, primary_key=True),
    Column("treatment", Text, primary_key=True),
    Column("locale", Text, primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("metric", Text, primary_key=True),
    Column("reason", Text, primary_key=True),
    # Readers add the shards up. Each process has its own where several write at once, and none waits for another's row.
    Column("shard", SmallInteger, primary_key=True, autoincrement=False),
    Column("count", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# How long messages took from their release to their hand-off, by the buckets of `domain.latency`.
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

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", _Bytewise, primary_key=True),
    Column("display_name", Text, nullable=False),
    Column("sandbox", _Bytewise, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("create_time", _Instant, nullable=False),
    Column("creator", Text, nullable=False),
    Column("revoke_time", _Instant),
)
Index("api_keys_sandbox", api_keys.c.sandbox, api_keys.c.create_time, api_keys.c.id)

processes = Table(
    "processes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("lease_until", _Instant, nullable=False),
)
