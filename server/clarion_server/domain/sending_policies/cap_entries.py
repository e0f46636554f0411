"""Defines the messages that frequency caps count for one person."""

from __future__ import annotations

from collections.abc import Mapping

from clarion_server.domain.instant import Instant, Span


class CapEntries:
    """Says when each message counts: at the time of its release, or of its last attempt.

    The store has them as one text, `id:time,` for each, and their number. Nearly every person has got less than a cap
    allows, so the number decides.
    """

    __slots__ = ("_packed", "_times", "is_changed", "until")

    def __init__(self, times: Mapping[str, Instant] | None = None, until: Instant = 0, packed: str = "") -> None:
        """`until`: from then on none of them can count. Without `times` they are those of a text."""
        self._times = None if times is None else dict(times)
        self._packed = packed
        self.until = until
        self.is_changed = False
        """Says whether they differ from what is stored."""

    __hash__ = None  # type: ignore[assignment]  # They change.

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CapEntries):
            return False
        return (self.times, self.until) == (other.times, other.until)

    def __repr__(self) -> str:
        return f"CapEntries({self.times}, {self.until})"

    @property
    def times(self) -> dict[str, Instant]:
        """Returns their times by message id. It may be changed."""
        if self._times is None:
            entries = (entry.split(":") for entry in self._packed.split(",")[:-1])
            self._times = {message_id: int(time) for message_id, time in entries}
        return self._times

    @property
    def count(self) -> int:
        """Returns how many there are, those included that can count no more and were not dropped yet."""
        return self._packed.count(",") if self._times is None else len(self._times)

    def packed(self) -> str:
        """Returns them as the store has them."""
        return self._packed if self._times is None else pack(self._times)

    def put(self, message_id: str, time: Instant, now: Instant, memory: Span) -> None:
        """Counts the message at that time, and no more at another one. Drops what can count no more, at the latest when
        a cap may be full.

        `memory` says how long after its instant a message may still count.
        """
        self.is_changed = True
        if self._times is None and message_id not in self._packed:
            entry = f"{message_id}:{time},"
            self._packed = self._packed + entry if self.until > now else entry
            self.until = max(self.until, time + memory)
            return
        times, last = self.times, now - memory
        times[message_id] = time
        if min(times.values()) <= last:
            times = self._times = {each: counted for each, counted in times.items() if counted > last}
        self.until = max(times.values(), default=now) + memory

    def remove(self, message_id: str) -> None:
        """Counts the message no more."""
        if self.times.pop(message_id, None) is not None:
            self.is_changed = True


def pack(times: Mapping[str, Instant]) -> str:
    """Returns times by message id as the store has them."""
    return "".join([f"{message_id}:{time}," for message_id, time in times.items()])


#: Messages that count from now on for somebody whose entries were not read, as the store has them: from when on none of
#: them can count, their number, and their text. It is a plain tuple, as a batch makes one for nearly everybody.
AddedEntries = tuple[Instant, int, str]


def with_entry(added: AddedEntries | None, message_id: str, time: Instant, memory: Span) -> AddedEntries:
    """Returns the entries, or none, with a message at that time. `memory` is as in `CapEntries.put`."""
    entry = f"{message_id}:{time},"
    if added is None:
        return time + memory, 1, entry
    until, number, packed = added
    if packed.endswith(entry):
        # Another cap that counts the same messages was here before.
        return added
    return max(until, time + memory), number + 1, packed + entry


def unpacked(added: AddedEntries | None) -> CapEntries:
    if added is None:
        return CapEntries()
    until, _, packed = added
    return CapEntries(None, until, packed)
