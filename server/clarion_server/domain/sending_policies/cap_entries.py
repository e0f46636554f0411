"""Defines the messages that frequency caps count for one person."""

from __future__ import annotations

from collections.abc import Mapping

from clarion_server.domain.instant import Instant, Span


class CapEntries:
    """Says when each message counts: at the time of its release, or of its last attempt.

    The store has them as one text, `id:time,` for each, and their number. Nearly every person has got less than a cap
    allows, so the number decides, and a further message is appended to a text that was not even read.
    """

    __slots__ = ("_packed", "_times", "is_changed", "unread", "until")

    def __init__(
        self, times: Mapping[str, Instant] | None = None, until: Instant = 0, packed: str = "", unread: int = 0
    ) -> None:
        """`until`: from then on none of them can count. Without `times` they are those of a text.

        `unread` is the number of those that the store has and that were not read.
        """
        self._times = None if times is None else dict(times)
        self._packed = packed
        self.until = until
        self.unread = unread
        self.is_changed = False
        """Says whether they differ from what is stored."""

    __hash__ = None  # type: ignore[assignment]  # They change.

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CapEntries):
            return False
        return (self.times, self.until, self.unread) == (other.times, other.until, other.unread)

    def __repr__(self) -> str:
        return f"CapEntries({self.times}, {self.until}, unread={self.unread})"

    @property
    def times(self) -> dict[str, Instant]:
        """Returns the times of those that were read or added, by message id. It may be changed."""
        if self._times is None:
            entries = (entry.split(":") for entry in self._packed.split(",")[:-1])
            self._times = {message_id: int(time) for message_id, time in entries}
        return self._times

    @property
    def count(self) -> int:
        """Returns how many there are, those included that can count no more and were not dropped yet."""
        if self._times is None:
            return self.unread + self._packed.count(",")
        return self.unread + len(self._times)

    def to_row(self) -> tuple[Instant, int, str]:
        """Returns `until`, the number of those that were read or added, and these as the store has them. The number is
        negative if others stay that were not read.
        """
        packed = self.packed()
        number = packed.count(",")
        return self.until, -number if self.unread else number, packed

    def packed(self) -> str:
        """Returns those that were read or added, as the store has them."""
        if self._times is None:
            return self._packed
        return "".join([f"{message_id}:{time}," for message_id, time in self._times.items()])

    def put(self, message_id: str, time: Instant, now: Instant, memory: Span) -> None:
        """Counts the message at that time, and no more at another one. Drops what can count no more, at the latest when
        a cap may be full. A message that is among those that were not read must not be given.

        `memory` says how long after its instant a message may still count.
        """
        self.is_changed = True
        if self._times is None and message_id not in self._packed:
            entry = f"{message_id}:{time},"
            if self.until > now:
                self._packed += entry
            else:
                self._packed, self.unread = entry, 0
            until = time + memory
            self.until = max(self.until, until)
            return
        times, last = self.times, now - memory
        times[message_id] = time
        if min(times.values()) <= last:
            times = self._times = {each: counted for each, counted in times.items() if counted > last}
        latest = max(times.values(), default=now) + memory
        self.until = max(self.until, latest) if self.unread else latest
