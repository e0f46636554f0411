"""Defines the tables of executions and of their messages."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, SmallInteger, Table, Text, text

from clarion_server.adapters.storage.schema.columns import Bytewise, Instant, Key, metadata, vacuum_early

executions = Table(
    "executions",
    metadata,
    Column("id", Bytewise, primary_key=True),
    Column("sandbox", Bytewise, nullable=False),
    Column("campaign_key", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("request_id", Bytewise),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("caller", Text, nullable=False),
    Column("accept_time", Instant, nullable=False),
    Column("recipient_count", Integer, nullable=False),
    # The ids of the version's actions in order, separated by commas.
    Column("actions", Text, nullable=False),
    Column("action_mode", Text, nullable=False),
    Column("send_time", Instant),
    Column("expire_time", Instant),
    # Null if no message was excluded or no recipient rejected.
    Column("exclusions", Text),
    Column("rejections", Text),
    sqlite_with_rowid=False,
)
vacuum_early(executions)
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
    Column("key", Key, primary_key=True, autoincrement=True),
    # It begins with the id of the execution, so the messages of an execution are a range of ids.
    Column("id", Bytewise, nullable=False, unique=True),
    Column("sandbox", Bytewise, nullable=False),
    Column("campaign_key", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("action", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("channel_key", BigInteger, nullable=False),
    Column("lane", SmallInteger, nullable=False),
    Column("identity", Bytewise, nullable=False),
    Column("address", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("content_locale", Text, nullable=False),
    Column("locale_reason", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("accept_time", Instant, nullable=False),
    Column("release_time", Instant, nullable=False),
    Column("due_time", Instant, nullable=False),
    Column("expire_time", Instant),
    Column("attempt_count", Integer, nullable=False),
    Column("attempt_time", Instant),
    Column("owner", Text),
    # Null until the second attempt: until then `attempt_time` is the time of the first one.
    Column("first_attempt_time", Instant),
    Column("labels", Text),
    # How long its channel may take to accept it before the next action takes its place. Null if there is no limit.
    Column("fallback_after", BigInteger),
    Column("fallback_addresses", Text),
    Column("fallback_locales", Text),
    # Null if no rule was true when it was accepted; so with the rules of the later actions.
    Column("rule", Text),
    Column("fallback_rules", Text),
    Column("topic", Text),
    # The key of the choice that decided when the message was accepted.
    Column("consent_change", BigInteger),
    # The policy's id, and behind it the time zone by whose clock it decided, and where that comes from.
    Column("sending_policy", Text),
    # Null where nobody was known. When the profile is absorbed, `profile_aliases` leads from this key to the survivor.
    Column("profile_key", BigInteger),
    # Where caps count it: see `cap_entries`.
    Column("cap_person", Text),
    # What it waits for, or has waited for, under the rate of its campaign or its sending policy. Null where none holds.
    Column("turn", Text),
    Column("outcome_time", Instant),
    Column("exclusion", Text),
    Column("failure", Text),
    # See `recipient_index`.
    Column("segment", BigInteger, nullable=False),
    # 1 while the campaign is paused, which keeps a queued message from being claimed. 0 in every other state.
    Column("held", SmallInteger, nullable=False, server_default=text("0")),
)
vacuum_early(messages)
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
    Column("message_key", Key, primary_key=True, autoincrement=False),
    Column("context", LargeBinary, nullable=False),
    Column("profile", LargeBinary, nullable=False),
    # The files of the recipient, without their bytes. Null if there are none.
    Column("attachments", Text),
)
vacuum_early(message_contexts)

# Finds messages by label. Messages without labels have no rows here.
message_labels = Table(
    "message_labels",
    metadata,
    Column("sandbox", Bytewise, primary_key=True),
    Column("key", Bytewise, primary_key=True),
    Column("value", Bytewise, primary_key=True),
    Column("message_id", Bytewise, primary_key=True),
    sqlite_with_rowid=False,
)
# Finds the labels of a message that is purged.
Index("message_labels_message", message_labels.c.message_id)
