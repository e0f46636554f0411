"""Writes instants and spans as whole microseconds. Transports and stores convert them at their edges."""

from __future__ import annotations

from datetime import UTC, datetime

#: Microseconds since 1970-01-01T00:00:00Z.
Instant = int

#: Is a span of time in microseconds.
Span = int

MILLISECOND: Span = 1_000
SECOND: Span = 1_000_000
MINUTE: Span = 60 * SECOND
HOUR: Span = 60 * MINUTE
DAY: Span = 24 * HOUR

#: Is the last instant that a `google.protobuf.Timestamp` can carry: 9999-12-31T23:59:59Z.
LATEST: Instant = 253_402_300_799 * SECOND


def to_datetime(instant: Instant) -> datetime:
    return datetime.fromtimestamp(instant // SECOND, UTC).replace(microsecond=instant % SECOND)


def from_datetime(moment: datetime) -> Instant:
    """Returns the instant of `moment`, which must have a time zone."""
    return int(moment.timestamp()) * SECOND + moment.microsecond


def to_rfc3339(instant: Instant) -> str:
    return to_datetime(instant).isoformat().replace("+00:00", "Z")
