"""The index of messages by recipient, in segments.

Recipients come in no order. In one index over all messages each new one lands on a page of its own, and a page is what
a commit writes: 4 KB to the log and 4 KB to the file, for an entry of 40 bytes. So the index begins with a segment
number, the same for some thousand messages in a row, and whatever is new lands on the few pages of the newest segment.
Who looks for a recipient asks every segment, so they must not become many: of each level, the oldest are merged into
one of the next, in the background and some rows at a time (the log-structured merge tree of O'Neil et al., Acta
Informatica 33, 1996). A segment's rows come in the order of recipients, so a merge reads and writes pages in their
order, many entries each. Ten million messages are in some forty segments.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import CTE, Connection, func, select, update

from clarion_server.adapters.storage.schema import messages
from clarion_server.domain.message import Message

#: Messages per new segment. Smaller ones write less, larger ones are fewer to ask.
SEGMENT_SIZE = 1024
#: So many segments of a level become one of the next. More of them are more to ask, fewer are merged more often.
FAN = 32
#: A number is a level above these bits, and an instant of its newest messages in them.
_LEVEL_SHIFT = 56
#: The last holds 32 times as many as the one before, as many times as it takes.
_LEVELS = 5


class RecipientIndex:
    """Numbers the segments that one store fills. Stores that write at once may share numbers; nothing depends on it."""

    def __init__(self, size: int = SEGMENT_SIZE) -> None:
        self._size = size
        self._current = 0
        self._room = 0

    def place(self, added: Sequence[Message]) -> int:
        """The segment for these messages."""
        if self._room <= 0:
            self._current = max(self._current + 1, added[0].accept_time)
            self._room = self._size
        self._room -= len(added)
        return self._current


def all_segments() -> CTE:
    """The numbers of all segments, each found from the one after it, and a null at the end."""
    segments = select(func.max(messages.c.segment).label("segment")).cte("segments", recursive=True)
    earlier = messages.alias("earlier")
    before = select(func.max(earlier.c.segment)).where(earlier.c.segment < segments.c.segment).scalar_subquery()
    return segments.union_all(select(before).where(segments.c.segment.is_not(None)))


def merge_segments(connection: Connection, limit: int) -> int:
    """Moves at most so many messages on; how many. 0: there is nothing to merge.

    What is under way is told by the numbers alone: a segment is to be merged while one of the next level bears the
    instant of its newest messages or a later one. So it goes on after an interruption, whoever does it.
    """
    for level in range(_LEVELS):
        segments = _segments_of(connection, level)
        if segments and (target := _target(connection, level, segments)) is not None:
            return _move(connection, segments[0], target, limit)
    return 0


def _segments_of(connection: Connection, level: int) -> list[int]:
    """The oldest of a level, and no more than decide whether they are to be merged."""
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
    # The newest of all is still being filled.
    return first + _instant(segments[FAN - 1]) if len(segments) > FAN else None


def _move(connection: Connection, source: int, target: int, limit: int) -> int:
    moved = select(messages.c.key).where(messages.c.segment == source).order_by(messages.c.identity).limit(limit)
    result = connection.execute(update(messages).where(messages.c.key.in_(moved)).values(segment=target))
    count: int = result.rowcount
    return count


def _instant(segment: int) -> int:
    return segment % (1 << _LEVEL_SHIFT)


def merged_segment(number: int, last: int) -> int:
    """The segment in which the message of that number is when all before `last` are merged as far as they can be.

    Numbers stand for instants. For whoever fills a store at once.
    """
    span: int = SEGMENT_SIZE * FAN**_LEVELS
    for level in range(_LEVELS, 0, -1):
        end = (number // span + 1) * span
        if end <= last:
            return (level << _LEVEL_SHIFT) + end
        span //= FAN
    return (number // SEGMENT_SIZE + 1) * SEGMENT_SIZE
