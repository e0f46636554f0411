"""Defines the tables of approval policies and of the history of approvals."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from clarion_server.adapters.storage.schema.columns import Bytewise, Instant, Key, metadata

approval_policies = Table(
    "approval_policies",
    metadata,
    Column("key", Key, primary_key=True, autoincrement=True),
    Column("sandbox", Bytewise, nullable=False),
    Column("id", Bytewise, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("display_name", Text, nullable=False),
    # Of which kind of drafts it asks for approvals.
    Column("applies_to", Text, nullable=False),
    Column("conditions", Text, nullable=False),
    Column("approvers", Text, nullable=False),
    Column("required_count", Integer, nullable=False),
    Column("block_self", Boolean, nullable=False),
    Column("create_time", Instant, nullable=False),
    Column("update_time", Instant, nullable=False),
    UniqueConstraint("sandbox", "id"),
    # A key is never assigned again, because etags refer to it.
    sqlite_autoincrement=True,
)

approval_steps = Table(
    "approval_steps",
    metadata,
    Column("key", Key, primary_key=True, autoincrement=True),
    # What has the draft: a campaign or a fragment.
    Column("campaign_key", Key, ForeignKey("campaigns.key", ondelete="CASCADE")),
    Column("fragment_key", Key, ForeignKey("fragments.key", ondelete="CASCADE")),
    Column("action", Text, nullable=False),
    Column("time", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("comment", Text, nullable=False),
    Column("content_hash", Text, nullable=False),
    # The key of the step that began the thread which it belongs to. Null for a step that is no reply.
    Column("thread", Key),
    CheckConstraint("(campaign_key IS NULL) <> (fragment_key IS NULL)", name="approval_steps_draft"),
)
Index("approval_steps_campaign_key_key", approval_steps.c.campaign_key, approval_steps.c.key)
Index("approval_steps_fragment_key_key", approval_steps.c.fragment_key, approval_steps.c.key)
