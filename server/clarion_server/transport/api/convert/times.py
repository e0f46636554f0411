"""Converts instants and spans to google.protobuf.Timestamp and Duration, and back."""

from __future__ import annotations

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from clarion_server.domain.instant import SECOND, Instant, Span


def to_timestamp(instant: Instant) -> Timestamp:
    return Timestamp(seconds=instant // SECOND, nanos=instant % SECOND * 1000)


def to_optional_timestamp(instant: Instant | None) -> Timestamp | None:
    return None if instant is None else to_timestamp(instant)


def from_timestamp(timestamp: Timestamp) -> Instant:
    """Returns the instant in whole microseconds; smaller fractions are cut off."""
    return timestamp.seconds * SECOND + timestamp.nanos // 1000


def to_duration(span: Span) -> Duration:
    seconds, rest = divmod(span, SECOND)
    return Duration(seconds=seconds, nanos=rest * 1000)


def from_duration(duration: Duration) -> Span:
    return duration.seconds * SECOND + duration.nanos // 1000
