"""Stores messages: what is added, how they move, and the lists."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    exists,
    func,
    select,
    text,
    update,
)

from clarion_server.adapters.storage.limits.cap_locks import waiting_shortly
from clarion_server.adapters.storage.messages import message_changes as changes
from clarion_server.adapters.storage.messages.failing_messages import failing_channels, failing_messages
from clarion_server.adapters.storage.messages.kept_policies import policy_text
from clarion_server.adapters.storage.messages.message_lists import list_messages
from clarion_server.adapters.storage.messages.message_queue import SqlMessageQueue
from clarion_server.adapters.storage.messages.message_rows import (
    attachments_to_row,
    context_to_row,
    insert_messages,
    label_rows,
    read_messages,
    select_messages,
)
from clarion_server.adapters.storage.messages.recipient_index import RecipientIndex, merge_segments
from clarion_server.adapters.storage.rows.json_columns import EXCLUSION, FAILURE, TURN
from clarion_server.adapters.storage.rows.json_rows import RowsReader
from clarion_server.adapters.storage.schema import (
    IN_QUEUE,
    IS_HELD,
    campaign_version_actions,
    campaigns,
    message_contexts,
    message_labels,
    messages,
)
from clarion_server.adapters.storage.statements.bulk import BulkStatement, Values, insertion
from clarion_server.adapters.storage.statements.conditions import (
    of_any_campaign,
    of_execution,
    of_shown_campaign,
    seen_by,
)
from clarion_server.application.ports.messages import MAX_MESSAGES
from clarion_server.application.ports.queries import MessageQuery, QueuedEnd, WaitingTurn
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.events.campaign_health import FailingMessage
from clarion_server.domain.events.delivery import AttemptOutcome
from clarion_server.domain.instant import Instant
from clarion_server.domain.messages.kept_policy import KeptPolicy
from clarion_server.domain.messages.message import Message, MessageState
from clarion_server.domain.messages.turns import Turn
from clarion_server.domain.people.cap_person import CapPerson

_INSERT_CONTEXTS = BulkStatement(
    "INSERT INTO message_contexts (message_key, context, profile)"
    " SELECT messages.key, added.column2, added.column3"
    " FROM ({rows}) AS added CROSS JOIN messages WHERE messages.id = added.column1",
    Values(messages.c.id, message_contexts.c.context, message_contexts.c.profile),
)
_ADD_ATTACHMENTS = BulkStatement(
    "UPDATE message_contexts SET attachments = added.column2"
    " FROM ({rows}) AS added CROSS JOIN messages"
    " WHERE messages.id = added.column1 AND message_contexts.message_key = messages.key",
    Values(messages.c.id, message_contexts.c.attachments),
)
_INSERT_LABELS = insertion(message_labels, tuple(message_labels.columns))


_BY_ID = RowsReader(
    select_messages().where(
        messages.c.id == bindparam("id"),
        messages.c.sandbox == bindparam("seen_sandbox"),
        of_shown_campaign(messages.c.campaign_key),
    )
)


# They are read in the order of acceptance.
_WAITING_TURNS = (
    select(messages.c.id, messages.c.due_time, messages.c.turn)
    .where(
        messages.c.campaign_key == bindparam("campaign_key"),
        messages.c.state == MessageState.QUEUED,
        messages.c.id > bindparam("after"),
    )
    .order_by(messages.c.id)
    .limit(bindparam("limit"))
)
# Searches campaign by campaign. An index of the messages being sent would cost every message two writes.
_SENDING = and_(of_any_campaign(messages.c.campaign_key), messages.c.state == MessageState.SENDING)
_CLAIMED_BY = RowsReader(
    select_messages()
    .where(_SENDING, messages.c.owner.in_(bindparam("owners", expanding=True)))
    .limit(bindparam("limit"))
)
# Finds each row by its id, as changes do. Whoever ends messages waits for those who are moving them.
_QUEUED_AMONG = (
    select_messages()
    .where(messages.c.id.in_(bindparam("ids", expanding=True)), text(changes.guard("state = 'QUEUED'")))
    .order_by(messages.c.id)
)
_QUEUED_AMONG_LOCKED = RowsReader(_QUEUED_AMONG.with_for_update(of=messages))
_QUEUED_AMONG_UNLOCKED = RowsReader(_QUEUED_AMONG)
_MAY_BE_FOLLOWED = and_(
    messages.c.state.in_((MessageState.QUEUED, MessageState.SENDING)), messages.c.fallback_addresses.is_not(None)
)
_OWNERS = select(messages.c.owner).where(_SENDING).distinct()
_HELD_CAMPAIGNS = select(campaigns.c.key).where(exists().where(messages.c.campaign_key == campaigns.c.key, IS_HELD))


#: Python 3.11 looks for a member in its class for as long as it takes to make a small object.
_QUEUED_STATE = MessageState.QUEUED


class SqlMessageRepository(SqlMessageQueue):
    def __init__(self, connection: Connection, recipient_index: RecipientIndex, *, locks: bool) -> None:
        """With `locks`, no other transaction reads the same messages as due, or moves those that were read in order to
        end them, until this one ends.
        """
        super().__init__(connection, locks=locks)
        self._locks = locks
        self._queued_among = _QUEUED_AMONG_LOCKED if locks else _QUEUED_AMONG_UNLOCKED
        self._recipient_index = recipient_index

    def add_all(self, messages: Sequence[Message]) -> None:
        if messages:
            segment = self._recipient_index.assign(messages)
            insert_messages(self._connection, messages, segment)
            _INSERT_CONTEXTS.change(self._connection, [context_to_row(message) for message in messages])
            with_files = [attachments_to_row(message) for message in messages if message.attachments]
            if with_files:
                _ADD_ATTACHMENTS.change(self._connection, with_files)
            begun_before = [(each.id, each.attempts.first_time) for each in messages if _is_begun_before(each)]
            if begun_before:
                changes.SET_FIRST_ATTEMPTS.change(self._connection, begun_before)
            labels = [row for message in messages if message.labels for row in label_rows(message)]
            if labels:
                _INSERT_LABELS.change(self._connection, labels)

    def get(self, visibility: Visibility, message_id: str) -> Message | None:
        found = read_messages(self._connection, _BY_ID, {"id": message_id, **seen_by(visibility)})
        return found[0] if found else None

    def page(self, query: MessageQuery) -> list[Message]:
        return list_messages(self._connection, query)

    def state_counts(self, execution_id: str) -> dict[MessageState, int]:
        statement = (
            select(messages.c.state, func.count())
            .where(of_execution(messages.c.id, execution_id))
            .group_by(messages.c.state)
        )
        return {MessageState(state): count for state, count in self._connection.execute(statement)}

    def is_waiting(self, channel_key: int) -> bool:
        of_channel = messages.c.channel_key == channel_key
        waiting = (
            exists().where(of_channel, IN_QUEUE),
            exists().where(of_channel, IS_HELD, of_any_campaign(messages.c.campaign_key)),
            exists().where(of_channel, _SENDING),
        )
        return any(self._connection.execute(select(each)).scalar_one() for each in waiting)

    def may_fall_back_to(self, channel_key: int) -> bool:
        actions = campaign_version_actions.c
        waiting = exists().where(
            actions.channel_key == channel_key,
            messages.c.campaign_key == actions.campaign_key,
            messages.c.version == actions.number,
            _MAY_BE_FOLLOWED,
        )
        return bool(self._connection.execute(select(waiting)).scalar_one())

    def with_fallbacks(self, message_ids: Collection[str]) -> set[str]:
        followed = messages.c.id.in_(message_ids), messages.c.fallback_addresses.is_not(None)
        return set(self._connection.execute(select(messages.c.id).where(*followed)).scalars())

    def drop_fallbacks(self, execution_id: str) -> None:
        self._drop_fallbacks(of_execution(messages.c.id, execution_id))

    def may_be_followed(self, execution_id: str) -> bool:
        followed = exists().where(of_execution(messages.c.id, execution_id), _MAY_BE_FOLLOWED)
        return bool(self._connection.execute(select(followed)).scalar_one())

    def drop_fallback(self, message_id: str) -> None:
        self._drop_fallbacks(messages.c.id == message_id)

    def _drop_fallbacks(self, condition: ColumnElement[bool]) -> None:
        self._connection.execute(update(messages).where(condition, _MAY_BE_FOLLOWED).values(fallback_addresses=None))

    def failing(self, campaign_keys: Collection[int]) -> dict[tuple[int, int], FailingMessage]:
        return failing_messages(self._connection, campaign_keys)

    def failing_channels(self, channel_keys: Collection[int]) -> dict[int, FailingMessage]:
        return failing_channels(self._connection, channel_keys)

    def begin(self, message_ids: Collection[str], owner: str, now: Instant) -> None:
        changes.BEGIN.change(self._connection, _rows(message_ids), before=(owner, now))

    def defer(self, openings: Mapping[str, Instant], now: Instant) -> None:
        rows = [(message_id, opening, opening - now) for message_id, opening in openings.items()]
        changes.DEFER.change(self._connection, rows)

    def set_cap_persons(self, persons: Mapping[str, CapPerson]) -> None:
        # The rows of caps that name these messages are locked already: everybody else locks messages first.
        with waiting_shortly(self._connection):
            changes.SET_CAP_PERSONS.change(self._connection, list(persons.items()))

    def keep_policies(self, kept: Mapping[str, KeptPolicy]) -> None:
        changes.KEEP_POLICIES.change(self._connection, [(each, policy_text(policy)) for each, policy in kept.items()])

    def keep_choices(self, choices: Mapping[str, int]) -> None:
        changes.KEEP_CHOICES.change(self._connection, list(choices.items()))

    def set_turns(self, turns: Mapping[str, Turn]) -> None:
        changes.SET_TURNS.change(self._connection, [(each, TURN.encode(turn)) for each, turn in turns.items()])

    def waiting_turns(self, campaign_key: int, after: str, limit: int) -> list[WaitingTurn]:
        rows = self._connection.execute(_WAITING_TURNS, {"campaign_key": campaign_key, "after": after, "limit": limit})
        return [WaitingTurn(row[0], row[1], None if row[2] is None else TURN.decode(row[2])) for row in rows]

    def make_due(self, message_ids: Collection[str], now: Instant) -> None:
        changes.MAKE_DUE.change(self._connection, _rows(message_ids), before=(now, now))

    def hold(self, message_ids: Collection[str]) -> None:
        changes.HOLD.change(self._connection, _rows(message_ids))

    def release(self, campaign_key: int, limit: int) -> int:
        held = select(messages.c.id).where(messages.c.campaign_key == campaign_key, IS_HELD).limit(limit)
        return self._connection.execute(update(messages).where(messages.c.id.in_(held)).values(held=0)).rowcount

    def held_campaigns(self) -> set[int]:
        return set(self._connection.execute(_HELD_CAMPAIGNS).scalars())

    def requeue(self, attempts: Mapping[str, int], owner: str) -> None:
        changes.REQUEUE.change(self._connection, list(attempts.items()), after=(owner,))

    def record_outcomes(self, outcomes: Sequence[AttemptOutcome], owner: str) -> set[str]:
        rows = [_outcome_row(outcome) for outcome in outcomes]
        return {row[0] for row in changes.RECORD_OUTCOMES.read(self._connection, rows, after=(owner,))}

    def end_queued(self, ends: Collection[QueuedEnd], now: Instant) -> set[str]:
        rows = [
            (end.message.id, str(end.state), EXCLUSION.encode(end.exclusion), FAILURE.encode(end.failure))
            for end in ends
        ]
        return {row.id for row in changes.END_QUEUED.select(self._connection, rows, before=(now,))}

    def queued_among(self, message_ids: Collection[str]) -> list[Message]:
        return read_messages(self._connection, self._queued_among, {"ids": list(message_ids)})

    def queued_of_execution(self, execution_id: str, limit: int = MAX_MESSAGES) -> list[Message]:
        return self._read_queued(of_execution(messages.c.id, execution_id), limit)

    def queued_of_campaign(self, campaign_key: int, limit: int) -> list[Message]:
        return self._read_queued(messages.c.campaign_key == campaign_key, limit)

    def claimed_by(self, owners: Collection[str], limit: int) -> list[Message]:
        return read_messages(self._connection, _CLAIMED_BY, {"owners": list(owners), "limit": limit})

    def owners(self) -> set[str]:
        return set(self._connection.execute(_OWNERS).scalars())

    def merge_recipient_index(self, limit: int) -> int:
        return merge_segments(self._connection, limit)

    def _read_queued(self, condition: ColumnElement[bool], limit: int) -> list[Message]:
        queued = select_messages().where(condition, messages.c.state == MessageState.QUEUED)
        queued = queued.order_by(messages.c.id).limit(limit)
        statement = queued.with_for_update(of=messages) if self._locks else queued
        return read_messages(self._connection, RowsReader(statement))


def _is_begun_before(message: Message) -> bool:
    """Returns whether an earlier attempt than the last one is known."""
    return message.attempts.first_time != message.attempts.last_time


def _rows(ids: Collection[str]) -> list[tuple[str]]:
    return [(each,) for each in ids]


def _outcome_row(outcome: AttemptOutcome) -> tuple[Any, ...]:
    ended, attempt = outcome.state is not _QUEUED_STATE, outcome.attempt
    return (
        outcome.message.id,
        outcome.message.attempts.count,
        str(outcome.state),
        outcome.due_time,
        outcome.time if ended else None,
        FAILURE.encode(attempt.failure) if ended and attempt is not None else None,
    )
