"""The order of events where several processes write at once.

A sequence is given when an event is inserted, and an event with a lower one may be committed later. A watcher that had
passed it by then would miss it. So on PostgreSQL

- who inserts events first takes a shared advisory lock whose key is the last sequence that was given by then: all
  sequences of its transaction will be larger (`announce_events`);
- who reads events first takes the last sequence U that was given, then the smallest key M among the locks that are
  held, and then its snapshot, in which it looks at no event beyond the lesser of the two (`take_horizon`).

An event with a sequence up to that horizon was given it before U was read, so its lock was held before that. Had its
transaction not been committed or rolled back when the snapshot was taken, the lock would still have been held when M
was read, because locks outlive the commit; then M would be below the event's sequence, and so would be the horizon.

Nobody waits: the locks are shared, and a slow writer holds back watchers alone.
"""

from __future__ import annotations

from sqlalchemy import Connection

#: The upper 16 bits of the keys, which are 64 bits wide; the sequence has the other 48.
_CLASS = 0x436C  # "Cl"
_HORIZON = "event_horizon"

_ANNOUNCE = (
    f"SELECT pg_advisory_xact_lock_shared(({_CLASS}::bigint << 48) + last_value - (NOT is_called)::int)"  # noqa: S608 - constants alone
    " FROM events_sequence_seq"
)
# The subquery refers to `given`, so it runs when that has been read.
_TAKE_HORIZON = f"""
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
    """Before the first event that a transaction inserts."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_ANNOUNCE)


def take_horizon(connection: Connection) -> None:
    """Before a transaction begins that may read events, and outside of it: its snapshot must be taken afterwards."""
    connection.info[_HORIZON] = connection.exec_driver_sql(_TAKE_HORIZON).scalar_one()


def horizon_of(connection: Connection) -> int | None:
    """The last sequence that its transaction may look at. None: all that it sees."""
    horizon: int | None = connection.info.get(_HORIZON)
    return horizon
