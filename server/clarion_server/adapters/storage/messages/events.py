"""Stores events, and reads them in the order of their sequence."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Connection, Select, func, select, true

from clarion_server.adapters.storage.messages.event_watermark import announce_events, watermark_of
from clarion_server.adapters.storage.messages.message_rows import locale_choice
from clarion_server.adapters.storage.messages.retention import EVENTS
from clarion_server.adapters.storage.rows.codec import JsonCodec
from clarion_server.adapters.storage.rows.json_columns import (
    ALLOW_LIST_CHANGE,
    ATTEMPT,
    CONSENT_CHANGE,
    EXCLUSION,
    FRAGMENT_CHANGE,
    LABELS,
    PROFILE_ERASURE,
    PROFILE_MERGE,
    RUN_CHANGE,
    SENDING_POLICY_CHANGE,
    SILENCE_CHANGE,
    SUPPRESSION_CHANGE,
)
from clarion_server.adapters.storage.rows.json_rows import RowsReader
from clarion_server.adapters.storage.schema import events, purges
from clarion_server.adapters.storage.statements.bulk import BulkStatement, Insertion, Values
from clarion_server.adapters.storage.statements.conditions import of_execution, of_visible_campaign, of_visible_subject
from clarion_server.application.ports.queries import EventQuery
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent.consent_change import ConsentChange
from clarion_server.domain.events.event import (
    EVENT_OF_RUN,
    Detail,
    Event,
    EventType,
    FragmentChange,
    ProfileErasure,
    ProfileMerge,
    RunChange,
    SendingPolicyChange,
    SilenceChange,
)
from clarion_server.domain.messages.attempt import AttemptResult
from clarion_server.domain.messages.exclusion import Exclusion
from clarion_server.domain.messages.message import NO_LABELS
from clarion_server.domain.names import EXECUTIONS
from clarion_server.domain.suppressions.allow_list import AllowListChange
from clarion_server.domain.suppressions.suppression import SuppressionChange

#: They stand in the order of `_own_row`, and in that of `_shared_row`.
_OWN = (events.c.time, events.c.message_id, events.c.detail)
_SHARED = (
    events.c.type,
    events.c.sandbox,
    events.c.campaign_key,
    events.c.action,
    events.c.channel,
    events.c.content_locale,
    events.c.locale_reason,
    events.c.rule,
    events.c.subject,
    events.c.labels,
)
# An attempt after which another one is to follow is recorded in such an event.
_DEFERRED = BulkStatement(
    "SELECT message_id, detail FROM events"  # noqa: S608 - names of the schema
    f" WHERE message_id IN ({{rows}}) AND type = '{EventType.DEFERRED}' AND detail IS NOT NULL",
    Values(events.c.message_id),
)
_INSERT = Insertion(events, _OWN, _SHARED, events.c.subject)


class SqlEventRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._announced = False

    def add_all(self, events: Sequence[Event]) -> None:
        if not events:
            # Most commits that accept triggers have none, and need not be announced.
            return
        if not self._announced:
            announce_events(self._connection)
            self._announced = True
        _INSERT.add(self._connection, [(_shared_row(each), [_own_row(each)]) for each in events], in_order=True)

    def page(self, query: EventQuery) -> list[Event]:
        visible = (
            events.c.sandbox == query.visibility.sandbox,
            of_visible_campaign(events.c.campaign_key, query.visibility),
            of_visible_subject(events.c.subject, query.visibility),
        )
        statement = select(events).where(events.c.sequence > query.after, self._is_below_watermark(), *visible)
        if query.campaign_key is not None:
            statement = statement.where(events.c.campaign_key == query.campaign_key)
        if query.execution_id is not None:
            statement = statement.where(events.c.sequence.in_(_sequences_of(query.execution_id)))
        if query.message_id is not None:
            statement = statement.where(events.c.message_id == query.message_id)
        if query.types:
            statement = statement.where(events.c.type.in_(query.types))
        return self._read(statement.limit(query.limit))

    def tail(self, after: int, limit: int) -> list[Event]:
        return self._read(select(events).where(events.c.sequence > after, self._is_below_watermark()).limit(limit))

    def of_message(self, message_id: str) -> list[Event]:
        return self._read(select(events).where(events.c.message_id == message_id))

    def in_doubt(self, message_ids: Collection[str]) -> set[str]:
        deferred = _DEFERRED.read(self._connection, [(each,) for each in message_ids])
        return {message_id for message_id, detail in deferred if _is_in_doubt(detail)}

    def last_sequence(self) -> int:
        last = select(func.max(events.c.sequence)).where(self._is_below_watermark())
        # Never lower than before, also when every event was purged: watchers resume by it.
        return max(self._connection.execute(last).scalar_one() or 0, self.purged_through())

    def newest_sequence(self) -> int:
        newest = self._connection.execute(select(func.max(events.c.sequence))).scalar_one() or 0
        return max(newest, self.purged_through())

    def purged_through(self) -> int:
        through = select(purges.c.through).where(purges.c.kind == EVENTS)
        return self._connection.execute(through).scalar_one_or_none() or 0

    def _is_below_watermark(self) -> ColumnElement[bool]:
        """Selects the events below which no transaction can still commit another one."""
        watermark = watermark_of(self._connection)
        return true() if watermark is None else events.c.sequence <= watermark

    def _read(self, statement: Select[Any]) -> list[Event]:
        reader = RowsReader(statement.order_by(events.c.sequence))
        return [_from_row(row) for row in reader.read(self._connection)]


def _sequences_of(execution_id: str) -> CompoundSelect[Any]:
    """Selects sequences in a subquery, because SQLite would otherwise scan all events instead of sorting a few."""
    own = events.alias("own")
    of_messages = select(own.c.sequence).where(of_execution(own.c.message_id, execution_id))
    return of_messages.union_all(select(own.c.sequence).where(own.c.subject == EXECUTIONS.format(execution_id)))


def _own_row(event: Event) -> tuple[Any, ...]:
    return event.time, event.message_id, _encode_detail(event.detail)


def _shared_row(event: Event) -> tuple[Any, ...]:
    return (
        str(event.type),
        event.sandbox,
        event.campaign_key,
        event.action,
        None if event.channel is None else str(event.channel),
        None if event.content_locale is None else event.content_locale.locale,
        None if event.content_locale is None else str(event.content_locale.reason),
        event.rule or None,
        None if event.message_id is not None else event.subject,
        LABELS.encode(event.labels) if event.labels else None,
    )


def _from_row(row: Sequence[Any]) -> Event:
    """Reads by position, in the order of the table, because watchers read many events."""
    sequence, type_, time, sandbox, message_id, campaign_key, action, channel, detail, *rest = row
    *language, rule, subject, labels = rest
    event_type = EventType(type_)
    return Event(
        event_type,
        time,
        sandbox,
        subject or f"messages/{message_id}",
        _decode_detail(event_type, detail),
        message_id,
        campaign_key,
        action,
        None if channel is None else Channel(channel),
        NO_LABELS if labels is None else LABELS.decode(labels),
        None if language[0] is None else locale_choice(*language),
        rule or "",
        sequence,
    )


#: Holds the codecs by the kind of the detail. An attempt, and its absence, have the codec of attempts.
_CODECS: Mapping[type[Any], JsonCodec[Any]] = {
    Exclusion: EXCLUSION,
    SuppressionChange: SUPPRESSION_CHANGE,
    AllowListChange: ALLOW_LIST_CHANGE,
    ConsentChange: CONSENT_CHANGE,
    ProfileErasure: PROFILE_ERASURE,
    ProfileMerge: PROFILE_MERGE,
    RunChange: RUN_CHANGE,
    SendingPolicyChange: SENDING_POLICY_CHANGE,
    SilenceChange: SILENCE_CHANGE,
    FragmentChange: FRAGMENT_CHANGE,
}
#: Holds the kind of the detail by the type of the event.
_CODECS_OF_TYPES: Mapping[EventType, JsonCodec[Any]] = {
    EventType.EXCLUDED: EXCLUSION,
    EventType.SUPPRESSION_CREATED: SUPPRESSION_CHANGE,
    EventType.SUPPRESSION_DELETED: SUPPRESSION_CHANGE,
    EventType.SUPPRESSION_EXPIRED: SUPPRESSION_CHANGE,
    EventType.SUPPRESSION_UPDATED: SUPPRESSION_CHANGE,
    EventType.ALLOW_LIST_CHANGED: ALLOW_LIST_CHANGE,
    EventType.CONSENT_CHANGED: CONSENT_CHANGE,
    EventType.UNSUBSCRIBED: CONSENT_CHANGE,
    EventType.PROFILE_ERASED: PROFILE_ERASURE,
    EventType.PROFILE_MERGED: PROFILE_MERGE,
    EventType.SENDING_POLICY_CHANGED: SENDING_POLICY_CHANGE,
    EventType.SILENCE_CHANGED: SILENCE_CHANGE,
    EventType.FRAGMENT_CHANGED: FRAGMENT_CHANGE,
    **dict.fromkeys(EVENT_OF_RUN.values(), RUN_CHANGE),
}


def _is_in_doubt(detail: str) -> bool:
    return ATTEMPT.decode(detail).result is AttemptResult.IN_DOUBT


def _encode_detail(detail: Detail) -> str | None:
    codec: JsonCodec[Any] = _CODECS.get(type(detail), ATTEMPT)
    return codec.encode(detail)


def _decode_detail(type_: EventType, text: str | None) -> Detail:
    codec: JsonCodec[Any] = _CODECS_OF_TYPES.get(type_, ATTEMPT)
    detail: Detail = codec.decode(text)
    return detail
