"""Finds what may be left of a person in messages and executions, some thousand rows at a time.

A message has no index by profile, and is written to whatever form of an identity the caller gave, so that every message
is looked at once. The database compares; it returns a few that are none of the person's, and misses none that is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, and_, func, literal_column, or_, select

from clarion_server.adapters.storage.schema import executions, messages
from clarion_server.application.ports.erasures import SweptExecutions, SweptMessages
from clarion_server.domain.consent.choice import EMAIL
from clarion_server.domain.people.erasure import Erasure

#: Texts that are shorter would be found in too many others.
_SHORTEST = 4
#: Says whether a text has other characters than those of ASCII, by the dialect. The database does not know their forms.
_IS_WIDE = {
    "sqlite": "length(CAST({column} AS BLOB)) <> length({column})",
    "postgresql": "octet_length({column}) <> length({column})",
}


def find_messages(connection: Connection, erasure: Erasure, limit: int, most: int) -> SweptMessages:
    behind = messages.c.key > erasure.position
    looked_at = select(messages.c.key).where(behind).order_by(messages.c.key).limit(limit).subquery()
    last = connection.execute(select(func.max(looked_at.c.key))).scalar_one()
    if last is None:
        return SweptMessages((), None)
    strangers = and_(
        messages.c.profile_key.is_(None),
        messages.c.key <= erasure.last_message,
        messages.c.sandbox == erasure.sandbox,
        or_(*_may_be_to(erasure, connection.dialect.name)),
    )
    found = (
        select(messages.c.key)
        .where(behind, messages.c.key <= last, or_(messages.c.profile_key.in_(erasure.profile_keys), strangers))
        .order_by(messages.c.key)
        .limit(most)
    )
    keys = tuple(connection.execute(found).scalars())
    return SweptMessages(keys, keys[-1] if len(keys) == most else last)


def _may_be_to(erasure: Erasure, dialect: str) -> Iterator[ColumnElement[bool]]:
    """Yields the conditions of messages to one of the identities, however it is written."""
    identities = [f"{each.namespace}:{each.value}".lower() for each in erasure.identities]
    # A domain may end in a dot.
    yield func.lower(messages.c.identity).in_([*identities, *(f"{each}." for each in identities)])
    for namespace in {each.namespace for each in erasure.identities if each.value.startswith("+")}:
        # A phone number is written in many ways.
        yield messages.c.identity.startswith(f"{namespace}:", autoescape=True)
    addresses = [each.value for each in erasure.identities if each.namespace == EMAIL]
    if addresses:
        written = [form for address in addresses for form in (address, f"{address}.")]
        yield func.lower(messages.c.address).in_(written)
        yield messages.c.fallback_addresses.is_not(None)
        yield _is_wide(messages.c.address, dialect)
    yield _is_wide(messages.c.identity, dialect)


def _is_wide(column: Column[Any], dialect: str) -> ColumnElement[bool]:
    return literal_column(f"({_IS_WIDE[dialect].format(column=f'messages.{column.name}')})")


def find_executions(connection: Connection, erasure: Erasure, limit: int) -> SweptExecutions:
    behind = executions.c.id > (erasure.last_execution or "")
    looked_at = select(executions.c.id).where(behind).order_by(executions.c.id).limit(limit).subquery()
    last = connection.execute(select(func.max(looked_at.c.id))).scalar_one()
    if last is None:
        return SweptExecutions((), None)
    texts = [each.value.lower() for each in erasure.identities if len(each.value) >= _SHORTEST]
    holding = [
        func.lower(column).contains(text, autoescape=True)
        for column in (executions.c.request_id, executions.c.rejections)
        for text in texts
    ]
    own = (behind, executions.c.id <= last, executions.c.sandbox == erasure.sandbox)
    found = connection.execute(select(executions.c.id).where(*own, or_(*holding))).scalars() if holding else ()
    return SweptExecutions(tuple(found), last)
