"""Messages as rows, and back."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, select

from clarion_server.adapters.storage.json_columns import FAILURE
from clarion_server.adapters.storage.json_rows import RowsReader
from clarion_server.adapters.storage.schema import message_contexts, messages
from clarion_server.domain.message import ExclusionReason, Lane, Message, MessageState

#: What a new message fills, in the order of `message_to_row`. The database gives the key, and nothing new is held.
INSERTED_COLUMNS = (
    messages.c.id,
    messages.c.campaign_key,
    messages.c.version,
    messages.c.channel_key,
    messages.c.lane,
    messages.c.identity,
    messages.c.address,
    messages.c.locale,
    messages.c.state,
    messages.c.accept_time,
    messages.c.release_time,
    messages.c.due_time,
    messages.c.attempt_count,
    messages.c.segment,
    messages.c.attempt_time,
    messages.c.owner,
    messages.c.expire_time,
    messages.c.outcome_time,
    messages.c.exclusion_reason,
    messages.c.failure,
)
#: From here on, new messages have nothing, as a rule.
FIRST_RARE_COLUMN = messages.c.expire_time

#: What is read where a context was.
_PURGED = b"{}"
#: In the order of `message_from_row`.
_READ_COLUMNS = (
    messages.c.id,
    messages.c.campaign_key,
    messages.c.version,
    messages.c.channel_key,
    messages.c.lane,
    messages.c.identity,
    messages.c.address,
    messages.c.locale,
    message_contexts.c.context,
    message_contexts.c.profile,
    messages.c.state,
    messages.c.accept_time,
    messages.c.release_time,
    messages.c.due_time,
    messages.c.expire_time,
    messages.c.attempt_count,
    messages.c.attempt_time,
    messages.c.owner,
    messages.c.outcome_time,
    messages.c.exclusion_reason,
    messages.c.failure,
)


def message_to_row(message: Message, segment: int) -> tuple[Any, ...]:
    return (
        message.id,
        message.campaign_key,
        message.version,
        message.channel_key,
        int(message.lane),
        message.identity,
        message.address,
        message.locale,
        # Plain texts and numbers: sqlite3 looks for an adapter of every subclass, which takes as long as all else.
        str(message.state),
        message.accept_time,
        message.release_time,
        message.due_time,
        message.attempt_count,
        segment,
        message.attempt_time,
        message.owner,
        message.expire_time,
        message.outcome_time,
        message.exclusion_reason,
        FAILURE.encode(message.failure),
    )


def context_to_row(message: Message) -> tuple[Any, ...]:
    return message.id, message.context, message.profile


def message_from_row(row: Sequence[Any]) -> Message:
    """By position: this is on the way of every message that is claimed."""
    return Message(
        id=row[0],
        campaign_key=row[1],
        version=row[2],
        channel_key=row[3],
        lane=Lane(row[4]),
        identity=row[5],
        address=row[6],
        locale=row[7],
        context=row[8] or _PURGED,
        profile=row[9] or _PURGED,
        state=MessageState(row[10]),
        accept_time=row[11],
        release_time=row[12],
        due_time=row[13],
        expire_time=row[14],
        attempt_count=row[15],
        attempt_time=row[16],
        owner=row[17],
        outcome_time=row[18],
        exclusion_reason=None if row[19] is None else ExclusionReason(row[19]),
        failure=FAILURE.decode(row[20]),
    )


@cache
def select_messages() -> Select[Any]:
    """Every message, whole; its context may have been purged."""
    return select(*_READ_COLUMNS).join_from(
        messages, message_contexts, message_contexts.c.message_key == messages.c.key, isouter=True
    )


def read_messages(connection: Connection, statement: Select[Any]) -> list[Message]:
    """`statement` is made of `select_messages`."""
    return [message_from_row(row) for row in RowsReader(statement).read(connection)]
