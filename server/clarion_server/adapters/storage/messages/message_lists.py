"""Lists messages, the newest first, at a cost that hardly grows with the number of messages.

Each list finds the ids first, in indexes alone where that is possible, and then reads the messages.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import lru_cache
from itertools import chain, product
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Text, bindparam, exists, literal_column, select

from clarion_server.adapters.storage.messages.message_rows import read_messages, select_messages
from clarion_server.adapters.storage.messages.recipient_index import all_segments
from clarion_server.adapters.storage.rows.json_rows import RowsReader
from clarion_server.adapters.storage.schema import message_labels, messages
from clarion_server.adapters.storage.statements.conditions import json_member, of_execution, of_visible_campaign
from clarion_server.adapters.storage.statements.newest_page import BEYOND_ALL, NewestIds, campaign_keys
from clarion_server.application.ports.queries import MessageQuery
from clarion_server.domain.messages.exclusion import ExclusionPhase
from clarion_server.domain.messages.message import Message, MessageState

_BY_IDS = RowsReader(
    select_messages().where(messages.c.id.in_(bindparam("ids", expanding=True))).order_by(messages.c.id.desc())
)


def list_messages(connection: Connection, query: MessageQuery) -> list[Message]:
    return read_messages(connection, _BY_IDS, {"ids": _ids(connection, query)})


def _ids(connection: Connection, query: MessageQuery) -> list[str]:
    if query.execution_id is not None:
        return _filtered_ids(connection, query, _of_execution(query.execution_id))
    if query.identity is not None:
        return _filtered_ids(connection, query, _of_identity(query.identity))
    if query.labels:
        return _filtered_ids(connection, query, _of_labels(query))
    keys = campaign_keys(connection, query.visibility, query.campaign_key)
    wanted = [(column, sorted(values)) for column, values in _filters(query, connection.dialect.name)]
    groups = [(*group, *chain.from_iterable(values for _, values in wanted)) for group in product(keys, _states(query))]
    newest = _newest_ids(tuple((column, len(values)) for column, values in wanted))
    return newest.find(connection, groups, query.before or BEYOND_ALL, query.limit)


@lru_cache(maxsize=64)
def _newest_ids(filters: tuple[tuple[str, int], ...]) -> NewestIds:
    """Returns the query of groups by campaign and state, where each of these expressions has one of so many values."""
    group = "campaign_key = {one} AND state = {one}"
    for expression, count in filters:
        group += f" AND {expression} IN ({', '.join(['{one}'] * count)})"
    return NewestIds("messages", group)


def _states(query: MessageQuery) -> Collection[MessageState]:
    """Returns the states that the messages may have: an exclusion belongs to one of them alone."""
    states = query.states or frozenset(MessageState)
    return states & {MessageState.EXCLUDED} if query.exclusion_reasons or query.exclusion_phases else states


def _filters(query: MessageQuery, dialect: str) -> Iterator[tuple[str, Collection[str]]]:
    """Yields SQL expressions, each with the values of which it must have one."""
    reason, phase = (json_member(dialect, "messages.exclusion", member) for member in ("reason", "phase"))
    # A phase that is the default one is not stored.
    phase = f"coalesce({phase}, '{ExclusionPhase.ACCEPT}')"
    filters: tuple[tuple[str, Collection[str]], ...] = (
        ("messages.channel", query.channels),
        ("messages.action", query.actions),
        (reason, query.exclusion_reasons),
        (phase, query.exclusion_phases),
    )
    return ((expression, values) for expression, values in filters if values)


def _of_execution(execution_id: str) -> Select[Any]:
    return select(messages.c.id).where(of_execution(messages.c.id, execution_id))


def _of_identity(identity: str) -> Select[Any]:
    segments = all_segments()
    in_segment = messages.c.segment == segments.c.segment
    return select(messages.c.id).join_from(segments, messages, in_segment).where(messages.c.identity == identity)


def _of_labels(query: MessageQuery) -> Select[Any]:
    key, value = next(iter(query.labels.items()))
    labels = message_labels.c
    labelled = (labels.sandbox == query.visibility.sandbox, labels.key == key, labels.value == value)
    return (
        select(messages.c.id).join_from(message_labels, messages, labels.message_id == messages.c.id).where(*labelled)
    )


def _has_label(sandbox: str, key: str, value: str) -> ColumnElement[bool]:
    own = message_labels.alias("own")
    return exists().where(
        own.c.sandbox == sandbox, own.c.key == key, own.c.value == value, own.c.message_id == messages.c.id
    )


def _filtered_ids(connection: Connection, query: MessageQuery, ids: Select[Any]) -> list[str]:
    """Selects from every message that an execution, a recipient or a label has."""
    ids = ids.where(messages.c.sandbox == query.visibility.sandbox)
    ids = ids.where(of_visible_campaign(messages.c.campaign_key, query.visibility))
    if query.identity is not None:
        ids = ids.where(messages.c.identity == query.identity)
    if query.campaign_key is not None:
        ids = ids.where(messages.c.campaign_key == query.campaign_key)
    if query.states or query.exclusion_reasons or query.exclusion_phases:
        ids = ids.where(messages.c.state.in_(_states(query)))
    for expression, values in _filters(query, connection.dialect.name):
        ids = ids.where(literal_column(expression, Text).in_(values))
    ids = ids.where(*(_has_label(query.visibility.sandbox, key, value) for key, value in query.labels.items()))
    ids = ids.where(messages.c.id < (query.before or BEYOND_ALL))
    return [row.id for row in connection.execute(ids.order_by(messages.c.id.desc()).limit(query.limit))]
