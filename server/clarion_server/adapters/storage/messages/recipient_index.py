"""Keeps the index of messages by recipient in segments, so that a new message writes little to it.

Messages arrive in no order of recipients. In one index over all messages each new entry would land on another page,
and a commit writes whole pages: 4 KB to the log and 4 KB to the file, for an entry of 40 bytes. So the index begins
with a segment number, which about a thousand successive messages share, and new entries land on the few pages of the
newest segment.

A search for a recipient looks into every segment, so they must not become many. In the background the oldest segments
of each level are merged into one of the next level, a limited number of rows at a time (the log-structured merge tree
of O'Neil et al., Acta Informatica 33, 1996). A merge reads a segment in the order of recipients, so it reads and writes
pages in order, with many entries each. Ten million messages are in about forty segments.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import CTE, Connection, func, select, update

from clarion_server.adapters.storage.schema import messages
from clarion_server.domain.messages.message import Message

#: A new segment has this many messages. With smaller segments less is written, with larger ones fewer are searched.
SEGMENT_SIZE = 1024
#: Is the number of segments of one level that are merged into one of the next. More of them are more to search, fewer
#: are merged more often.
FAN = 32
#: These bits of a segment number hold the time of its newest messages; its level is above them.
_LEVEL_SHIFT = 56
#: Segments of the last level are not merged further.
_LEVELS = 5


class RecipientIndex:
    """Assigns segments to the new messages of one store. Stores that write at the same time may use the same number."""

    def __init__(self, size: int = SEGMENT_SIZE) -> None:
        self._size = size
        self._current = 0
        self._free = 0

    def assign(self, added: Sequence[Message]) -> int:
        """Returns the segment of these new messages."""
        if self._free <= 0:
            self._current = max(self._current + 1, added[0].accept_time)
            self._free = self._size
        self._free -= len(added)
        return self._current


def all_segments() -> CTE:
    """Selects the numbers of all segments, each found from the one after it, and a null at the end."""
    segments = select(func.max(messages.c.segment).label("segment")).cte("segments", recursive=True)
    earlier = messages.alias("earlier")
    before = select(func.max(earlier.c.segment)).where(earlier.c.segment < segments.c.segment).scalar_subquery()
    return segments.union_all(select(before).where(segments.c.segment.is_not(None)))


def merge_segments(connection: Connection, limit: int) -> int:
    """Moves at most `limit` messages to segments of the next level, and returns how many; 0 if there is nothing to do
    now.

    The segment numbers alone record a merge in progress: a segment is being merged while a segment of the next level
    has the same time or a later one. So any process can continue an interrupted merge.
    """
    for level in range(_LEVELS):
        segments = _segments_of(connection, level)
        if segments and (target := _target(connection, level, segments)) is not None:
            return _move(connection, segments[0], target, limit)
    return 0


def _segments_of(connection: Connection, level: int) -> list[int]:
    """Returns the oldest segments of a level, one more than a merge takes at most."""
    first, end = level << _LEVEL_SHIFT, (level + 1) << _LEVEL_SHIFT
    column = messages.c.segment
    found = select(func.min(column).label("segment")).where(column >= first, column < end).cte("found", recursive=True)
    later = messages.alias("later").c.segment
    next_one = select(func.min(later)).where(later > found.c.segment, later < end).scalar_subquery()
    found = found.union_all(select(next_one).where(found.c.segment.is_not(None)))
    statement = select(found.c.segment).where(found.c.segment.is_not(None)).limit(FAN + 1)
    return list(connection.execute(statement).scalars())


def _target(connection: Connection, level: int, segments: Sequence[int]) -> int | None:
    first, end = (level + 1) << _LEVEL_SHIFT, (level + 2) << _LEVEL_SHIFT
    column = messages.c.segment
    newest: int | None = connection.execute(select(func.max(column)).where(column >= first, column < end)).scalar_one()
    if newest is not None and _instant(segments[0]) <= _instant(newest):
        return newest
    # The newest segment is still being filled, so there must be one more than are merged.
    return first + _instant(segments[FAN - 1]) if len(segments) > FAN else None


def _move(connection: Connection, source: int, target: int, limit: int) -> int:
    moved = select(messages.c.key).where(messages.c.segment == source).order_by(messages.c.identity).limit(limit)
    # On PostgreSQL whoever sends messages locks them in other orders. What somebody has locked is moved another time.
    moved = moved.with_for_update(skip_locked=True)
    result = connection.execute(update(messages).where(messages.c.key.in_(moved)).values(segment=target))
    count: int = result.rowcount
    return count


def _instant(segment: int) -> int:
    return segment % (1 << _LEVEL_SHIFT)


def merged_segment(number: int, last: int) -> int:
    """Returns the segment of the message with that number once all messages before `last` are merged.

    Numbers stand for times. The bench uses this to fill a store with merged segments.
    """
    span: int = SEGMENT_SIZE * FAN**_LEVELS
    for level in range(_LEVELS, 0, -1):
        end = (number // span + 1) * span
        if end <= last:
            return (level << _LEVEL_SHIFT) + end
        span //= FAN
    return (number // SEGMENT_SIZE + 1) * SEGMENT_SIZE
