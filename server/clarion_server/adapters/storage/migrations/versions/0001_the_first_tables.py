"""The first tables.

Says what the tables were then; `schema` says what they are now.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_BYTEWISE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _create_campaigns()
    _create_campaign_tags()
    _create_campaign_versions()
    _create_channel_configurations()
    _create_executions()
    _create_messages()
    _create_message_contexts()
    _create_events()
    _create_figures()
    _create_api_keys()
    _create_processes()


def _create_campaigns() -> None:
    op.create_table(
        "campaigns",
        sa.Column("key", _KEY, autoincrement=True, nullable=False),
        sa.Column("sandbox", _BYTEWISE, nullable=False),
        sa.Column("id", _BYTEWISE, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("display_name", _BYTEWISE, nullable=False),
        sa.Column("description", _BYTEWISE, nullable=False),
        sa.Column("category", sa.Text()),
        sa.Column("live_version", sa.Integer(), nullable=False),
        sa.Column("last_version", sa.Integer(), nullable=False),
        sa.Column("draft_pending", sa.Boolean(), nullable=False),
        sa.Column("schedule_start_time", sa.BigInteger()),
        sa.Column("schedule_end_time", sa.BigInteger()),
        sa.Column("next_transition_time", sa.BigInteger()),
        sa.Column("queue_disposal", sa.Text()),
        sa.Column("create_time", sa.BigInteger(), nullable=False),
        sa.Column("creator", sa.Text(), nullable=False),
        sa.Column("update_time", sa.BigInteger(), nullable=False),
        sa.Column("updater", sa.Text(), nullable=False),
        sa.Column("activate_time", sa.BigInteger()),
        sa.Column("activator", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="campaigns_key"),
        sa.UniqueConstraint("sandbox", "id", name="campaigns_sandbox_id_key"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "campaigns_next_transition_time",
        "campaigns",
        ["next_transition_time"],
        sqlite_where=sa.text("next_transition_time IS NOT NULL"),
        postgresql_where=sa.text("next_transition_time IS NOT NULL"),
    )


def _create_campaign_tags() -> None:
    op.create_table(
        "campaign_tags",
        sa.Column("campaign_key", _KEY, nullable=False),
        sa.Column("tag", _BYTEWISE, nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_key"], ["campaigns.key"], name="campaign_tags_campaign_key_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("campaign_key", "tag", name="campaign_tags_key"),
        sqlite_with_rowid=False,
    )


def _create_campaign_versions() -> None:
    op.create_table(
        "campaign_versions",
        sa.Column("campaign_key", _KEY, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("channel_key", sa.BigInteger(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("create_time", sa.BigInteger(), nullable=False),
        sa.Column("creator", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_key"], ["campaigns.key"], name="campaign_versions_campaign_key_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("campaign_key", "number", name="campaign_versions_key"),
    )
    op.create_index("campaign_versions_channel_key", "campaign_versions", ["channel_key"])


def _create_channel_configurations() -> None:
    op.create_table(
        "channel_configurations",
        sa.Column("key", _KEY, autoincrement=True, nullable=False),
        sa.Column("sandbox", _BYTEWISE, nullable=False),
        sa.Column("id", _BYTEWISE, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("smtp", sa.Text(), nullable=False),
        sa.Column("categories", sa.Text(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("retry_window", sa.BigInteger(), nullable=False),
        sa.Column("retry_initial_delay", sa.BigInteger(), nullable=False),
        sa.Column("retry_max_delay", sa.BigInteger(), nullable=False),
        sa.Column("max_concurrency", sa.Integer(), nullable=False),
        sa.Column("max_rate", sa.Float(), nullable=False),
        sa.Column("create_time", sa.BigInteger(), nullable=False),
        sa.Column("update_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="channel_configurations_key"),
        sa.UniqueConstraint("sandbox", "id", name="channel_configurations_sandbox_id_key"),
        sqlite_autoincrement=True,
    )


def _create_executions() -> None:
    op.create_table(
        "executions",
        sa.Column("id", _BYTEWISE, nullable=False),
        sa.Column("campaign_key", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("request_id", _BYTEWISE),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("accept_time", sa.BigInteger(), nullable=False),
        sa.Column("recipient_count", sa.Integer(), nullable=False),
        sa.Column("send_time", sa.BigInteger()),
        sa.Column("expire_time", sa.BigInteger()),
        sa.Column("exceptions", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="executions_key"),
        sqlite_with_rowid=False,
    )
    op.create_index("executions_campaign", "executions", ["campaign_key", "id"])
    op.create_index(
        "executions_request_id",
        "executions",
        ["campaign_key", "request_id"],
        unique=True,
        sqlite_where=sa.text("request_id IS NOT NULL"),
        postgresql_where=sa.text("request_id IS NOT NULL"),
    )


def _create_messages() -> None:
    op.create_table(
        "messages",
        sa.Column("key", _KEY, autoincrement=True, nullable=False),
        sa.Column("id", _BYTEWISE, nullable=False),
        sa.Column("campaign_key", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("channel_key", sa.BigInteger(), nullable=False),
        sa.Column("lane", sa.SmallInteger(), nullable=False),
        sa.Column("identity", _BYTEWISE, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("accept_time", sa.BigInteger(), nullable=False),
        sa.Column("release_time", sa.BigInteger(), nullable=False),
        sa.Column("due_time", sa.BigInteger(), nullable=False),
        sa.Column("expire_time", sa.BigInteger()),
        sa.Column("attempt_count", sa.Integer(), nullable=False),
        sa.Column("attempt_time", sa.BigInteger()),
        sa.Column("owner", sa.Text()),
        sa.Column("outcome_time", sa.BigInteger()),
        sa.Column("exclusion_reason", sa.Text()),
        sa.Column("failure", sa.Text()),
        sa.Column("segment", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("key", name="messages_key"),
        sa.UniqueConstraint("id", name="messages_id_key"),
    )
    op.create_index("messages_campaign_state", "messages", ["campaign_key", "state", "id"])
    op.create_index(
        "messages_due",
        "messages",
        ["channel_key", "lane", "due_time", "id"],
        sqlite_where=sa.text("state = 'QUEUED' AND held = 0"),
        postgresql_where=sa.text("state = 'QUEUED' AND held = 0"),
    )
    op.create_index(
        "messages_held",
        "messages",
        ["campaign_key", "channel_key"],
        sqlite_where=sa.text("held = 1"),
        postgresql_where=sa.text("held = 1"),
    )
    op.create_index("messages_identity", "messages", ["segment", "identity"])


def _create_message_contexts() -> None:
    op.create_table(
        "message_contexts",
        sa.Column("message_key", _KEY, autoincrement=False, nullable=False),
        sa.Column("context", sa.LargeBinary(), nullable=False),
        sa.Column("profile", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("message_key", name="message_contexts_key"),
    )


def _create_events() -> None:
    op.create_table(
        "events",
        sa.Column("sequence", _KEY, autoincrement=True, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("message_id", _BYTEWISE, nullable=False),
        sa.Column("campaign_key", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Text()),
        sa.Column("failure", sa.Text()),
        sa.Column("exclusion_reason", sa.Text()),
        sa.PrimaryKeyConstraint("sequence", name="events_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("events_message", "events", ["message_id"])


def _create_figures() -> None:
    op.create_table(
        "figures",
        sa.Column("campaign_key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_key", "version", "metric", "shard", name="figures_key"),
        sqlite_with_rowid=False,
    )


def _create_api_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", _BYTEWISE, nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("sandbox", _BYTEWISE, nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("create_time", sa.BigInteger(), nullable=False),
        sa.Column("creator", sa.Text(), nullable=False),
        sa.Column("revoke_time", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="api_keys_key"),
    )
    op.create_index("api_keys_sandbox", "api_keys", ["sandbox", "create_time", "id"])


def _create_processes() -> None:
    op.create_table(
        "processes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="processes_key"),
    )
