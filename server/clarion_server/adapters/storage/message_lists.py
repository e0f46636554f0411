"""Lists of messages, newest first, each at a cost that hardly grows with the number of messages.

The ids are found first, from indexes alone where that is possible, and then the messages are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import nlargest
from itertools import chain, islice, product
from typing import Any

from sqlalchemy import Connection, Select, select, union_all

from clarion_server.adapters.storage.message_rows import read_messages, select_messages
from clarion_server.adapters.storage.ranges import of_execution
from clarion_server.adapters.storage.schema import campaigns, messages
from clarion_server.adapters.storage.segments import all_segments
from clarion_server.application.ports.queries import MessageQuery
from clarion_server.domain.message import Message, MessageState

#: SQLite joins at most 500 selects into one (SQLITE_MAX_COMPOUND_SELECT).
_MOST_BRANCHES = 250


def list_messages(connection: Connection, query: MessageQuery) -> list[Message]:
    ids = _newest_ids(connection, query)
    wanted = select_messages().where(messages.c.id.in_(ids)).order_by(messages.c.id.desc())
    return read_messages(connection, wanted)


def _newest_ids(connection: Connection, query: MessageQuery) -> list[str]:
    if query.execution_id is not None:
        own = of_execution(messages.c.id, query.execution_id)
        return _ids(connection, _filtered(select(messages.c.id).where(own), query))
    if query.identity is not None:
        segments = all_segments()
        everywhere = select(messages.c.id).join_from(segments, messages, messages.c.segment == segments.c.segment)
        return _ids(connection, _filtered(everywhere, query))
    return _merged_ids(connection, query)


def _filtered(ids: Select[Any], query: MessageQuery) -> Select[Any]:
    ids = ids.join(campaigns, campaigns.c.key == messages.c.campaign_key).where(campaigns.c.sandbox == query.sandbox)
    if query.identity is not None:
        ids = ids.where(messages.c.identity == query.identity)
    if query.campaign_key is not None:
        ids = ids.where(messages.c.campaign_key == query.campaign_key)
    if query.states:
        ids = ids.where(messages.c.state.in_(sorted(query.states)))
    return _newest(ids, query)


def _merged_ids(connection: Connection, query: MessageQuery) -> list[str]:
    """Merges the newest of each campaign and state, each read from the end of its own stretch of the index."""
    keys = [row.key for row in connection.execute(_campaign_keys(query))]
    stretches = (
        select(messages.c.id).where(messages.c.campaign_key == key, messages.c.state == state)
        for key, state in product(keys, sorted(query.states or MessageState))
    )
    # A member of a union has an order and a limit of its own only from within.
    branches = (select(_newest(stretch, query).subquery().c.id) for stretch in stretches)
    found = (_ids(connection, union_all(*batch)) for batch in _batched(branches))
    return nlargest(query.limit, chain.from_iterable(found))


def _campaign_keys(query: MessageQuery) -> Select[Any]:
    # A campaign that was never activated has no messages.
    keys = select(campaigns.c.key).where(campaigns.c.sandbox == query.sandbox, campaigns.c.last_version > 0)
    return keys if query.campaign_key is None else keys.where(campaigns.c.key == query.campaign_key)


def _newest(ids: Select[Any], query: MessageQuery) -> Select[Any]:
    if query.before is not None:
        ids = ids.where(messages.c.id < query.before)
    return ids.order_by(messages.c.id.desc()).limit(query.limit)


def _ids(connection: Connection, statement: Any) -> list[str]:
    return [row.id for row in connection.execute(statement)]


def _batched(branches: Iterable[Select[Any]]) -> Iterator[list[Select[Any]]]:
    remaining = iter(branches)
    while batch := list(islice(remaining, _MOST_BRANCHES)):
        yield batch
