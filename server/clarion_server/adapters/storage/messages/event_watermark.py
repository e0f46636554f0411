"""Keeps the order of events where several processes write at once.

A sequence number is given when an event is inserted, and an event with a lower number may be committed later. A watcher
that had passed it by then would miss it. So on PostgreSQL

- a transaction that is about to insert its first event takes a shared advisory lock, whose key is the last number that
  was given by then: all numbers of the transaction will be larger (`announce_events`);
- a reader of events reads the last number U that was given, then the smallest key M among the locks that are held, and
  takes its snapshot after that. It reads no event beyond the watermark, which is the lesser of U and M
  (`take_watermark`).

The argument: an event with a number up to the watermark was given it before U was read, so its lock was held before
that. Had its transaction still been open when the snapshot was taken, the lock would have been held when M was read,
because locks outlive the commit. Then M would be below the event's number, and so would be the watermark.

Nobody waits: the locks are shared, and a slow writer holds back watchers alone.
"""

from __future__ import annotations

from sqlalchemy import Connection

#: Holds the upper 16 bits of the keys, which are 64 bits wide. The number of an event has the other 48.
_CLASS = 0x436C  # "Cl"
_WATERMARK = "event_watermark"
#: Is the execution option of connections whose transactions read events.
READS_EVENTS = "clarion_reads_events"

_ANNOUNCE = (
    f"SELECT pg_advisory_xact_lock_shared(({_CLASS}::bigint << 48) + last_value - (NOT is_called)::int)"  # noqa: S608 - constants alone
    " FROM events_sequence_seq"
)
# The subquery refers to `given`, so it runs when that has been read.
_TAKE_WATERMARK = f"""
    WITH given AS MATERIALIZED (SELECT last_value - (NOT is_called)::int AS last FROM events_sequence_seq)
    SELECT least(last, (
        SELECT min(((classid::bigint & 65535) << 32) + objid::bigint)
        FROM pg_locks
        WHERE locktype = 'advisory' AND objsubid = 1 AND classid::bigint >> 16 = {_CLASS}
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND given.last IS NOT NULL
    )) FROM given
"""  # noqa: S608 - constants alone


def announce_events(connection: Connection) -> None:
    """Must be called before a transaction inserts its first event."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_ANNOUNCE)


def take_watermark(connection: Connection) -> None:
    """Takes the watermark for a transaction that is about to begin on this connection and will read events.

    It must be called outside of any transaction, so that the snapshot is taken afterwards.
    """
    connection.info[_WATERMARK] = connection.exec_driver_sql(_TAKE_WATERMARK).scalar_one()


def clear_watermark(connection: Connection) -> None:
    """Says that the next transaction on this connection reads no events."""
    connection.info.pop(_WATERMARK, None)


def watermark_of(connection: Connection) -> int | None:
    """Returns the largest number that the transaction may read. None sets no limit."""
    watermark: int | None = connection.info.get(_WATERMARK)
    return watermark
