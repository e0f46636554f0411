"""Removes people from messages, events, executions, audiences and runs, which stay without them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, delete, select, update

from clarion_server.adapters.storage.messages.kept_policies import policy_text
from clarion_server.adapters.storage.rows.json_columns import ATTEMPT, FAILURE, REJECTIONS
from clarion_server.adapters.storage.schema import (
    audience_lists,
    audience_members,
    audience_runs,
    events,
    executions,
    message_contexts,
    message_labels,
    messages,
    run_members,
)
from clarion_server.adapters.storage.statements.bulk import BulkStatement, Values
from clarion_server.domain.events.event import EventType
from clarion_server.domain.messages.attempt import Attempt, Failure
from clarion_server.domain.messages.kept_policy import KeptPolicy
from clarion_server.domain.messages.message import Message
from clarion_server.domain.people.identity import IdentityKey
from clarion_server.domain.violation import Violation

_BLANK_MESSAGES = BulkStatement(
    "UPDATE messages SET identity = '', address = '', profile_key = NULL, cap_person = NULL, labels = NULL,"
    " fallback_addresses = NULL, failure = blanked.column2, sending_policy = blanked.column3"
    " FROM ({rows}) AS blanked WHERE messages.key = blanked.column1",
    Values(messages.c.key, messages.c.failure, messages.c.sending_policy),
)
_DELETE_CONTEXTS = BulkStatement(
    "DELETE FROM message_contexts WHERE message_key IN ({rows})", Values(message_contexts.c.message_key)
)
_DELETE_LABELS = BulkStatement(
    "DELETE FROM message_labels WHERE message_id IN ({rows})", Values(message_labels.c.message_id)
)
_BLANK_EVENTS = BulkStatement(
    "UPDATE events SET labels = NULL, detail = blanked.column2"
    " FROM ({rows}) AS blanked WHERE events.sequence = blanked.column1",
    Values(events.c.sequence, events.c.detail),
)
_BLANK_EXECUTIONS = BulkStatement(
    "UPDATE executions SET request_id = NULL, rejections = blanked.column2"
    " FROM ({rows}) AS blanked WHERE executions.id = blanked.column1",
    Values(executions.c.id, executions.c.rejections),
)
#: Holds the types of events whose detail is an attempt.
_OF_ATTEMPTS = frozenset({EventType.SENT, EventType.DEFERRED, EventType.FAILED, EventType.IN_DOUBT})


def blank_messages(connection: Connection, blanked: Mapping[int, Message]) -> None:
    rows = [
        (key, FAILURE.encode(_without_words(message.end.failure)), _policy_without_zone(message))
        for key, message in blanked.items()
    ]
    _BLANK_MESSAGES.change(connection, rows)
    _DELETE_CONTEXTS.change(connection, [(key,) for key in blanked])
    _DELETE_LABELS.change(connection, [(message.id,) for message in blanked.values() if message.labels])


def blank_events(connection: Connection, message_ids: Sequence[str]) -> None:
    columns = (events.c.sequence, events.c.type, events.c.detail)
    found = connection.execute(select(*columns).where(events.c.message_id.in_(message_ids))).all()
    _BLANK_EVENTS.change(connection, [(row.sequence, _detail_without_words(row.type, row.detail)) for row in found])


def blank_executions(connection: Connection, ids: Collection[str]) -> None:
    columns = (executions.c.id, executions.c.rejections)
    found = connection.execute(select(*columns).where(executions.c.id.in_(ids))).all()
    _BLANK_EXECUTIONS.change(connection, [(row.id, _rejections_without_words(row.rejections)) for row in found])


def remove_from_lists(connection: Connection, sandbox: str, identity: IdentityKey) -> None:
    lists = select(audience_lists.c.key).where(audience_lists.c.sandbox == sandbox)
    for list_key in connection.execute(lists).scalars().all():
        the_one = (
            audience_members.c.list_key == list_key,
            audience_members.c.namespace == identity.namespace,
            audience_members.c.normal_value == identity.value,
        )
        if connection.execute(delete(audience_members).where(*the_one)).rowcount:
            fewer = update(audience_lists).where(audience_lists.c.key == list_key)
            connection.execute(fewer.values(identity_count=audience_lists.c.identity_count - 1))


def remove_from_runs(connection: Connection, sandbox: str, identity: IdentityKey, profile_key: int) -> None:
    """Makes listed members the profile of that key. A run skips and counts those whose profile is gone."""
    listed = (
        run_members.c.namespace == identity.namespace,
        run_members.c.normal_value == identity.value,
        run_members.c.normal_value.is_not(None),
        run_members.c.run_key.in_(select(audience_runs.c.key).where(audience_runs.c.sandbox == sandbox)),
    )
    gone = {"profile_key": profile_key, "namespace": None, "normal_value": None, "value": None}
    connection.execute(update(run_members).where(*listed).values(gone))


def _detail_without_words(type_: str, detail: str | None) -> str | None:
    if type_ not in _OF_ATTEMPTS or detail is None:
        return detail
    attempt: Attempt = ATTEMPT.decode(detail)
    return ATTEMPT.encode(replace(attempt, failure=_without_words(attempt.failure), provider_reply=""))


def _without_words(failure: Failure | None) -> Failure | None:
    """Returns the failure without the provider's words, which may quote the recipient. Its code stays."""
    return None if failure is None else replace(failure, detail="")


def _policy_without_zone(message: Message) -> str | None:
    """Returns the column without the time zone, which says where the person lives."""
    return None if message.sending_policy is None else policy_text(KeptPolicy(message.sending_policy.id))


def _rejections_without_words(rejections: str | None) -> str | None:
    stored: Any = REJECTIONS.decode(rejections)
    if stored is None:
        return None
    return REJECTIONS.encode(
        {
            index: tuple(Violation(f"recipients[{index}]", violation.reason, "") for violation in violations)
            for index, violations in stored.items()
        }
    )
