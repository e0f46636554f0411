"""Defines the tables of campaigns, their tags and their versions."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

from clarion_server.adapters.storage.schema.columns import Bytewise, Instant, Key, access_columns, metadata

campaigns = Table(
    "campaigns",
    metadata,
    Column("key", Key, primary_key=True, autoincrement=True),
    Column("sandbox", Bytewise, nullable=False),
    Column("id", Bytewise, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("definition", Text, nullable=False),
    Column("tags", Text, nullable=False),
    # Parts of the definition by which lists filter.
    Column("display_name", Bytewise, nullable=False),
    Column("description", Bytewise, nullable=False),
    Column("category", Text),
    # The channels of the actions, with a blank before and after each.
    Column("channels", Text, nullable=False),
    Column("live_version", Integer, nullable=False),
    Column("last_version", Integer, nullable=False),
    Column("draft_pending", Boolean, nullable=False),
    Column("schedule_start_time", Instant),
    Column("schedule_end_time", Instant),
    Column("next_transition_time", Instant),
    Column("queue_disposal", Text),
    Column("create_time", Instant, nullable=False),
    Column("creator", Text, nullable=False),
    Column("update_time", Instant, nullable=False),
    Column("updater", Text, nullable=False),
    Column("activate_time", Instant),
    Column("activator", Text, nullable=False),
    # They are those of the draft.
    Column("approval_state", Text),
    Column("draft_editors", Text, nullable=False),
    # Null if no version had a rule.
    Column("used_rules", Text),
    *access_columns(),
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
# Lists of messages, executions and events leave out what belongs to the labelled campaigns that a caller does not see.
Index(
    "campaigns_access_mask",
    campaigns.c.sandbox,
    campaigns.c.access_mask,
    sqlite_where=campaigns.c.access_mask != 0,
    postgresql_where=campaigns.c.access_mask != 0,
)

campaign_tags = Table(
    "campaign_tags",
    metadata,
    Column("campaign_key", Key, ForeignKey("campaigns.key", ondelete="CASCADE"), primary_key=True),
    Column("folded", Bytewise, primary_key=True),
    Column("tag", Bytewise, nullable=False),
    sqlite_with_rowid=False,
)

campaign_versions = Table(
    "campaign_versions",
    metadata,
    Column("campaign_key", Key, ForeignKey("campaigns.key", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("definition", Text, nullable=False),
    Column("create_time", Instant, nullable=False),
    # The parts of the definition by which the users of a policy and of a namespace are found.
    Column("sending_policy", Text),
    Column("identity_namespace", Text, nullable=False),
    Column("creator", Text, nullable=False),
    Column("approvers", Text, nullable=False),
    Column("bypass_reason", Text, nullable=False),
    # The versions of fragments that it keeps to.
    Column("fragments", Text, nullable=False),
)

# The audiences that rules of a version ask about.
campaign_version_audiences = Table(
    "campaign_version_audiences",
    metadata,
    Column("campaign_key", Key, ForeignKey("campaigns.key", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("audience_id", Bytewise, primary_key=True),
    sqlite_with_rowid=False,
)

# The channel configuration of each action of a version, in the order of the actions.
campaign_version_actions = Table(
    "campaign_version_actions",
    metadata,
    Column("campaign_key", Key, ForeignKey("campaigns.key", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("position", SmallInteger, primary_key=True, autoincrement=False),
    # This is no foreign key, because an old version may outlive the channel configuration that it names.
    Column("channel_key", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index("campaign_version_actions_channel_key", campaign_version_actions.c.channel_key)
