"""Frequency caps: how many messages a person gets within a window of time.

What counts is a list of instants. A window is only a question about them, so that no stored number changes when a cap,
a time zone or a profile does.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from clarion_server.domain.category import Category
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.instant import DAY, HOUR, MINUTE, Instant, Span, to_datetime
from clarion_server.domain.tags import MAX_TAG, folded
from clarion_server.domain.text_rules import line_violations, repetition_violations
from clarion_server.domain.value import value
from clarion_server.domain.violation import Violation, out_of_range, required

#: A sending policy has at most this many caps.
MAX_CAPS = 5
MAX_COUNT = 100
SHORTEST, LONGEST = MINUTE, 92 * DAY


class CalendarPeriod(StrEnum):
    """Is a window by the calendar of a time zone."""

    HOUR = "HOUR"
    DAY = "DAY"
    WEEK = "WEEK"
    """It lasts from Monday to Sunday (ISO 8601)."""
    MONTH = "MONTH"

    @property
    def longest(self) -> Span:
        """Returns a span that no period of this kind exceeds. A clock that is turned back makes an hour or a day
        longer.
        """
        return _LONGEST_PERIODS[self]

    def of(self, instant: Instant, zone: ZoneInfo) -> tuple[int, ...]:
        """Returns a value that identifies the period in which the instant lies."""
        return tuple(_period_of(self, to_datetime(instant).astimezone(zone)))


_LONGEST_PERIODS = {
    # Antarctica/Troll turns its clock back by two hours.
    CalendarPeriod.HOUR: 3 * HOUR,
    CalendarPeriod.DAY: 2 * DAY,
    CalendarPeriod.WEEK: 8 * DAY,
    CalendarPeriod.MONTH: 32 * DAY,
}


def _period_of(period: CalendarPeriod, local: datetime) -> Sequence[int]:
    match period:
        case CalendarPeriod.HOUR:
            return local.year, local.month, local.day, local.hour
        case CalendarPeriod.DAY:
            return local.year, local.month, local.day
        case CalendarPeriod.WEEK:
            return local.isocalendar()[:2]
        case CalendarPeriod.MONTH:
            return local.year, local.month


class CountedMessage(NamedTuple):
    """Is what decides whether a cap counts a message."""

    channel: Channel
    category: Category
    topic: str | None
    tags: Collection[str] = ()
    """Holds those of its campaign, case-folded."""


@value
class FrequencyCap:
    """Allows at most `count` messages a person, either in every `sliding` span or in every `period` of the calendar."""

    count: int
    sliding: Span | None = None
    period: CalendarPeriod | None = None
    channels: tuple[Channel, ...] = ()
    """Holds those of the messages that it counts; empty for every channel."""
    categories: tuple[Category, ...] = (Category.MARKETING,)
    topic: str | None = None
    """Is the topic of the messages that it counts. None: whatever their topic is."""
    tag: str | None = None
    """Is a tag of the campaigns whose messages it counts. None: whatever their tags are."""

    @property
    def scope(self) -> str:
        """Says which messages it counts. Caps of a policy that count the same ones share what they count."""
        channels, categories = (",".join(sorted(each)) for each in (self.channels, self.categories))
        return f"{channels}/{categories}/{self.topic or ''}/{folded(self.tag or '')}"

    @property
    def memory(self) -> Span:
        """Returns how long after its instant a message may still count."""
        return self.sliding or (self.period or CalendarPeriod.MONTH).longest

    def counts(self, message: CountedMessage) -> bool:
        return (
            (not self.channels or message.channel in self.channels)
            and message.category in self.categories
            and self.topic in (None, message.topic)
            and (self.tag is None or folded(self.tag) in message.tags)
        )

    def fits(self, entries: Iterable[Instant], time: Instant, zone: ZoneInfo) -> bool:
        """Returns whether a further message fits at that time beside those of the entries, earlier and later ones."""
        if self.sliding is not None:
            return _fits_sliding(entries, time, self.count, self.sliding)
        assert self.period is not None, "a cap has a window of either kind"
        period = self.period.of(time, zone)
        return sum(self.period.of(entry, zone) == period for entry in entries) < self.count


def _fits_sliding(entries: Iterable[Instant], time: Instant, count: int, span: Span) -> bool:
    """Returns whether no span that includes the time has more than `count` messages then."""
    near = sorted(entry for entry in entries if abs(entry - time) < span)
    insort(near, time)
    return all(last - first >= span for first, last in zip(near, near[count:], strict=False))


def cap_violations(caps: Sequence[FrequencyCap]) -> Iterator[Violation]:
    """Yields the violations of each cap, with paths that begin with its position."""
    for index, cap in enumerate(caps):
        for violation in _violations(cap):
            yield violation.under(f"[{index}]")


def _violations(cap: FrequencyCap) -> Iterator[Violation]:
    if not 1 <= cap.count <= MAX_COUNT:
        yield out_of_range("count", f"Must be 1 to {MAX_COUNT}.")
    if cap.sliding is None and cap.period is None:
        yield required("sliding")
    if cap.sliding is not None and not SHORTEST <= cap.sliding <= LONGEST:
        yield out_of_range("sliding", "Must be a minute to 92 days.")
    yield from repetition_violations(cap.channels, "channels")
    yield from repetition_violations(cap.categories, "categories")
    if cap.tag is not None:
        yield from line_violations(cap.tag, "tag", MAX_TAG)
