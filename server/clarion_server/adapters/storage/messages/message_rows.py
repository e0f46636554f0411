"""Maps messages to rows and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache, partial
from itertools import groupby, repeat
from operator import attrgetter, is_not
from typing import Any

from sqlalchemy import Connection, Select, func, select

from clarion_server.adapters.storage.messages.kept_policies import kept_policy, text_of_policy, texts_of_policies
from clarion_server.adapters.storage.rows.json_columns import (
    EXCLUSION,
    FAILURE,
    FALLBACK_RULES,
    LABELS,
    LOCALE_CHOICES,
    MESSAGE_FILES,
    TEXTS,
    TURN,
)
from clarion_server.adapters.storage.rows.json_rows import RowsReader
from clarion_server.adapters.storage.schema import message_contexts, messages
from clarion_server.adapters.storage.statements.bulk import Insertion
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.instant import Instant, Span
from clarion_server.domain.languages.content_locale import LocaleChoice, LocaleReason
from clarion_server.domain.messages.attempt import NO_ATTEMPTS, BegunAttempts
from clarion_server.domain.messages.message import (
    NO_LABELS,
    NOT_ENDED,
    Fallback,
    Lane,
    Message,
    MessageEnd,
    MessageState,
    VersionAction,
)

#: The columns of a new message in which its values differ from those of others.
OWN_COLUMNS = (
    messages.c.id,
    messages.c.identity,
    messages.c.address,
    messages.c.accept_time,
    messages.c.release_time,
    messages.c.due_time,
)
#: The columns in which many new messages have the same values, in the order of `_shared_row`. The database assigns the
#: key, `held` is 0, and the first attempt is the last one.
SHARED_COLUMNS = (
    messages.c.sandbox,
    messages.c.campaign_key,
    messages.c.version,
    messages.c.action,
    messages.c.channel,
    messages.c.channel_key,
    messages.c.lane,
    messages.c.locale,
    messages.c.content_locale,
    messages.c.locale_reason,
    messages.c.state,
    messages.c.attempt_count,
    messages.c.segment,
    messages.c.owner,
    messages.c.attempt_time,
    messages.c.profile_key,
    messages.c.topic,
    messages.c.consent_change,
    messages.c.sending_policy,
    messages.c.cap_person,
    messages.c.rule,
    messages.c.expire_time,
    messages.c.fallback_after,
    messages.c.labels,
    messages.c.fallback_addresses,
    messages.c.fallback_locales,
    messages.c.fallback_rules,
    messages.c.outcome_time,
    messages.c.exclusion,
    messages.c.failure,
)
#: Shared columns from which on all are null: in queued messages of strangers, in all of strangers, in transactional
#: ones, and in most.
RARE_COLUMNS = (messages.c.owner, messages.c.profile_key, messages.c.topic, messages.c.expire_time)
#: Shared columns in which all messages of most batches have null, or each has a value of its own.
_PERSONAL: Mapping[str, Callable[[Message], Any]] = {
    "attempt_time": attrgetter("attempts.last_time"),
    "profile_key": attrgetter("profile_key"),
    "consent_change": attrgetter("consent_change"),
    "cap_person": attrgetter("cap_person"),
}
#: Is the column that becomes personal when the recipients of a batch have different time zones.
_POLICY = "sending_policy"
_kept_policy_of = attrgetter("sending_policy")

#: Looking a member up here takes a fifth of the time of calling its class.
_STATES = {str(state): state for state in MessageState}

#: A purged context and profile are read as this.
_PURGED = b"{}"
#: Those of the action, in the order of `_action_of`.
_ACTION_COLUMNS = (
    messages.c.sandbox,
    messages.c.campaign_key,
    messages.c.version,
    messages.c.action,
    messages.c.channel,
    messages.c.channel_key,
    messages.c.lane,
    messages.c.topic,
    messages.c.fallback_after,
)
#: These are in the order of `_from_row`.
_READ_COLUMNS = (
    *_ACTION_COLUMNS,
    messages.c.id,
    messages.c.identity,
    messages.c.address,
    messages.c.locale,
    message_contexts.c.context,
    message_contexts.c.profile,
    messages.c.state,
    messages.c.accept_time,
    messages.c.release_time,
    messages.c.due_time,
    messages.c.expire_time,
    messages.c.attempt_count,
    messages.c.attempt_time,
    messages.c.owner,
    func.coalesce(messages.c.first_attempt_time, messages.c.attempt_time).label("first_attempt_time"),
    messages.c.labels,
    messages.c.content_locale,
    messages.c.locale_reason,
    messages.c.rule,
    messages.c.fallback_addresses,
    messages.c.fallback_locales,
    messages.c.fallback_rules,
    messages.c.consent_change,
    messages.c.sending_policy,
    messages.c.profile_key,
    messages.c.cap_person,
    message_contexts.c.attachments,
    messages.c.turn,
    messages.c.outcome_time,
    messages.c.exclusion,
    messages.c.failure,
)


#: The columns that may change while a message is queued, in the order of `changing_values`. `blanking` changes others
#: as well, always with the identity, and a claim the kept policy, always with the due time or the attempts.
CHANGING_COLUMNS = (
    messages.c.due_time,
    messages.c.release_time,
    messages.c.attempt_count,
    func.coalesce(messages.c.first_attempt_time, messages.c.attempt_time).label("first_attempt_time"),
    messages.c.identity,
    messages.c.profile_key,
    messages.c.cap_person,
    messages.c.fallback_addresses,
    messages.c.turn,
)


@lru_cache(maxsize=4096)
def locale_choice(locale: str, reason: str) -> LocaleChoice:
    """Returns the choice that two columns hold."""
    return LocaleChoice(locale, LocaleReason(reason))


class _Form:
    """Adds new messages of which some of the `_PERSONAL` columns are filled."""

    def __init__(self, personal: tuple[str, ...]) -> None:
        """`personal` are the names of these columns. The others are null in all."""
        own = (*OWN_COLUMNS, *(messages.c[name] for name in personal))
        self._kept = [index for index, column in enumerate(SHARED_COLUMNS) if column.name not in personal]
        rare = (column for column in RARE_COLUMNS if column.name not in personal)
        self._insertion = Insertion(messages, own, [SHARED_COLUMNS[index] for index in self._kept], *rare)
        self._personal = [texts_of_policies if name == _POLICY else partial(map, _PERSONAL[name]) for name in personal]
        self._alike = _shared_but_policy if _POLICY in personal else _shared_fields

    def add(self, connection: Connection, new: Iterable[Message], segment: int) -> None:
        runs = ([*alike] for _, alike in groupby(new, self._alike))
        self._insertion.add(connection, [(self._shared(alike[0], segment), self._own(alike)) for alike in runs])

    def _own(self, alike: Sequence[Message]) -> list[tuple[Any, ...]]:
        rows = [
            (each.id, each.identity, each.address, each.accept_time, each.release_time, each.due_time) for each in alike
        ]
        if not self._personal:
            return rows
        columns = [of_messages(alike) for of_messages in self._personal]
        return [(*row, *values) for row, values in zip(rows, zip(*columns, strict=True), strict=True)]

    def _shared(self, message: Message, segment: int) -> tuple[Any, ...]:
        row = _shared_row(message, segment)
        return row if len(row) == len(self._kept) else tuple([row[index] for index in self._kept])


#: By which of the personal columns some message of a batch fills.
_form = lru_cache(maxsize=2 ** (len(_PERSONAL) + 1))(_Form)


def insert_messages(connection: Connection, new: Sequence[Message], segment: int) -> None:
    """Adds new messages, without what is stored beside them."""
    filled = tuple([name for name, of_message in _PERSONAL.items() if any(map(of_message, new))])
    first = new[0].sending_policy
    if first is not None and any(map(is_not, map(_kept_policy_of, new), repeat(first))):
        filled = (*filled, _POLICY)
    _form(filled).add(connection, new, segment)


def _shared_fields(message: Message) -> tuple[Any, ...]:
    """Returns what messages have in common that have the same values in the shared columns, apart from `_PERSONAL`.

    A function of Python reads slots three times as fast as an `attrgetter` of many names.
    """
    return (
        message.action,
        message.locale,
        message.content_locale,
        message.state,
        message.attempts.count,
        message.attempts.owner,
        message.rule,
        message.expire_time,
        message.labels,
        message.fallbacks,
        message.end,
        message.sending_policy,
    )


def _shared_but_policy(message: Message) -> tuple[Any, ...]:
    return _shared_fields(message)[:-1]


def _shared_row(message: Message, segment: int) -> tuple[Any, ...]:
    action, attempts, fallbacks, end = message.action, message.attempts, message.fallbacks, message.end
    return (
        action.sandbox,
        action.campaign_key,
        action.version,
        action.id,
        str(action.channel),
        action.channel_key,
        int(action.lane),
        message.locale,
        message.content_locale.locale,
        str(message.content_locale.reason),
        # A plain text, because sqlite3 looks for an adapter of every subclass, which doubles the time of a row.
        str(message.state),
        attempts.count,
        segment,
        attempts.owner,
        attempts.last_time,
        message.profile_key,
        action.topic,
        message.consent_change,
        text_of_policy(message),
        message.cap_person,
        message.rule or None,
        message.expire_time,
        action.fallback_after,
        LABELS.encode(message.labels) if message.labels else None,
        TEXTS.encode(tuple([each.address for each in fallbacks])) if fallbacks else None,
        LOCALE_CHOICES.encode(tuple([each.content_locale for each in fallbacks])) if fallbacks else None,
        FALLBACK_RULES.encode(tuple([each.rule for each in fallbacks])) if fallbacks else None,
        end.time,
        EXCLUSION.encode(end.exclusion),
        FAILURE.encode(end.failure),
    )


def context_to_row(message: Message) -> tuple[Any, ...]:
    # sqlite3 looks for an adapter of bytes, as it does of nulls, which takes three times as long as this copy.
    return message.id, bytearray(message.context), bytearray(message.profile)


def changing_values(message: Message) -> list[Any]:
    return [
        message.due_time,
        message.release_time,
        message.attempts.count,
        message.attempts.first_time,
        message.identity,
        message.profile_key,
        message.cap_person,
        TEXTS.encode(tuple([each.address for each in message.fallbacks])) if message.fallbacks else None,
        TURN.encode(message.turn),
    ]


def attachments_to_row(message: Message) -> tuple[Any, ...]:
    return message.id, MESSAGE_FILES.encode(message.attachments)


def label_rows(message: Message) -> Iterator[tuple[str, str, str, str]]:
    """Yields the rows of `message_labels`, in the order of its columns."""
    return ((message.action.sandbox, key, value, message.id) for key, value in message.labels.items())


@lru_cache(maxsize=4096)
def _action_of(
    sandbox: str,
    campaign_key: int,
    version: int,
    id_: str,
    channel: str,
    channel_key: int,
    lane: int,
    topic: str | None,
    fallback_after: Span | None,
) -> VersionAction:
    """Returns the action that these columns hold, which all messages share that are read."""
    return VersionAction(
        sandbox, campaign_key, version, id_, Channel(channel), channel_key, Lane(lane), topic, fallback_after
    )


def _from_row(row: Sequence[Any]) -> Message:
    """Reads by position, in the order of `_READ_COLUMNS` and of the fields: this runs for every claimed message."""
    return Message(
        row[9],
        _action_of(*row[:9]),
        row[10],
        row[11],
        row[12],
        row[13] or _PURGED,
        row[14] or _PURGED,
        _STATES[row[15]],
        row[16],
        row[17],
        row[18],
        row[19],
        BegunAttempts(row[20], row[21], row[22], row[23]) if row[20] else NO_ATTEMPTS,
        NO_LABELS if row[24] is None else LABELS.decode(row[24]),
        locale_choice(row[25], row[26]),
        row[27] or "",
        () if row[28] is None else _fallbacks(row[28], row[29], row[30]),
        row[31],
        None if row[32] is None else kept_policy(row[32]),
        row[33],
        row[34],
        () if row[35] is None else MESSAGE_FILES.decode(row[35]),
        None if row[36] is None else TURN.decode(row[36]),
        _end_of(row[37], row[38], row[39]),
    )


def _end_of(time: Instant | None, exclusion: str | None, failure: str | None) -> MessageEnd:
    if time is None and exclusion is None and failure is None:
        return NOT_ENDED
    return MessageEnd(time, EXCLUSION.decode(exclusion), FAILURE.decode(failure))


def _fallbacks(addresses: str, locales: str, rules: str) -> tuple[Fallback, ...]:
    columns = TEXTS.decode(addresses), LOCALE_CHOICES.decode(locales), FALLBACK_RULES.decode(rules)
    return tuple(Fallback(*each) for each in zip(*columns, strict=True))


@cache
def select_messages() -> Select[Any]:
    """Selects all messages with their contexts, as far as these were not purged."""
    return select(*_READ_COLUMNS).join_from(
        messages, message_contexts, message_contexts.c.message_key == messages.c.key, isouter=True
    )


def read_messages(
    connection: Connection, reader: RowsReader, parameters: Mapping[str, Any] | None = None
) -> list[Message]:
    """Returns the messages of a reader whose statement is made of `select_messages`."""
    return [_from_row(row) for row in reader.read(connection, parameters)]
