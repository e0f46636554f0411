"""Fills a store with ended messages, by statements of the database itself: a million takes seconds.

What is written is what a busy month leaves behind: an execution a message with a request id of its own, recipients who
come again in no order, a context and an event. Indexes are made anew at the end, which is what makes it fast, so nobody
else may use the store meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from clarion_server.adapters.storage.messages.recipient_index import SEGMENT_SIZE, merged_segment
from clarion_server.adapters.storage.schema import metadata
from sqlalchemy import Connection
from sqlalchemy.schema import CreateIndex, DropIndex

#: About so many messages each recipient has.
MESSAGES_PER_RECIPIENT = 5
#: Is the first acceptance, in µs since 1970, and the time between two.
BEGIN = 1_780_000_000_000_000
STEP = 250_000
CONTEXT = b'{"order_id": "A-2026-10472", "name": "Jane", "total": 129.9, "currency": "EUR"}'
ATTEMPT = '{"number": 1, "start_time": 0, "end_time": 1, "result": "SENT", "provider_reply": "250 2.0.0 Ok"}'

_SERIES = {
    "sqlite": "WITH RECURSIVE series(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM series WHERE n < {last})",
    "postgresql": "WITH series(n) AS (SELECT generate_series({first}::bigint, {last}))",
}
_ID = {"sqlite": "printf('018%029x', n)", "postgresql": "('018' || lpad(to_hex(n), 29, '0'))"}
_BLOB = {"sqlite": "x'{}'", "postgresql": r"'\x{}'::bytea"}
_STATEMENTS = {
    "executions": """
        INSERT INTO executions (id, sandbox, campaign_key, version, request_id, fingerprint, caller, accept_time,
            recipient_count, actions, action_mode)
        {series} SELECT {id}, 'default', {campaign}, 1, 'r-' || {scattered} || '-' || n, {fingerprint}, 'apiKeys/bench',
            {time}, 1, 'email', 'ALL'
        FROM series""",
    "messages": """
        INSERT INTO messages (key, id, sandbox, campaign_key, version, action, channel, channel_key, lane, identity,
            address, locale, state, accept_time, release_time, due_time, attempt_count, attempt_time,
            first_attempt_time, outcome_time, segment, content_locale, locale_reason)
        {series} SELECT n, {id} || '-0000-0', 'default', {campaign}, 1, 'email', 'EMAIL', {channel}, 1, {identity},
            'jane@example.com', 'en', 'SENT', {time}, {time}, {time}, 1, {time}, {time}, {time} + 20000, {segment},
            'en', 'EXACT'
        FROM series""",
    "message_contexts": """
        INSERT INTO message_contexts (message_key, context, profile)
        {series} SELECT n, {context}, {empty} FROM series""",
    "events": """
        INSERT INTO events (sequence, type, time, sandbox, message_id, campaign_key, action, channel, detail)
        {series} SELECT n, 'SENT', {time} + 20000, 'default', {id} || '-0000-0', {campaign}, 'email', 'EMAIL',
            '{attempt}' FROM series""",
}
TABLES = tuple(_STATEMENTS)
_CHUNK = 250_000


def fill(connection: Connection, first: int, last: int, campaigns: Sequence[int], channel: int) -> None:
    """Adds the messages of the keys `first` to `last`, of these campaigns in turn, in one transaction."""
    indexes = [index for name in TABLES for index in metadata.tables[name].indexes]
    for index in indexes:
        connection.execute(DropIndex(index))
    for begin in range(first, last + 1, _CHUNK):
        for name in TABLES:
            end = min(begin + _CHUNK - 1, last)
            connection.exec_driver_sql(
                _statement(connection.dialect.name, name, (begin, end, last), campaigns, channel)
            )
    for index in indexes:
        connection.execute(CreateIndex(index))
    _number_on(connection, last)


def recipient(number: int, last: int) -> str:
    """Returns the identity in the message of that key, where `last` is the last key of its filling."""
    return f"email:r{_scattered(number) % _recipients(last)}@example.com"


def _recipients(last: int) -> int:
    return max(1, last // MESSAGES_PER_RECIPIENT)


def _scattered(number: int) -> int:
    """Spreads numbers over all there are, each time alike (a multiplicative hash: Knuth, TAOCP 3, section 6.4)."""
    return number * 2_654_435_761 % 2**32


def _statement(dialect: str, table: str, keys: tuple[int, int, int], campaigns: Sequence[int], channel: int) -> str:
    first, end, last = keys
    scattered = "((n * 2654435761) % 4294967296)"
    turns = " ".join(f"WHEN {place} THEN {key}" for place, key in enumerate(campaigns))
    text = _STATEMENTS[table].format(
        series=_SERIES[dialect].format(first=first, last=end),
        id=_ID[dialect],
        campaign=f"(CASE n % {len(campaigns)} {turns} END)",
        channel=channel,
        scattered=scattered,
        identity=f"'email:r' || ({scattered} % {_recipients(last)}) || '@example.com'",
        time=f"({BEGIN} + n * {STEP})",
        segment=f"(CASE {' '.join(_segments(first, end, last))} END)",
        fingerprint=_BLOB[dialect].format("00" * 16),
        context=_BLOB[dialect].format(CONTEXT.hex()),
        empty=_BLOB[dialect].format(b"{}".hex()),
        attempt=ATTEMPT,
    )
    # The driver takes a lone one for a placeholder.
    return text.replace("%", "%%") if dialect == "postgresql" else text


def _segments(first: int, end: int, last: int) -> Iterator[str]:
    """Inserts the segments as if they had been merged as far as they can be, each range of keys in its segment."""
    number = first
    while number <= end:
        segment, begin = merged_segment(number, last), number
        while number <= end and merged_segment(number, last) == segment:
            number = (number // SEGMENT_SIZE + 1) * SEGMENT_SIZE
        yield f"WHEN n >= {begin} AND n < {number} THEN {segment}"


def _number_on(connection: Connection, last: int) -> None:
    """Makes the database number the next rows after those that were filled in."""
    for table, column in (("messages", "key"), ("events", "sequence")):
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), {last})")
        else:
            connection.exec_driver_sql("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
            connection.exec_driver_sql("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, last))
