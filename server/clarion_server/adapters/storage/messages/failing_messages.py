"""Finds queued messages whose attempts fail, among the first of a campaign or of a channel configuration."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from clarion_server.adapters.storage.rows.json_columns import ATTEMPT
from clarion_server.adapters.storage.schema import IN_QUEUE, events, messages
from clarion_server.domain.events.campaign_health import FAILING_ATTEMPTS, FailingMessage
from clarion_server.domain.events.event import EventType
from clarion_server.domain.messages.message import Lane, MessageState

#: However long the queue is, a look at it takes as long as this.
_LOOKED_AT = 100

_OLDEST = (
    select(messages.c.channel_key, messages.c.attempt_count, messages.c.due_time, messages.c.id)
    .where(messages.c.campaign_key == bindparam("campaign_key"), messages.c.state == MessageState.QUEUED)
    .order_by(messages.c.id)
    .limit(_LOOKED_AT)
    .subquery()
)
_FAILING = select(_OLDEST).where(_OLDEST.c.attempt_count >= FAILING_ATTEMPTS)
_FIRST_DUE = (
    select(messages.c.attempt_count, messages.c.due_time, messages.c.id)
    .where(messages.c.channel_key == bindparam("channel_key"), messages.c.lane == bindparam("lane"), IN_QUEUE)
    .order_by(messages.c.due_time, messages.c.id)
    .limit(_LOOKED_AT)
    .subquery()
)
_FAILING_ON_CHANNEL = (
    select(_FIRST_DUE)
    .where(_FIRST_DUE.c.attempt_count >= FAILING_ATTEMPTS)
    .order_by(_FIRST_DUE.c.attempt_count.desc())
    .limit(1)
)

#: A message that waits was deferred by its last attempt.
_LAST_ATTEMPT = (
    select(events.c.detail)
    .where(
        events.c.message_id == bindparam("message_id"),
        events.c.type == EventType.DEFERRED,
        events.c.detail.is_not(None),
    )
    .order_by(events.c.sequence.desc())
    .limit(1)
)


def failing_messages(connection: Connection, campaign_keys: Collection[int]) -> dict[tuple[int, int], FailingMessage]:
    """Returns one message for each pair of campaign and channel configuration, by their keys."""
    found = {
        (campaign_key, row.channel_key): row
        for campaign_key in campaign_keys
        for row in connection.execute(_FAILING, {"campaign_key": campaign_key})
    }
    return {keys: _with_failure(connection, row) for keys, row in found.items()}


def failing_channels(connection: Connection, channel_keys: Collection[int]) -> dict[int, FailingMessage]:
    """Returns one message for each channel configuration, by its key."""
    found = {
        channel_key: row
        for channel_key in channel_keys
        for lane in Lane
        for row in connection.execute(_FAILING_ON_CHANNEL, {"channel_key": channel_key, "lane": lane})
    }
    return {channel_key: _with_failure(connection, row) for channel_key, row in found.items()}


def _with_failure(connection: Connection, row: Row[Any]) -> FailingMessage:
    detail = connection.execute(_LAST_ATTEMPT, {"message_id": row.id}).scalar_one_or_none()
    return FailingMessage(row.attempt_count, row.due_time, None if detail is None else ATTEMPT.decode(detail).failure)
