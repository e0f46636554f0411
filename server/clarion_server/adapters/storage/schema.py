"""The tables. Times are microseconds since 1970 (`domain.instant`), and enumerations are stored by name.

A value that queries filter or sort by has a column of its own. Nested values that are only read as a whole, such as
definitions, attempts and failures, are JSON (`json_columns`).
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

# Every database compares these texts by their bytes, as SQLite does: pages begin after an id, and searches ignore the
# case of ASCII letters only.
_Bytewise = Text().with_variant(Text(collation="C"), "postgresql")
_Instant = BigInteger
# SQLite assigns numbers only to a column of exactly this type.
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
    # Parts of the definition by which lists filter.
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
    # A key is never assigned again: messages, caches and etags refer to it.
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
    # The part of the definition by which a policy's users are found.
    Column("sending_policy", Text),
    Column("creator", Text, nullable=False),
)

# The channel configuration of each action of a version, in the order of the actions.
campaign_version_actions = Table(
    "campaign_version_actions",
    metadata,
    Column("campaign_key", _Key, ForeignKey("campaigns.key", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("position", SmallInteger, primary_key=True, autoincrement=False),
    # This is no foreign key, because an old version may outlive the channel configuration that it names.
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
    Column("create_time", _Instant, nullable=False),
    Column("update_time", _Instant, nullable=False),
    UniqueConstraint("sandbox", "id"),
    sqlite_autoincrement=True,
)

profiles = Table(
    "profiles",
    metadata,
    Column("key", _Key, primary_key=True, autoincrement=True),
    Column("sandbox", _Bytewise, nullable=False),
    Column("id", _Bytewise, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("attributes", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("create_time", _Instant, nullable=False),
    Column("update_time", _Instant, nullable=False),
    # The current choices, all of which decide about a message. Null if the person made none.
    Column("choices", Text),
    UniqueConstraint("sandbox", "id"),
    # A key is never assigned again: etags refer to it.
    sqlite_autoincrement=True,
)

# The primary key makes an identity belong to one profile, and finds the profile of a recipient.
profile_identities = Table(
    "profile_identities",
    metadata,
    Column("sandbox", _Bytewise, primary_key=True),
    Column("namespace", _Bytewise, primary_key=True),
    Column("normal_value", _Bytewise, primary_key=True),
    # This is no foreign key: profiles are written by the thousand, and checking a key takes time for each row.
    Column("profile_key", BigInteger, nullable=False),
    Column("position", SmallInteger, nullable=False),
    # The identity as it was written.
    Column("value", Text, nullable=False),
    sqlite_with_rowid=False,
)
Index("profile_identities_profile_key", profile_identities.c.profile_key)

# The ids of profiles that others have absorbed. Each leads to the profile that is left after all merges.
profile_aliases = Table(
    "profile_aliases",
    metadata,
    Column("sandbox", _Bytewise, primary_key=True),
    Column("id", _Bytewise, primary_key=True),
    Column("profile_key", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index("profile_aliases_profile_key", profile_aliases.c.profile_key)

# Every trigger writes executions, messages, events and counters. They refer to campaigns without a foreign key: a
# campaign that has any of them is never deleted, and checking a key takes time for each row.

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
    # The ids of the version's actions in order, separated by commas.
    Column("actions", Text, nullable=False),
    Column("action_mode", Text, nullable=False),
    Column("send_time", _Instant),
    Column("expire_time", _Instant),
    # Null if no message was excluded or no recipient rejected.
    Column("exclusions", Text),
    Column("rejections", Text),
    sqlite_with_rowid=False,
)
# Makes triggers idempotent, and finds the first execution of a repeated one.
Index(
    "executions_request_id",
    executions.c.campaign_key,
    executions.c.request_id,
    unique=True,
    sqlite_where=executions.c.request_id.is_not(None),
    postgresql_where=executions.c.request_id.is_not(None),
)
# Lists the executions of a campaign.
Index("executions_campaign", executions.c.campaign_key, executions.c.id)

messages = Table(
    "messages",
    metadata,
    Column("key", _Key, primary_key=True, autoincrement=True),
    # It begins with the id of the execution, so the messages of an execution are a range of ids.
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
    # Null until the second attempt: until then `attempt_time` is the time of the first one.
    Column("first_attempt_time", _Instant),
    Column("labels", Text),
    Column("fallback_addresses", Text),
    Column("topic", Text),
    # The key of the choice that decided when the message was accepted.
    Column("consent_change", BigInteger),
    Column("sending_policy", Text),
    Column("outcome_time", _Instant),
    Column("exclusion", Text),
    Column("failure", Text),
    # See `recipient_index`.
    Column("segment", BigInteger, nullable=False),
    # 1 while the campaign is paused, which keeps a queued message from being claimed. 0 in every other state.
    Column("held", SmallInteger, nullable=False, server_default=text("0")),
)
# Every message pays for each index, so each needs a reason.
# Finds the next message to claim. It holds only queued messages, however many others there are.
IN_QUEUE = text("state = 'QUEUED' AND held = 0")
Index(
    "messages_due",
    messages.c.channel_key,
    messages.c.lane,
    messages.c.due_time,
    # Without the id each claim would sort all messages that are due at the same time, which may be many thousands.
    messages.c.id,
    sqlite_where=IN_QUEUE,
    postgresql_where=IN_QUEUE,
)
# Finds the messages that a resumed campaign releases. It is empty unless a campaign is paused.
IS_HELD = text("held = 1")
Index(
    "messages_held",
    messages.c.campaign_key,
    messages.c.channel_key,
    sqlite_where=IS_HELD,
    postgresql_where=IS_HELD,
)
# Lists the messages of a campaign by state, finds its queue, and finds the messages that a lost process had claimed.
Index("messages_campaign_state", messages.c.campaign_key, messages.c.state, messages.c.id)
# Lists the messages of a recipient, which support asks for most.
Index("messages_identity", messages.c.segment, messages.c.identity)

# The long part of a message has a table of its own: it is written once, while every change of state rewrites the rest.
message_contexts = Table(
    "message_contexts",
    metadata,
    Column("message_key", _Key, primary_key=True, autoincrement=False),
    Column("context", LargeBinary, nullable=False),
    Column("profile", LargeBinary, nullable=False),
)

# Finds messages by label. Messages without labels have no rows here.
message_labels = Table(
    "message_labels",
    metadata,
    Column("sandbox", _Bytewise, primary_key=True),
    Column("key", _Bytewise, primary_key=True),
    Column("value", _Bytewise, primary_key=True),
    Column("message_id", _Bytewise, primary_key=True),
    sqlite_with_rowid=False,
)
# Finds the labels of a message that is purged.
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
    # JSON, whose shape follows from the type of the event.
    Column("detail", Text),
    # Null if the subject is the message.
    Column("subject", Text),
    Column("labels", Text),
    # A sequence number is never assigned again: watchers resume after it.
    sqlite_autoincrement=True,
)
# Finds the events of a message, and of all messages of an execution.
Index("events_message", events.c.message_id)

# The position through which each kind of row was purged: a watcher must learn that events before it are gone.
purges = Table(
    "purges",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("through", BigInteger, nullable=False),
)

# See `domain.counter`. The number of rows depends on days, locales, actions and reasons, not on the number of messages.
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
    # Readers add the shards up. Processes that write at the same time have different shards, so that none waits.
    Column("shard", SmallInteger, primary_key=True, autoincrement=False),
    Column("count", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# The number of messages by the time from release to hand-off, in the buckets of `domain.latency`.
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

# One for each sandbox that has ever had a list.
allow_lists = Table(
    "allow_lists",
    metadata,
    Column("sandbox", _Bytewise, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("entries", Text, nullable=False),
    Column("update_time", _Instant, nullable=False),
    Column("updater", Text, nullable=False),
    sqlite_with_rowid=False,
)

# The primary key finds, for each batch of triggers, the suppressions of its addresses and their domains. It begins with
# the target, so that the targets alone are the query's one parameter; few sandboxes suppress the same one.
suppressions = Table(
    "suppressions",
    metadata,
    # `domain.suppression.target_key` of the target.
    Column("target_key", _Bytewise, primary_key=True),
    Column("sandbox", _Bytewise, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("id", _Bytewise, nullable=False),
    Column("target", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("create_time", _Instant, nullable=False),
    Column("creator", Text, nullable=False),
    Column("expire_time", _Instant),
    UniqueConstraint("sandbox", "id"),
    sqlite_with_rowid=False,
)
# Finds the suppressions that have expired. It holds only those that may.
Index(
    "suppressions_expire_time",
    suppressions.c.expire_time,
    sqlite_where=suppressions.c.expire_time.is_not(None),
    postgresql_where=suppressions.c.expire_time.is_not(None),
)

# What people subscribe to. A topic is archived and never deleted, as choices refer to it.
topics = Table(
    "topics",
    metadata,
    Column("key", _Key, primary_key=True, autoincrement=True),
    Column("sandbox", _Bytewise, nullable=False),
    Column("id", _Bytewise, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("default_locale", Text, nullable=False),
    Column("translations", Text, nullable=False),
    Column("visibility", Text, nullable=False),
    Column("one_click", Text, nullable=False),
    # Null if the sandbox decides.
    Column("silence", Text),
    Column("create_time", _Instant, nullable=False),
    Column("update_time", _Instant, nullable=False),
    Column("archive_time", _Instant),
    UniqueConstraint("sandbox", "id"),
)

# At which hours messages may leave.
sending_policies = Table(
    "sending_policies",
    metadata,
    Column("key", _Key, primary_key=True, autoincrement=True),
    Column("sandbox", _Bytewise, nullable=False),
    Column("id", _Bytewise, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("categories", Text, nullable=False),
    Column("quiet_hours", Text, nullable=False),
    Column("send_windows", Text, nullable=False),
    Column("time_zone_source", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("when_closed", Text, nullable=False),
    Column("create_time", _Instant, nullable=False),
    Column("update_time", _Instant, nullable=False),
    UniqueConstraint("sandbox", "id"),
    # A key is never assigned again: etags refer to it.
    sqlite_autoincrement=True,
)

consent_settings = Table(
    "consent_settings",
    metadata,
    Column("sandbox", _Bytewise, primary_key=True),
    Column("silence", Text, nullable=False),
    Column("update_time", _Instant, nullable=False),
    Column("revision", Integer, nullable=False),
)

# The history of people's choices. Rows are only ever added, and go with their profile.
consent_changes = Table(
    "consent_changes",
    metadata,
    Column("key", _Key, primary_key=True, autoincrement=True),
    Column("profile_key", BigInteger, nullable=False),
    # Null for every channel, and for every topic.
    Column("channel", Text),
    Column("topic", Text),
    Column("choice", Text, nullable=False),
    Column("previous_choice", Text),
    Column("time", _Instant, nullable=False),
    Column("source", Text, nullable=False),
    Column("evidence", Text),
    Column("record_time", _Instant, nullable=False),
    Column("actor", Text, nullable=False),
    # A key is never assigned again: messages and events refer to it.
    sqlite_autoincrement=True,
)
Index("consent_changes_profile_key", consent_changes.c.profile_key, consent_changes.c.key)

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

# Names the keys that seal personal links, which themselves are kept outside of the store.
link_keys = Table(
    "link_keys",
    metadata,
    Column("number", SmallInteger, primary_key=True, autoincrement=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("create_time", _Instant, nullable=False),
)

processes = Table(
    "processes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("lease_until", _Instant, nullable=False),
)
