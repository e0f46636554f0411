"""Lists of messages, newest first, each at a cost that does not grow with the number of messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from heapq import nlargest
from itertools import chain, islice, product

from sqlalchemy import Connection, Select, select, union_all

from clarion_server.adapters.storage.message_rows import MESSAGE_COLUMNS, message_from_row
from clarion_server.adapters.storage.ranges import of_execution
from clarion_server.adapters.storage.schema import campaigns, messages
from clarion_server.application.ports.queries import MessageQuery
from clarion_server.domain.message import Message, MessageState

#: SQLite joins at most 500 selects into one (SQLITE_MAX_COMPOUND_SELECT).
_MOST_BRANCHES = 250


def list_messages(connection: Connection, query: MessageQuery) -> list[Message]:
    if query.execution_id is not None or query.identity is not None:
        return _read(connection, _filtered(query))
    return _by_ids(connection, _newest_ids(connection, query))


def _filtered(query: MessageQuery) -> Select[tuple[object, ...]]:
    """Walks the messages of an execution or of a recipient: as many as they have, at most."""
    statement = (
        select(*MESSAGE_COLUMNS)
        .join(campaigns, campaigns.c.key == messages.c.campaign_key)
        .where(campaigns.c.sandbox == query.sandbox)
        .order_by(messages.c.id.desc())
        .limit(query.limit)
    )
    if query.execution_id is not None:
        statement = statement.where(of_execution(messages.c.id, query.execution_id))
    if query.identity is not None:
        statement = statement.where(messages.c.identity == query.identity)
    if query.campaign_key is not None:
        statement = statement.where(messages.c.campaign_key == query.campaign_key)
    if query.states:
        statement = statement.where(messages.c.state.in_(sorted(query.states)))
    if query.before is not None:
        statement = statement.where(messages.c.id < query.before)
    return statement


def _newest_ids(connection: Connection, query: MessageQuery) -> list[str]:
    """Merges the newest of each campaign and state, each read from the end of its own stretch of the index."""
    keys = [row.key for row in connection.execute(_campaign_keys(query))]
    stretches = product(keys, sorted(query.states or MessageState))
    branches = (_newest_of(key, state, query) for key, state in stretches)
    found = (connection.execute(union_all(*batch)) for batch in _batched(branches))
    return nlargest(query.limit, (row.id for row in chain.from_iterable(found)))


def _campaign_keys(query: MessageQuery) -> Select[tuple[int]]:
    # A campaign that was never activated has no messages.
    statement = select(campaigns.c.key).where(campaigns.c.sandbox == query.sandbox, campaigns.c.last_version > 0)
    if query.campaign_key is not None:
        statement = statement.where(campaigns.c.key == query.campaign_key)
    return statement


def _newest_of(campaign_key: int, state: MessageState, query: MessageQuery) -> Select[tuple[str]]:
    statement = select(messages.c.id).where(messages.c.campaign_key == campaign_key, messages.c.state == state)
    if query.before is not None:
        statement = statement.where(messages.c.id < query.before)
    # A member of a union may have an order and a limit only from within a select of its own.
    return select(statement.order_by(messages.c.id.desc()).limit(query.limit).subquery().c.id)


def _by_ids(connection: Connection, ids: Sequence[str]) -> list[Message]:
    return _read(connection, select(*MESSAGE_COLUMNS).where(messages.c.id.in_(ids)).order_by(messages.c.id.desc()))


def _read(connection: Connection, statement: Select[tuple[object, ...]]) -> list[Message]:
    return [message_from_row(row) for row in connection.execute(statement)]


def _batched(branches: Iterable[Select[tuple[str]]]) -> Iterator[list[Select[tuple[str]]]]:
    remaining = iter(branches)
    while batch := list(islice(remaining, _MOST_BRANCHES)):
        yield batch
