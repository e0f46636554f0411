"""Finds queued messages whose attempts fail, among the first of a campaign or of a channel configuration."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, bindparam, select

from clarion_server.adapters.storage.schema import IN_QUEUE, messages
from clarion_server.domain.events.campaign_health import FAILING_ATTEMPTS, FailingMessage
from clarion_server.domain.messages.message import Lane, MessageState

#: However long the queue is, a look at it takes as long as this.
_LOOKED_AT = 100

_OLDEST = (
    select(messages.c.channel_key, messages.c.attempt_count, messages.c.due_time)
    .where(messages.c.campaign_key == bindparam("campaign_key"), messages.c.state == MessageState.QUEUED)
    .order_by(messages.c.id)
    .limit(_LOOKED_AT)
    .subquery()
)
_FAILING = select(_OLDEST).where(_OLDEST.c.attempt_count >= FAILING_ATTEMPTS)
_FIRST_DUE = (
    select(messages.c.attempt_count, messages.c.due_time)
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


def failing_messages(connection: Connection, campaign_keys: Collection[int]) -> dict[tuple[int, int], FailingMessage]:
    """Returns one message for each pair of campaign and channel configuration, by their keys."""
    return {
        (campaign_key, channel_key): FailingMessage(attempt_count, due_time)
        for campaign_key in campaign_keys
        for channel_key, attempt_count, due_time in connection.execute(_FAILING, {"campaign_key": campaign_key})
    }


def failing_channels(connection: Connection, channel_keys: Collection[int]) -> dict[int, FailingMessage]:
    """Returns one message for each channel configuration, by its key."""
    return {
        channel_key: FailingMessage(attempt_count, due_time)
        for channel_key in channel_keys
        for lane in Lane
        for attempt_count, due_time in connection.execute(
            _FAILING_ON_CHANNEL, {"channel_key": channel_key, "lane": lane}
        )
    }
