"""Tables of test cases and of the renderings that were accepted of them."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, Table, Text, UniqueConstraint

from clarion_server.adapters.storage.schema.columns import Bytewise, Instant, Key, metadata

test_cases = Table(
    "test_cases",
    metadata,
    Column("key", Key, primary_key=True, autoincrement=True),
    Column("campaign_key", Key, ForeignKey("campaigns.key", ondelete="CASCADE"), nullable=False),
    # It is that of the campaign.
    Column("sandbox", Bytewise, nullable=False),
    Column("id", Bytewise, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("context", Text, nullable=False),
    Column("profile", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("rule", Text, nullable=False),
    # The ids of those that the recipient belongs to, as JSON.
    Column("audiences", Text, nullable=False),
    Column("create_time", Instant, nullable=False),
    Column("update_time", Instant, nullable=False),
    UniqueConstraint("campaign_key", "id"),
    # A key is never assigned again: etags refer to it.
    sqlite_autoincrement=True,
)

accepted_renderings = Table(
    "accepted_renderings",
    metadata,
    Column("test_case_key", Key, ForeignKey("test_cases.key", ondelete="CASCADE"), primary_key=True),
    Column("action", Bytewise, primary_key=True),
    # It is empty for no targeting rule.
    Column("rule", Bytewise, primary_key=True),
    Column("locale", Bytewise, primary_key=True),
    # The document, compressed by zlib.
    Column("packed", LargeBinary, nullable=False),
    Column("format_data", Text, nullable=False),
    Column("accept_time", Instant, nullable=False),
    Column("accepter", Text, nullable=False),
)
