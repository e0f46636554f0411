"""Quiet hours and send windows: at which instants a message may be sent, by the wall clock of a time zone.

Intervals repeat every week in wall time. They become instants separately for every date, since the offset of a zone
changes. Where a clock is turned back, an interval begins with the first occurrence of its start and lasts until the
second occurrence of its end. Where a clock is turned forward, times that do not exist stand for the first instant after
the gap, so that an interval within the gap is empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import IntEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from clarion_server.domain.instant import DAY, SECOND, Instant, Span, from_datetime, to_datetime
from clarion_server.domain.value import value

#: Minutes since midnight on the wall clock.
WallMinute = int

_WALL_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")

MINUTES_OF_DAY: WallMinute = 24 * 60
_MINUTES_OF_WEEK = 7 * MINUTES_OF_DAY

#: An interval may begin on the day before. A clock that is turned back over midnight makes it two days.
_DAYS_BACK = 2
#: A weekly interval is empty in a week in which a gap swallows it, but not in the weeks around.
_HORIZON: Span = 22 * DAY


class Weekday(IntEnum):
    """Numbered as `date.weekday` does."""

    MONDAY = 0
    TUESDAY = 1
    WEDNESDAY = 2
    THURSDAY = 3
    FRIDAY = 4
    SATURDAY = 5
    SUNDAY = 6


EVERY_DAY = tuple(Weekday)


def read_wall_time(text: str) -> WallMinute | None:
    """Returns the minute that `HH:MM` writes; None for any other text."""
    if _WALL_TIME.fullmatch(text) is None:
        return None
    return int(text[:2]) * 60 + int(text[3:])


def write_wall_time(minute: WallMinute) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@value
class WallInterval:
    """Is a time of the day, on some days of the week. The start is part of it, and the end is not."""

    start: WallMinute
    end: WallMinute
    """At most 24:00. An end before the start is on the day after."""
    days: tuple[Weekday, ...] = EVERY_DAY
    """Holds the days on which it begins."""

    @property
    def length(self) -> int:
        """Returns its minutes on the wall clock."""
        return (self.end - self.start) % MINUTES_OF_DAY or MINUTES_OF_DAY

    def minutes_of_week(self) -> Iterator[int]:
        """Yields its minutes, counted from the start of Monday."""
        for day in self.days:
            first = day * MINUTES_OF_DAY + self.start
            yield from (minute % _MINUTES_OF_WEEK for minute in range(first, first + self.length))


#: Intervals of wall time, one of which must hold.
WallIntervals = tuple[WallInterval, ...]


@value
class OpeningHours:
    """A message may be sent in any of the send windows, if there are some, and outside of all quiet hours."""

    quiet_hours: WallIntervals = ()
    send_windows: WallIntervals = ()

    @property
    def open_every_week(self) -> bool:
        """Returns whether some minute of the week is open."""
        windows = {minute for window in self.send_windows for minute in window.minutes_of_week()}
        allowed = windows if self.send_windows else set(range(_MINUTES_OF_WEEK))
        return bool(allowed.difference(*(quiet.minutes_of_week() for quiet in self.quiet_hours)))

    def next_opening(self, instant: Instant, zone: ZoneInfo) -> Instant:
        """Returns the first instant at or after `instant` that is open; the hours must be open every week."""
        moment = instant
        while (opening := self._after_quiet_hours(self._in_send_window(moment, zone), zone)) != moment:
            if opening > instant + _HORIZON:
                message = f"{self} are never open in {zone.key}"
                raise ValueError(message)
            moment = opening
        return moment

    def _in_send_window(self, moment: Instant, zone: ZoneInfo) -> Instant:
        """Returns the moment, or the start of the next window when it is in none."""
        if not self.send_windows or any(_ends_of_current(self.send_windows, moment, zone)):
            return moment
        # Starts are in the order of their dates, because each is the first occurrence of a time.
        for day in _dates_around(moment, zone, days_ahead=_HORIZON // DAY):
            # One that a gap swallows is empty, and the search goes on from there.
            if later := [start for start, _ in _on_date(self.send_windows, day, zone) if start > moment]:
                return min(later)
        return moment + _HORIZON + 1

    def _after_quiet_hours(self, moment: Instant, zone: ZoneInfo) -> Instant:
        """Returns the moment, or the end of the quiet hours that it is in."""
        return max(_ends_of_current(self.quiet_hours, moment, zone), default=moment)


def _ends_of_current(intervals: WallIntervals, moment: Instant, zone: ZoneInfo) -> Iterator[Instant]:
    """Yields the ends of the intervals that the moment is in."""
    for day in _dates_around(moment, zone, days_ahead=1) if intervals else ():
        yield from (end for start, end in _on_date(intervals, day, zone) if start <= moment < end)


def _dates_around(moment: Instant, zone: ZoneInfo, days_ahead: int) -> Iterator[date]:
    today = to_datetime(moment).astimezone(zone).date()
    return (today + timedelta(days=days) for days in range(-_DAYS_BACK, days_ahead + 1))


@lru_cache(maxsize=8_192)
def _on_date(intervals: WallIntervals, day: date, zone: ZoneInfo) -> tuple[tuple[Instant, Instant], ...]:
    """Returns the first instants, and those after the last ones, of the intervals that begin on that date."""
    return tuple(
        (_first_occurrence(day, each.start, zone), _last_occurrence(day, each.start + each.length, zone))
        for each in intervals
        if day.weekday() in each.days
    )


def _first_occurrence(day: date, minute: WallMinute, zone: ZoneInfo) -> Instant:
    wall = _wall_time(day, minute)
    instant = _instant(wall, zone, fold=0)
    return instant if _wall_at(instant, zone) == wall else _end_of_gap(wall, zone)


def _last_occurrence(day: date, minute: WallMinute, zone: ZoneInfo) -> Instant:
    wall = _wall_time(day, minute)
    instant = _instant(wall, zone, fold=1)
    return instant if _wall_at(instant, zone) == wall else _end_of_gap(wall, zone)


def _end_of_gap(wall: datetime, zone: ZoneInfo) -> Instant:
    """Returns the instant at which the clock is turned forward over a time that does not exist.

    The standard library reads such a time with the offset before the gap (fold 0) or after it (fold 1), and the change
    lies between both readings (PEP 495).
    """
    before, after = (_instant(wall, zone, fold) // SECOND for fold in (1, 0))
    offset = _offset(before, zone)
    while after - before > 1:
        middle = (before + after) // 2
        if _offset(middle, zone) == offset:
            before = middle
        else:
            after = middle
    return after * SECOND


def _wall_time(day: date, minute: WallMinute) -> datetime:
    return datetime.combine(day, time()) + timedelta(minutes=minute)


def _instant(wall: datetime, zone: ZoneInfo, fold: int) -> Instant:
    return from_datetime(wall.replace(tzinfo=zone, fold=fold))


def _wall_at(instant: Instant, zone: ZoneInfo) -> datetime:
    return to_datetime(instant).astimezone(zone).replace(tzinfo=None)


def _offset(second: int, zone: ZoneInfo) -> timedelta | None:
    return datetime.fromtimestamp(second, UTC).astimezone(zone).utcoffset()
