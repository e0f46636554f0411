"""The first tables.

Says what the tables were then; `schema` says what they are now.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_BYTEWISE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

#: Dead rows come with every move of a message, with each merge in the recipient index and with each purge. By the
#: server's defaults a fifth of a table of a hundred million rows would be dead before PostgreSQL cleans up.
_VACUUMED_EARLY = ("executions", "messages", "message_contexts", "events")
_EARLY = (
    "autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 1"
)
#: Tables whose rows are counted up in place: with room on its page a new version of a row needs no new index entry.
_UPDATED_IN_PLACE = ("counters", "latencies", "processes")


def upgrade() -> None:
    _create_access_labels()
    _create_allow_lists()
    _create_api_keys()
    _create_audience_runs()
    _create_audiences()
    _create_campaigns()
    _create_cap_entries()
    _create_channel_configurations()
    _create_consents()
    _create_counters()
    _create_erasure_keys()
    _create_erasures()
    _create_events()
    _create_executions()
    _create_former_identities()
    _create_key_renewals()
    _create_latencies()
    _create_identity_namespaces()
    _create_imports()
    _create_link_keys()
    _create_message_contexts()
    _create_message_labels()
    _create_messages()
    _create_normalisers()
    _create_turn_schedules()
    _create_processes()
    _create_profile_aliases()
    _create_profile_identities()
    _create_profiles()
    _create_purges()
    _create_suppressions()
    _create_sending_policies()
    _create_topics()
    _create_attachments()
    _create_test_cases()
    _create_accepted_renderings()
    _create_fragments()
    _create_approvals()
    _create_built_sources()
    _create_campaign_tags()
    _create_campaign_version_actions()
    _create_campaign_version_audiences()
    _create_campaign_version_sources()
    _create_campaign_versions()
    if op.get_bind().dialect.name == "postgresql":
        for table in _VACUUMED_EARLY:
            op.execute(f"ALTER TABLE {table} SET ({_EARLY})")
        for table in _UPDATED_IN_PLACE:
            op.execute(f"ALTER TABLE {table} SET (fillfactor = 50)")


def _create_access_labels() -> None:
    op.create_table(
        "access_labels",
        sa.Column("sandbox", _BYTEWISE, nullable=False),
        sa.Column("name", _BYTEWISE, nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("change_count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sandbox", "name", name="access_labels_key"),
        sa.UniqueConstraint("sandbox", "number", name="access_labels_sandbox_number_key"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "labelled_subjects",
        sa.Column("sandbox", _BYTEWISE, nullable=False),
        sa.Column("subject", _BYTEWISE, nullable=False),
        sa.Column("access_mask", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sandbox", "subject", name="labelled_subjects_key"),
        sqlite_with_rowid=False,
    )


def _access_columns() -> tuple[sa.Column[Any], ...]:
    """Returns the columns of a table whose rows have access labels."""
    return (
        sa.Column("access_labels", sa.Text()),
        sa.Column("access_mask", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
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
        sa.Column("access_labels", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="api_keys_key"),
    )
    op.create_index("api_keys_sandbox", "api_keys", ["sandbox", "create_time", "id"])


def _create_audience_runs() -> None:
    op.create_table(
        "audience_runs",
        sa.Column("key", _KEY, autoincrement=True, nullable=False),
        sa.Column("execution_id", _BYTEWISE, nullable=False),
        sa.Column("sandbox", _BYTEWISE, nullable=False),
        sa.Column("campaign_key", sa.BigInteger(), nullable=False),
        sa.Column("audience", _BYTEWISE, nullable=False),
        sa.Column("max_recipients", sa.BigInteger(), nullable=False),
        sa.Column("start_time", sa.BigInteger(), nullable=False),
        sa.Column("context", sa.LargeBinary(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("labels", sa.Text()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text()),
        sa.Column("select_time", sa.BigInteger()),
        sa.Column("selected_count", sa.BigInteger()),
        sa.Column("failures", sa.Text()),
        sa.Column("snapshot_count", sa.Integer(), nullable=False),
        sa.Column("decided_count", sa.BigInteger(), nullable=False),
        sa.Column("accepted_count", sa.BigInteger(), nullable=False),
        sa.Column("exclusions", sa.Text()),
        sa.Column("deleted_count", sa.BigInteger(), nullable=False),
        sa.Column("end_time", sa.BigInteger()),
        sa.Column("end_reason", sa.Text()),
        sa.Column("purge_time", sa.BigInteger()),
        sa.PrimaryKeyConstraint("key", name="audience_runs_key"),
        sa.UniqueConstraint("execution_id", name="audience_runs_execution_id_key"),
        sqlite_autoincrement=True,
    )
    open_runs = sa.text("end_time IS NULL")
    op.create_index(
        "audience_runs_open",
        "audience_runs",
        ["start_time", "key"],
        sqlite_where=open_runs,
        postgresql_where=open_runs,
    )
    with_members = sa.text("end_time IS NOT NULL AND purge_time IS NULL")
    op.create_index(
        "audience_runs_ended",
        "audience_runs",
        ["end_time"],
        sqlite_where=with_members,
        postgresql_where=with_members,
    )
    op.create_table(
        "run_members",
        sa.Column("run_key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ordinal", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("profile_key", sa.BigInteger()),
        sa.Column("namespace", _BYTEWISE),
        sa.Column("normal_value", _BYTEWISE),
        sa.Column("value", sa.Text()),
        sa.PrimaryKeyConstraint("run_key", "ordinal", name="run_members_key"),
        sqlite_with_rowid=False,
    )
    listed = sa.text("normal_value IS NOT NULL")
    op.create_index(
        "run_members_identity",
        "run_members",
        ["namespace", "normal_value"],
        sqlite_where=listed,
        postgresql_where=listed,
    )
    op.create_table(
        "run_addresses",
        sa.Column("run_key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ordinal", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("run_key", "ordinal", name="run_addresses_key"),
        sqlite_with_rowid=False,
    )


def _create_approvals() -> None:
    op.create_table(
        "approval_policies",
        sa.Column("key", _KEY, autoincrement=True, nullable=False),
        sa.Column("sandbox", _BYTEWISE, nullable=False),
        sa.Column("id", _BYTEWISE, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("applies_to", sa.Text(), nullable=False),
        sa.Column("conditions", sa.Text(), nullable=False),
        sa.Column("approvers", sa.Text(), nullable=False),
        sa.Column("required_count", sa.Integer(), nullable=False),
        sa.Column("block_self", sa.Boolean(), nullable=False),
        sa.Column("create_time", sa.BigInteger(), nullable=False),
        sa.Column("update_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("approval_policies_key")),
        sa.UniqueConstraint("sandbox", "id", name=op.f("approval_policies_sandbox_id_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "approval_steps",
        sa.Column("key", _KEY, autoincrement=True, nullable=False),
        sa.Column("campaign_key", _KEY),
        sa.Column("fragment_key", _KEY),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("thread", _KEY),
        sa.CheckConstraint("(campaign_key IS NULL) <> (fragment_key IS NULL)", name="approval_steps_draft"),
        sa.ForeignKeyConstraint(
            ["campaign_key"], ["campaigns.key"], name=op.f("approval_steps_campaign_key_fkey"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["fragment_key"], ["fragments.key"], name=op.f("approval_steps_fragment_key_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("approval_steps_key")),
    )
    op.create_index("approval_steps_campaign_key_key", "approval_steps", ["campaign_key", "key"])
    op.create_index("approval_steps_fragment_key_key", "approval_steps", ["fragment_key", "key"])


def _create_test_cases() -> None:
    op.create_table(
        "test_cases",
        sa.Column("key", _KEY, autoincrement=True, nullable=False),
        sa.Column("campaign_key", _KEY, nullable=False),
        sa.Column("sandbox", _BYTEWISE, nullable=False),
        sa.Column("id", _BYTEWISE, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("context", sa.Text(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("audiences", sa.Text(), nullable=False),
        sa.Column("create_time", sa.BigInteger(), nullable=False),
        sa.Column("update_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("test_cases_key")),
        sa.UniqueConstraint("campaign_key", "id", name=op.f("test_cases_campaign_key_id_key")),
        sa.ForeignKeyConstraint(
            ["campaign_key"], ["campaigns.key"], name=op.f("test_cases_campaign_key_fkey"), ondelete="CASCADE"
        ),
        sqlite_autoincrement=True,
    )


def _create_imports() -> None:
    op.create_table(
        "imports",
        sa.Column("key", _KEY, autoincrement=True, nullable=False),
        sa.Column("sandbox", _BYTEWISE, nullable=False),
        sa.Column("collection", _BYTEWISE, nullable=False),
        sa.Column("id", _BYTEWISE, nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("update_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("imports_key")),
        sa.UniqueConstraint("sandbox", "collection", "id", name=op.f("imports_sandbox_collection_id_key")),
    )
    op.create_index("imports_update_time", "imports", ["update_time"])
    op.create_table(
        "import_results",
        sa.Column("import_key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("results", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("import_key", "position", name=op.f("import_results_key")),
        sqlite_with_rowid=False,
    )


def _create_accepted_renderings() -> None:
    op.create_table(
        "accepted_renderings",
        sa.Column("test_case_key", _KEY, nullable=False),
        sa.Column("action", _BYTEWISE, nullable=False),
        sa.Column("rule", _BYTEWISE, nullable=False),
        sa.Column("locale", _BYTEWISE, nullable=False),
        sa.Column("packed", sa.LargeBinary(), nullable=False),
        sa.Column("format_data", sa.Text(), nullable=False),
        sa.Column("accept_time", sa.BigInteger(), nullable=False),
        sa.Column("accepter", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("test_case_key", "action", "rule", "locale", name=op.f("accepted_renderings_key")),
        sa.ForeignKeyConstraint(
            ["test_case_key"],
            ["test_cases.key"],
            name=op.f("accepted_renderings_test_case_key_fkey"),
            ondelete="CASCADE",
        ),
    )


def _create_audiences() -> None:
    op.create_table(
        "audience_lists",
        sa.Column("key", _KEY, autoincrement=True, nullable=False),
        sa.Column("sandbox", _BYTEWISE, nullable=False),
        sa.Column("audience_key", sa.BigInteger(), nullable=False),
        sa.Column("upload_id", _BYTEWISE, nullable=False),
        sa.Column("identity_count", sa.BigInteger(), nullable=False),
        sa.Column("update_time", sa.BigInteger(), nullable=False),
        sa.Column("complete_time", sa.BigInteger()),
        sa.Column("replace_time", sa.BigInteger()),
        sa.PrimaryKeyConstraint("key", name=op.f("audience_lists_key")),
        sa.UniqueConstraint("audience_key", "upload_id", name=op.f("audience_lists_audience_key_upload_id_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "audience_members",
        sa.Column("list_key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("namespace", _BYTEWISE, nullable=False),
        sa.Column("normal_value", _BYTEWISE, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("list_key", "namespace", "normal_value", name=op.f("audience_members_key")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "audiences",
        sa.Column("key", _KEY, autoincrement=True, nullable=False),
        sa.Column("sandbox", _BYTEWISE, nullable=False),
        sa.Column("id", _BYTEWISE, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("condition", sa.Text()),
        sa.Column("list_key", sa.BigInteger()),
        sa.Column("create_time", sa.BigInteger(), nullable=False),
        sa.Column("update_time", sa.BigInteger(), nullable=False),
        *_access_columns(),
        sa.PrimaryKeyConstraint("key", name=op.f("audiences_key")),
        sa.UniqueConstraint("sandbox", "id", name=op.f("audiences_sandbox_id_key")),
        sqlite_autoincrement=True,
    )


def _create_campaigns() -> None:
    op.create_table(
        "campaigns",
        sa.Column("key", _KEY, autoincrement=True, nullable=False),
        sa.Column("sandbox", _BYTEWISE, nullable=False),
        sa.Column("id", _BYTEWISE, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("display_name", _BYTEWISE, nullable=False),
        sa.Column("description", _BYTEWISE, nullable=False),
        sa.Column("category", sa.Text()),
        sa.Column("channels", sa.Text(), nullable=False),
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
        sa.Column("approval_state", sa.Text()),
        sa.Column("draft_editors", sa.Text(), nullable=False),
        sa.Column("used_rules", sa.Text()),
        *_access_columns(),
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
    op.create_index(
        "campaigns_access_mask",
        "campaigns",
        ["sandbox", "access_mask"],
        sqlite_where=sa.text("access_mask != 0"),
        postgresql_where=sa.text("access_mask != 0"),
    )


def _create_attachments() -> None:
    op.create_table(
        "attachment_blobs",
        sa.Column("key", _KEY, autoincrement=True, nullable=False),
        sa.Column("sandbox", _BYTEWISE, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("complete", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("last_used_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="attachment_blobs_key"),
        sa.UniqueConstraint("sandbox", "digest", name="attachment_blobs_sandbox_digest_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("attachment_blobs_last_used_time", "attachment_blobs", ["last_used_time"])
    op.create_table(
        "attachment_rows",
        sa.Column("blob_key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("octets", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("blob_key", "position", name="attachment_rows_key"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "attachments",
        sa.Column("key", _KEY, autoincrement=True, nullable=False),
        sa.Column("sandbox", _BYTEWISE, nullable=False),
        sa.Column("id", _BYTEWISE, nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("blob_key", sa.BigInteger(), nullable=False),
        sa.Column("create_time", sa.BigInteger(), nullable=False),
        sa.Column("creator", sa.Text(), nullable=False),
        sa.Column("last_used_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="attachments_key"),
        sa.UniqueConstraint("sandbox", "id", name="attachments_sandbox_id_key"),
    )
    op.create_index("attachments_blob_key", "attachments", ["blob_key"])
    op.create_index("attachments_last_used_time", "attachments", ["last_used_time"])
    op.create_table(
        "attachment_references",
        sa.Column("key", _KEY, autoincrement=True, nullable=False),
        sa.Column("blob_key", sa.BigInteger(), nullable=False),
        sa.Column("execution_id", _BYTEWISE, nullable=False),
        sa.PrimaryKeyConstraint("key", name="attachment_references_key"),
        sa.UniqueConstraint("blob_key", "execution_id", name="attachment_references_blob_key_execution_id_key"),
    )
    op.create_table(
        "campaign_attachments",
        sa.Column("campaign_key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("attachment_id", _BYTEWISE, nullable=False),
        sa.PrimaryKeyConstraint("campaign_key", "number", "attachment_id", name="campaign_attachments_key"),
        sqlite_with_rowid=False,
    )
    op.create_index("campaign_attachments_id", "campaign_attachments", ["attachment_id"])


def _create_fragments() -> None:
    op.create_table(
        "fragments",
        sa.Column("key", _KEY, autoincrement=True, nullable=False),
        sa.Column("sandbox", _BYTEWISE, nullable=False),
        sa.Column("id", _BYTEWISE, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("published_version", sa.Integer(), nullable=False),
        sa.Column("published_digest", sa.Text(), nullable=False),
        sa.Column("approval_state", sa.Text()),
        sa.Column("draft_editors", sa.Text(), nullable=False),
        sa.Column("create_time", sa.BigInteger(), nullable=False),
        sa.Column("update_time", sa.BigInteger(), nullable=False),
        sa.Column("archive_time", sa.BigInteger()),
        *_access_columns(),
        sa.PrimaryKeyConstraint("key", name="fragments_key"),
        sa.UniqueConstraint("sandbox", "id", name="fragments_sandbox_id_key"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "fragment_versions",
        sa.Column("fragment_key", _KEY, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("create_time", sa.BigInteger(), nullable=False),
        sa.Column("creator", sa.Text(), nullable=False),
        sa.Column("approvers", sa.Text(), nullable=False),
        sa.Column("bypass_reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["fragment_key"], ["fragments.key"], name="fragment_versions_fragment_key_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("fragment_key", "number", name="fragment_versions_key"),
    )
    op.create_table(
        "fragment_references",
        sa.Column("fragment_key", _KEY, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("fragment_id", _BYTEWISE, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["fragment_key"], ["fragments.key"], name="fragment_references_fragment_key_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("fragment_key", "number", "fragment_id", "version", name="fragment_references_key"),
        sqlite_with_rowid=False,
    )
    op.create_index("fragment_references_id", "fragment_references", ["fragment_id"])
    op.create_table(
        "campaign_fragments",
        sa.Column("campaign_key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("fragment_id", _BYTEWISE, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("campaign_key", "number", "fragment_id", "version", name="campaign_fragments_key"),
        sqlite_with_rowid=False,
    )
    op.create_index("campaign_fragments_id", "campaign_fragments", ["fragment_id"])


def _create_channel_configurations() -> None:
    op.create_table(
        "channel_configurations",
        sa.Column("key", _KEY, autoincrement=True, nullable=False),
        sa.Column("sandbox", _BYTEWISE, nullable=False),
        sa.Column("id", _BYTEWISE, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("secrets", sa.Text(), nullable=False),
        sa.Column("categories", sa.Text(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("retry_window", sa.BigInteger(), nullable=False),
        sa.Column("retry_initial_delay", sa.BigInteger(), nullable=False),
        sa.Column("retry_max_delay", sa.BigInteger(), nullable=False),
        sa.Column("max_concurrency", sa.Integer(), nullable=False),
        sa.Column("max_rate", sa.Float(), nullable=False),
        sa.Column("max_message_bytes", sa.BigInteger(), nullable=False),
        sa.Column("server_certificate_end", sa.BigInteger()),
        sa.Column("create_time", sa.BigInteger(), nullable=False),
        sa.Column("update_time", sa.BigInteger(), nullable=False),
        *_access_columns(),
        sa.PrimaryKeyConstraint("key", name="channel_configurations_key"),
        sa.UniqueConstraint("sandbox", "id", name="channel_configurations_sandbox_id_key"),
        sqlite_autoincrement=True,
    )


def _create_cap_entries() -> None:
    op.create_table(
        "cap_entries",
        sa.Column("person", _BYTEWISE, nullable=False),
        sa.Column("policy_key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("scope", _BYTEWISE, nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("times", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("person", "policy_key", "scope", name="cap_entries_key"),
    )
    if op.get_bind().dialect.name == "postgresql":
        # Room in each page for the next version of its rows, most of which are changed often.
        op.execute("ALTER TABLE cap_entries SET (fillfactor = 80)")


def _create_consents() -> None:
    op.create_table(
        "consent_settings",
        sa.Column("sandbox", _BYTEWISE, nullable=False),
        sa.Column("silence", sa.Text(), nullable=False),
        sa.Column("update_time", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("sandbox", name="consent_settings_key"),
    )
    op.create_table(
        "consent_changes",
        sa.Column("key", _KEY, autoincrement=True, nullable=False),
        sa.Column("profile_key", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text()),
        sa.Column("topic", sa.Text()),
        sa.Column("choice", sa.Text(), nullable=False),
        sa.Column("previous_choice", sa.Text()),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text()),
        sa.Column("record_time", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="consent_changes_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("consent_changes_profile_key", "consent_changes", ["profile_key", "key"])


def _create_counters() -> None:
    op.create_table(
        "counters",
        sa.Column("campaign_key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("treatment", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "campaign_key",
            "version",
            "action",
            "treatment",
            "rule",
            "locale",
            "day",
            "metric",
            "reason",
            "shard",
            name="counters_key",
        ),
        sqlite_with_rowid=False,
    )


def _create_erasure_keys() -> None:
    op.create_table(
        "erasure_keys",
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("create_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="erasure_keys_key"),
    )


def _create_key_renewals() -> None:
    op.create_table(
        "key_renewals",
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("versions", sa.Text(), nullable=False),
        sa.Column("key_table", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("collisions", sa.BigInteger(), nullable=False),
        sa.Column("unreadable", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="key_renewals_key"),
    )


def _create_normalisers() -> None:
    op.create_table(
        "normalisers",
        sa.Column("name", _BYTEWISE, nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("record_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="normalisers_key"),
    )


def _create_erasures() -> None:
    op.create_table(
        "erasures",
        sa.Column("key", _KEY, autoincrement=True, nullable=False),
        sa.Column("sandbox", _BYTEWISE, nullable=False),
        sa.Column("profile_id", _BYTEWISE, nullable=False),
        sa.Column("profile_keys", sa.Text(), nullable=False),
        sa.Column("identities", sa.Text(), nullable=False),
        sa.Column("keeps_addresses", sa.Boolean(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("begin_time", sa.BigInteger(), nullable=False),
        sa.Column("transaction", sa.BigInteger()),
        sa.Column("last_message", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("revisited", sa.BigInteger()),
        sa.Column("last_execution", _BYTEWISE),
        sa.Column("is_swept", sa.Boolean(), nullable=False),
        sa.Column("cancelled_count", sa.Integer(), nullable=False),
        sa.Column("message_count", sa.Integer(), nullable=False),
        sa.Column("address_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("erasures_key")),
    )


def _create_events() -> None:
    op.create_table(
        "events",
        sa.Column("sequence", _KEY, autoincrement=True, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("sandbox", _BYTEWISE, nullable=False),
        sa.Column("message_id", _BYTEWISE),
        sa.Column("campaign_key", sa.BigInteger()),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text()),
        sa.Column("detail", sa.Text()),
        sa.Column("content_locale", sa.Text()),
        sa.Column("locale_reason", sa.Text()),
        sa.Column("rule", sa.Text()),
        sa.Column("subject", sa.Text()),
        sa.Column("labels", sa.Text()),
        sa.PrimaryKeyConstraint("sequence", name="events_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("events_message", "events", ["message_id"])
    op.create_index(
        "events_subject",
        "events",
        ["subject"],
        sqlite_where=sa.text("subject IS NOT NULL"),
        postgresql_where=sa.text("subject IS NOT NULL"),
    )


def _create_executions() -> None:
    op.create_table(
        "executions",
        sa.Column("id", _BYTEWISE, nullable=False),
        sa.Column("sandbox", _BYTEWISE, nullable=False),
        sa.Column("campaign_key", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("request_id", _BYTEWISE),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("accept_time", sa.BigInteger(), nullable=False),
        sa.Column("recipient_count", sa.Integer(), nullable=False),
        sa.Column("actions", sa.Text(), nullable=False),
        sa.Column("action_mode", sa.Text(), nullable=False),
        sa.Column("send_time", sa.BigInteger()),
        sa.Column("expire_time", sa.BigInteger()),
        sa.Column("exclusions", sa.Text()),
        sa.Column("rejections", sa.Text()),
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


def _create_former_identities() -> None:
    op.create_table(
        "former_identities",
        sa.Column("profile_key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("namespace", _BYTEWISE, nullable=False),
        sa.Column("normal_value", _BYTEWISE, nullable=False),
        sa.PrimaryKeyConstraint("profile_key", "namespace", "normal_value", name=op.f("former_identities_key")),
        sqlite_with_rowid=False,
    )


def _create_latencies() -> None:
    op.create_table(
        "latencies",
        sa.Column("campaign_key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("bucket", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_key", "version", "action", "bucket", "shard", name="latencies_key"),
        sqlite_with_rowid=False,
    )


def _create_identity_namespaces() -> None:
    op.create_table(
        "identity_namespaces",
        sa.Column("key", _KEY, autoincrement=True, nullable=False),
        sa.Column("sandbox", _BYTEWISE, nullable=False),
        sa.Column("id", _BYTEWISE, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("normalisation", sa.Text(), nullable=False),
        sa.Column("default_region", sa.Text(), nullable=False),
        sa.Column("create_time", sa.BigInteger(), nullable=False),
        sa.Column("update_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="identity_namespaces_key"),
        sa.UniqueConstraint("sandbox", "id", name="identity_namespaces_sandbox_id_key"),
        sqlite_autoincrement=True,
    )


def _create_link_keys() -> None:
    op.create_table(
        "link_keys",
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("create_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="link_keys_key"),
    )


def _create_message_contexts() -> None:
    op.create_table(
        "message_contexts",
        sa.Column("message_key", _KEY, autoincrement=False, nullable=False),
        sa.Column("context", sa.LargeBinary(), nullable=False),
        sa.Column("profile", sa.LargeBinary(), nullable=False),
        sa.Column("attachments", sa.Text()),
        sa.PrimaryKeyConstraint("message_key", name="message_contexts_key"),
    )


def _create_message_labels() -> None:
    op.create_table(
        "message_labels",
        sa.Column("sandbox", _BYTEWISE, nullable=False),
        sa.Column("key", _BYTEWISE, nullable=False),
        sa.Column("value", _BYTEWISE, nullable=False),
        sa.Column("message_id", _BYTEWISE, nullable=False),
        sa.PrimaryKeyConstraint("sandbox", "key", "value", "message_id", name="message_labels_key"),
        sqlite_with_rowid=False,
    )
    op.create_index("message_labels_message", "message_labels", ["message_id"])


def _create_messages() -> None:
    op.create_table(
        "messages",
        sa.Column("key", _KEY, autoincrement=True, nullable=False),
        sa.Column("id", _BYTEWISE, nullable=False),
        sa.Column("sandbox", _BYTEWISE, nullable=False),
        sa.Column("campaign_key", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("channel_key", sa.BigInteger(), nullable=False),
        sa.Column("lane", sa.SmallInteger(), nullable=False),
        sa.Column("identity", _BYTEWISE, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("content_locale", sa.Text(), nullable=False),
        sa.Column("locale_reason", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("accept_time", sa.BigInteger(), nullable=False),
        sa.Column("release_time", sa.BigInteger(), nullable=False),
        sa.Column("due_time", sa.BigInteger(), nullable=False),
        sa.Column("expire_time", sa.BigInteger()),
        sa.Column("attempt_count", sa.Integer(), nullable=False),
        sa.Column("attempt_time", sa.BigInteger()),
        sa.Column("owner", sa.Text()),
        sa.Column("first_attempt_time", sa.BigInteger()),
        sa.Column("labels", sa.Text()),
        sa.Column("fallback_after", sa.BigInteger()),
        sa.Column("fallback_addresses", sa.Text()),
        sa.Column("fallback_locales", sa.Text()),
        sa.Column("rule", sa.Text()),
        sa.Column("fallback_rules", sa.Text()),
        sa.Column("topic", sa.Text()),
        sa.Column("consent_change", sa.BigInteger()),
        sa.Column("sending_policy", sa.Text()),
        sa.Column("profile_key", sa.BigInteger()),
        sa.Column("cap_person", sa.Text()),
        sa.Column("turn", sa.Text()),
        sa.Column("outcome_time", sa.BigInteger()),
        sa.Column("exclusion", sa.Text()),
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


def _create_turn_schedules() -> None:
    op.create_table(
        "turn_schedules",
        sa.Column("name", _BYTEWISE, nullable=False),
        sa.Column("sandbox", _BYTEWISE, nullable=False),
        sa.Column("rate", sa.Float(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("next_place", sa.Float(), nullable=False),
        sa.Column("delay", sa.Float(), nullable=False),
        sa.Column("free_time", sa.Float(), nullable=False),
        sa.Column("retimed_campaign", sa.BigInteger()),
        sa.Column("retimed_message", sa.Text()),
        sa.PrimaryKeyConstraint("name", name="turn_schedules_key"),
    )


def _create_processes() -> None:
    op.create_table(
        "processes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="processes_key"),
    )


def _create_profile_aliases() -> None:
    op.create_table(
        "profile_aliases",
        sa.Column("sandbox", _BYTEWISE, nullable=False),
        sa.Column("id", _BYTEWISE, nullable=False),
        sa.Column("profile_key", sa.BigInteger(), nullable=False),
        sa.Column("former_key", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sandbox", "id", name=op.f("profile_aliases_key")),
        sqlite_with_rowid=False,
    )
    op.create_index("profile_aliases_profile_key", "profile_aliases", ["profile_key"])
    op.create_index("profile_aliases_former_key", "profile_aliases", ["former_key"])


def _create_profile_identities() -> None:
    op.create_table(
        "profile_identities",
        sa.Column("sandbox", _BYTEWISE, nullable=False),
        sa.Column("namespace", _BYTEWISE, nullable=False),
        sa.Column("normal_value", _BYTEWISE, nullable=False),
        sa.Column("profile_key", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("value", sa.Text()),
        sa.PrimaryKeyConstraint(
            "sandbox",
            "namespace",
            "normal_value",
            name=op.f("profile_identities_key"),
            postgresql_include=["profile_key"],
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("profile_identities_profile_key", "profile_identities", ["profile_key"])


def _create_profiles() -> None:
    op.create_table(
        "profiles",
        sa.Column("key", _KEY, autoincrement=True, nullable=False),
        sa.Column("sandbox", _BYTEWISE, nullable=False),
        sa.Column("id", _BYTEWISE, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("create_time", sa.BigInteger(), nullable=False),
        sa.Column("update_time", sa.BigInteger(), nullable=False),
        sa.Column("choices", sa.Text()),
        sa.Column("seen_before", sa.BigInteger()),
        sa.PrimaryKeyConstraint("key", name=op.f("profiles_key")),
        sa.UniqueConstraint("sandbox", "id", name=op.f("profiles_sandbox_id_key")),
        sqlite_autoincrement=True,
    )


def _create_purges() -> None:
    op.create_table(
        "purges",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("through", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", name="purges_key"),
    )


def _create_sending_policies() -> None:
    op.create_table(
        "sending_policies",
        sa.Column("key", _KEY, autoincrement=True, nullable=False),
        sa.Column("sandbox", _BYTEWISE, nullable=False),
        sa.Column("id", _BYTEWISE, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("categories", sa.Text(), nullable=False),
        sa.Column("quiet_hours", sa.Text(), nullable=False),
        sa.Column("send_windows", sa.Text(), nullable=False),
        sa.Column("time_zone_source", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("when_closed", sa.Text(), nullable=False),
        sa.Column("caps", sa.Text(), nullable=False),
        sa.Column("rate", sa.Float(), nullable=False),
        sa.Column("create_time", sa.BigInteger(), nullable=False),
        sa.Column("update_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="sending_policies_key"),
        sa.UniqueConstraint("sandbox", "id", name="sending_policies_sandbox_id_key"),
        sqlite_autoincrement=True,
    )


def _create_topics() -> None:
    op.create_table(
        "topics",
        sa.Column("key", _KEY, autoincrement=True, nullable=False),
        sa.Column("sandbox", _BYTEWISE, nullable=False),
        sa.Column("id", _BYTEWISE, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("default_locale", sa.Text(), nullable=False),
        sa.Column("translations", sa.Text(), nullable=False),
        sa.Column("visibility", sa.Text(), nullable=False),
        sa.Column("one_click", sa.Text(), nullable=False),
        sa.Column("silence", sa.Text()),
        sa.Column("create_time", sa.BigInteger(), nullable=False),
        sa.Column("update_time", sa.BigInteger(), nullable=False),
        sa.Column("archive_time", sa.BigInteger()),
        sa.PrimaryKeyConstraint("key", name="topics_key"),
        sa.UniqueConstraint("sandbox", "id", name="topics_sandbox_id_key"),
    )


def _create_campaign_tags() -> None:
    op.create_table(
        "campaign_tags",
        sa.Column("campaign_key", _KEY, nullable=False),
        sa.Column("folded", _BYTEWISE, nullable=False),
        sa.Column("tag", _BYTEWISE, nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_key"], ["campaigns.key"], name="campaign_tags_campaign_key_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("campaign_key", "folded", name="campaign_tags_key"),
        sqlite_with_rowid=False,
    )


def _create_campaign_version_actions() -> None:
    op.create_table(
        "campaign_version_actions",
        sa.Column("campaign_key", _KEY, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("position", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("channel_key", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_key"], ["campaigns.key"], name="campaign_version_actions_campaign_key_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("campaign_key", "number", "position", name="campaign_version_actions_key"),
        sqlite_with_rowid=False,
    )
    op.create_index("campaign_version_actions_channel_key", "campaign_version_actions", ["channel_key"])


def _create_campaign_version_audiences() -> None:
    op.create_table(
        "campaign_version_audiences",
        sa.Column("campaign_key", _KEY, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("audience_id", _BYTEWISE, nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_key"], ["campaigns.key"], name="campaign_version_audiences_campaign_key_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("campaign_key", "number", "audience_id", name="campaign_version_audiences_key"),
        sqlite_with_rowid=False,
    )


def _create_built_sources() -> None:
    op.create_table(
        "built_sources",
        sa.Column("key", _KEY, autoincrement=True, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("lines", sa.Text(), nullable=False),
        sa.Column("places", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="built_sources_key"),
        sa.UniqueConstraint("digest", name=op.f("built_sources_digest_key")),
    )


def _create_campaign_version_sources() -> None:
    op.create_table(
        "campaign_version_sources",
        sa.Column("campaign_key", _KEY, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("source_key", sa.LargeBinary(), nullable=False),
        sa.Column("built_key", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_key"], ["campaigns.key"], name="campaign_version_sources_campaign_key_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("campaign_key", "number", "source_key", name="campaign_version_sources_key"),
        sqlite_with_rowid=False,
    )


def _create_campaign_versions() -> None:
    op.create_table(
        "campaign_versions",
        sa.Column("campaign_key", _KEY, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("create_time", sa.BigInteger(), nullable=False),
        sa.Column("sending_policy", sa.Text()),
        sa.Column("identity_namespace", sa.Text(), nullable=False),
        sa.Column("creator", sa.Text(), nullable=False),
        sa.Column("approvers", sa.Text(), nullable=False),
        sa.Column("bypass_reason", sa.Text(), nullable=False),
        sa.Column("fragments", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_key"], ["campaigns.key"], name="campaign_versions_campaign_key_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("campaign_key", "number", name="campaign_versions_key"),
    )


def _create_suppressions() -> None:
    op.create_table(
        "suppressions",
        sa.Column("target_key", _BYTEWISE, nullable=False),
        sa.Column("sandbox", _BYTEWISE, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("id", _BYTEWISE, nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("create_time", sa.BigInteger(), nullable=False),
        sa.Column("creator", sa.Text(), nullable=False),
        sa.Column("expire_time", sa.BigInteger()),
        sa.PrimaryKeyConstraint("target_key", "sandbox", "channel", "reason", name="suppressions_key"),
        sa.UniqueConstraint("sandbox", "id", name="suppressions_sandbox_id_key"),
    )
    op.create_index(
        "suppressions_expire_time",
        "suppressions",
        ["expire_time"],
        sqlite_where=sa.text("expire_time IS NOT NULL"),
        postgresql_where=sa.text("expire_time IS NOT NULL"),
    )


def _create_allow_lists() -> None:
    op.create_table(
        "allow_lists",
        sa.Column("sandbox", _BYTEWISE, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("entries", sa.Text(), nullable=False),
        sa.Column("update_time", sa.BigInteger(), nullable=False),
        sa.Column("updater", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sandbox", name="allow_lists_key"),
        sqlite_with_rowid=False,
    )
