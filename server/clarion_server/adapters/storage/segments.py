"""The index of messages by recipient, in segments.

Recipients come in no order. In one index over all messages each new one lands on a page of its own, and a page is what
a commit writes: 4 KB to the log and 4 KB to the file, for an entry of 40 bytes. So the index begins with a segment
number, the same for some thousand messages in a row, and whatever is new lands on the few pages of the newest segment.
Who looks for a recipient asks every segment (the idea of the log-structured merge tree without the merging: O'Neil et
al., "The Log-Structured Merge-Tree", Acta Informatica 33, 1996).
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import CTE, func, select

from clarion_server.adapters.storage.schema import messages
from clarion_server.domain.message import Message

#: Messages per segment. Smaller ones write less, larger ones are fewer to ask.
SEGMENT_SIZE = 1024


class Segments:
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
