"""Stores messages: the queue, the attempts, and the lists."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    exists,
    func,
    literal,
    select,
    text,
    tuple_,
    update,
)

from clarion_server.adapters.storage import message_changes as changes
from clarion_server.adapters.storage.bulk import BulkStatement, Values, insertion
from clarion_server.adapters.storage.cap_locks import waiting_shortly
from clarion_server.adapters.storage.conditions import of_any_campaign, of_execution, of_shown_campaign, seen_by
from clarion_server.adapters.storage.failing_messages import failing_channels, failing_messages
from clarion_server.adapters.storage.json_columns import EXCLUSION, FAILURE, TURN
from clarion_server.adapters.storage.json_rows import RowsReader
from clarion_server.adapters.storage.message_lists import list_messages
from clarion_server.adapters.storage.message_rows import (
    CHANGING_COLUMNS,
    attachments_to_row,
    changing_values,
    context_to_row,
    insert_messages,
    label_rows,
    read_messages,
    select_messages,
)
from clarion_server.adapters.storage.recipient_index import RecipientIndex, merge_segments
from clarion_server.adapters.storage.schema import (
    IN_QUEUE,
    IS_HELD,
    campaign_version_actions,
    campaigns,
    message_contexts,
    message_labels,
    messages,
)
from clarion_server.application.ports.messages import MAX_MESSAGES, KnownMessages
from clarion_server.application.ports.queries import DueQuery, MessageQuery, QueuedEnd, QueuedMessage, WaitingTurn
from clarion_server.domain.access import Visibility
from clarion_server.domain.campaign_health import FailingMessage
from clarion_server.domain.cap_person import CapPerson
from clarion_server.domain.delivery import AttemptOutcome
from clarion_server.domain.instant import Instant
from clarion_server.domain.message import Lane, Message, MessageState
from clarion_server.domain.turns import Turn

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


def _of_due(selected: Select[Any]) -> Select[Any]:
    return (
        selected.where(
            messages.c.channel_key == bindparam("channel_key"),
            messages.c.lane == bindparam("lane"),
            messages.c.due_time <= bindparam("now"),
            IN_QUEUE,
        )
        .order_by(messages.c.due_time, messages.c.id)
        .limit(bindparam("limit"))
    )


_IS_DUE, _STATE_OF_DUE = _of_due(select_messages()), _of_due(select(messages.c.id, *CHANGING_COLUMNS))
_DUE = RowsReader(_IS_DUE)
_DUE_STATES = RowsReader(_STATE_OF_DUE)
# Skips rows that another process has just locked in order to claim them. SQLite has one writer at a time.
_DUE_LOCKED = RowsReader(_IS_DUE.with_for_update(of=messages, skip_locked=True))
_DUE_STATES_LOCKED = RowsReader(_STATE_OF_DUE.with_for_update(of=messages, skip_locked=True))
_IS_CLAIMABLE = (
    select_messages()
    .where(messages.c.id.in_(bindparam("ids", expanding=True)), text(changes.guard("state = 'QUEUED' AND held = 0")))
    .order_by(messages.c.id)
)
_CLAIMABLE = RowsReader(_IS_CLAIMABLE)
_CLAIMABLE_LOCKED = RowsReader(_IS_CLAIMABLE.with_for_update(of=messages, skip_locked=True))
_QUEUED = RowsReader(
    select(messages.c.id, messages.c.due_time, messages.c.accept_time)
    .where(
        messages.c.channel_key == bindparam("channel_key"),
        messages.c.lane == bindparam("lane"),
        messages.c.due_time.between(bindparam("due_time"), bindparam("until")),
        tuple_(messages.c.due_time, messages.c.id) > tuple_(bindparam("due_time"), bindparam("id")),
        IN_QUEUE,
    )
    .order_by(messages.c.due_time, messages.c.id)
    .limit(bindparam("limit"))
)
# Jumps from one channel configuration to the next in the index, so its cost depends on the number of configurations
# with queued messages, not on the number of messages.
_WAITING = f"""
    WITH RECURSIVE queued(channel_key) AS (
        SELECT min(channel_key) FROM messages WHERE {IN_QUEUE}
        UNION ALL
        SELECT (
            SELECT min(messages.channel_key) FROM messages
            WHERE messages.channel_key > queued.channel_key AND {IN_QUEUE}
        )
        FROM queued WHERE queued.channel_key IS NOT NULL
    )
    SELECT channel_key, lane, due_time FROM (
        SELECT queued.channel_key, lanes.lane, (
            SELECT min(messages.due_time) FROM messages
            WHERE messages.channel_key = queued.channel_key AND messages.lane = lanes.lane AND {IN_QUEUE}
        ) AS due_time
        FROM queued CROSS JOIN ({" UNION ALL ".join(f"SELECT {lane:d} AS lane" for lane in Lane)}) AS lanes
        WHERE queued.channel_key IS NOT NULL
    ) AS waiting
    WHERE due_time IS NOT NULL
"""  # noqa: S608 - constants alone
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
_MAY_BE_FOLLOWED = and_(
    messages.c.state.in_((MessageState.QUEUED, MessageState.SENDING)), messages.c.fallback_addresses.is_not(None)
)
_OWNERS = select(messages.c.owner).where(_SENDING).distinct()
_HELD_CAMPAIGNS = select(campaigns.c.key).where(exists().where(messages.c.campaign_key == campaigns.c.key, IS_HELD))
_EARLIEST = select(func.min(messages.c.due_time)).where(
    messages.c.channel_key == bindparam("channel_key"),
    messages.c.lane == bindparam("lane"),
    messages.c.due_time > bindparam("after"),
    IN_QUEUE,
)


#: Python 3.11 looks for a member in its class for as long as it takes to make a small object.
_QUEUED_STATE = MessageState.QUEUED


class SqlMessageRepository:
    def __init__(self, connection: Connection, recipient_index: RecipientIndex, *, locks: bool) -> None:
        """With `locks`, no other transaction reads the same messages as due until this one ends."""
        self._connection = connection
        self._recipient_index = recipient_index
        self._due = _DUE_LOCKED if locks else _DUE
        self._due_states = _DUE_STATES_LOCKED if locks else _DUE_STATES
        self._claimable = _CLAIMABLE_LOCKED if locks else _CLAIMABLE

    def add_all(self, messages: Sequence[Message]) -> None:
        if messages:
            segment = self._recipient_index.assign(messages)
            insert_messages(self._connection, messages, segment)
            _INSERT_CONTEXTS.change(self._connection, [context_to_row(message) for message in messages])
            with_files = [attachments_to_row(message) for message in messages if message.attachments]
            if with_files:
                _ADD_ATTACHMENTS.change(self._connection, with_files)
            begun_before = [(each.id, each.first_attempt_time) for each in messages if _is_begun_before(each)]
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

    def due(
        self,
        channel_key: int,
        now: Instant,
        limit: int,
        lanes: Collection[Lane] = tuple(Lane),
        known: KnownMessages | None = None,
    ) -> list[Message]:
        due: list[Message] = []
        # Each lane is read by itself, so that no query reads past the later messages of another lane.
        for lane in sorted(lanes):
            if len(due) < limit:
                queue = {"channel_key": channel_key, "lane": lane, "now": now, "limit": limit - len(due)}
                due += self._read_due(queue) if known is None else self._read_changed(queue, known)
        return due

    def _read_due(self, queue: Mapping[str, Any]) -> list[Message]:
        return read_messages(self._connection, self._due, queue)

    def _read_changed(self, queue: Mapping[str, Any], known: KnownMessages) -> list[Message]:
        """Returns the messages that are due, and reads those that are not as they are known."""
        states = self._due_states.read(self._connection, queue)
        found: dict[str, Message] = {}
        for message_id, *state in states:
            message = known(message_id)
            if message is not None and state == changing_values(message):
                found[message_id] = message
        missing = [each[0] for each in states if each[0] not in found]
        if len(missing) > len(found):
            return self._read_due(queue)
        if missing:
            found.update((each.id, each) for each in self.claimable(missing))
        return [found[each[0]] for each in states if each[0] in found]

    def claimable(self, message_ids: Collection[str]) -> list[Message]:
        return read_messages(self._connection, self._claimable, {"ids": list(message_ids)})

    def queued(self, query: DueQuery) -> list[QueuedMessage]:
        queue = {"channel_key": query.channel_key, "lane": query.lane, "until": query.until, "limit": query.limit}
        due_time, message_id = query.after
        rows = _QUEUED.read(self._connection, {**queue, "due_time": due_time, "id": message_id})
        return [QueuedMessage(*row) for row in rows]

    def next_due_time(
        self, channel_key: int, lanes: Collection[Lane] = tuple(Lane), after: Instant = -1
    ) -> Instant | None:
        queues = [{"channel_key": channel_key, "lane": lane, "after": after} for lane in lanes]
        times = [self._connection.execute(_EARLIEST, queue).scalar_one() for queue in queues]
        return min((time for time in times if time is not None), default=None)

    def waiting(self) -> dict[tuple[int, Lane], Instant]:
        rows = self._connection.exec_driver_sql(_WAITING)
        return {(channel_key, Lane(lane)): due_time for channel_key, lane, due_time in rows}

    def has_waiting(self, channel_key: int, lane: Lane, now: Instant, count: int) -> bool:
        of_lane = (messages.c.channel_key == channel_key, messages.c.lane == lane, messages.c.due_time <= now)
        last = select(literal(1)).where(*of_lane, IN_QUEUE).limit(1).offset(count - 1)
        return self._connection.execute(last).first() is not None

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

    def requeue(self, message_ids: Collection[str], owner: str) -> None:
        changes.REQUEUE.change(self._connection, _rows(message_ids), after=(owner,))

    def record_outcomes(self, outcomes: Sequence[AttemptOutcome], owner: str) -> set[str]:
        rows = [_outcome_row(outcome) for outcome in outcomes]
        return {row[0] for row in changes.RECORD_OUTCOMES.read(self._connection, rows, after=(owner,))}

    def end_queued(self, message_ids: Collection[str], state: MessageState, now: Instant) -> set[str]:
        return {row.id for row in changes.END_QUEUED.select(self._connection, _rows(message_ids), before=(state, now))}

    def end_each_queued(self, ends: Collection[QueuedEnd], now: Instant) -> set[str]:
        rows = [
            (end.message.id, str(end.state), EXCLUSION.encode(end.exclusion), FAILURE.encode(end.failure))
            for end in ends
        ]
        return {row.id for row in changes.END_EACH_QUEUED.select(self._connection, rows, before=(now,))}

    def queued_of_execution(self, execution_id: str, limit: int = MAX_MESSAGES) -> list[Message]:
        queued = (of_execution(messages.c.id, execution_id), messages.c.state == MessageState.QUEUED)
        return self._read(select_messages().where(*queued).order_by(messages.c.id).limit(limit))

    def queued_of_campaign(self, campaign_key: int, limit: int) -> list[Message]:
        queued = (messages.c.campaign_key == campaign_key, messages.c.state == MessageState.QUEUED)
        return self._read(select_messages().where(*queued).order_by(messages.c.id).limit(limit))

    def claimed_by(self, owners: Collection[str], limit: int) -> list[Message]:
        return read_messages(self._connection, _CLAIMED_BY, {"owners": list(owners), "limit": limit})

    def owners(self) -> set[str]:
        return set(self._connection.execute(_OWNERS).scalars())

    def merge_recipient_index(self, limit: int) -> int:
        return merge_segments(self._connection, limit)

    def _read(self, statement: Select[Any]) -> list[Message]:
        return read_messages(self._connection, RowsReader(statement))


def _is_begun_before(message: Message) -> bool:
    """Returns whether an earlier attempt than the last one is known."""
    return message.first_attempt_time != message.attempt_time


def _rows(ids: Collection[str]) -> list[tuple[str]]:
    return [(each,) for each in ids]


def _outcome_row(outcome: AttemptOutcome) -> tuple[Any, ...]:
    ended, attempt = outcome.state is not _QUEUED_STATE, outcome.attempt
    return (
        outcome.message.id,
        outcome.message.attempt_count,
        str(outcome.state),
        outcome.due_time,
        outcome.time if ended else None,
        FAILURE.encode(attempt.failure) if ended and attempt is not None else None,
    )
