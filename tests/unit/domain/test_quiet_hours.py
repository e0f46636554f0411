"""Quiet hours and send windows in wall time become instants, also where clocks are changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from clarion_server.domain.instant import DAY, HOUR, MINUTE, Instant, from_datetime, to_datetime
from clarion_server.domain.people.time_zone import time_zone, time_zone_names
from clarion_server.domain.sending_policies.quiet_hours import (
    EVERY_DAY,
    MINUTES_OF_DAY,
    OpeningHours,
    WallInterval,
    WallIntervals,
    Weekday,
    read_wall_time,
    write_wall_time,
)
from hypothesis import assume, given
from hypothesis import strategies as st

FIRST, LAST = (from_datetime(datetime(year, 1, 1, tzinfo=UTC)) for year in (2026, 2028))


def minutes(text: str) -> int:
    hours, _, rest = text.partition(":")
    return 60 * int(hours) + int(rest or 0)


def interval(times: str, *days: Weekday) -> WallInterval:
    start, end = times.split("-")
    return WallInterval(minutes(start), minutes(end), days or EVERY_DAY)


def instant(text: str) -> Instant:
    return from_datetime(datetime.fromisoformat(f"2027-{text}+00:00"))


def quiet(times: str, *days: Weekday) -> OpeningHours:
    return OpeningHours(quiet_hours=(interval(times, *days),))


def window(times: str, *days: Weekday) -> OpeningHours:
    return OpeningHours(send_windows=(interval(times, *days),))


@pytest.mark.parametrize(
    ("zone", "hours", "asked", "opening"),
    [
        pytest.param("Europe/Berlin", quiet("21-8"), "03-27T20:30", "03-28T06:00", id="the offset changes in between"),
        pytest.param("Europe/Berlin", quiet("22-2:30"), "03-28T00:10", "03-28T01:00", id="the end is in a gap"),
        pytest.param("Europe/Berlin", quiet("22-2:07"), "03-28T00:10", "03-28T01:00", id="the end is early in a gap"),
        pytest.param("Europe/Berlin", quiet("22-2:30"), "10-31T00:45", "10-31T01:30", id="the end occurs twice"),
        pytest.param("Europe/Berlin", quiet("2:30-6"), "03-28T00:59:59", "03-28T00:59:59", id="before a gap"),
        pytest.param("Europe/Berlin", quiet("2:30-6"), "03-28T01:00", "03-28T04:00", id="the start is in a gap"),
        pytest.param("Europe/Berlin", quiet("2:30-6"), "10-31T00:30", "10-31T05:00", id="the start occurs twice"),
        pytest.param("Europe/Berlin", quiet("2:10-2:50"), "03-28T01:00", "03-28T01:00", id="all of it is in a gap"),
        pytest.param("America/Santiago", quiet("0-24", Weekday.SUNDAY), "09-05T04:30", "09-06T03:00", id="no midnight"),
        pytest.param(
            "Asia/Beirut", quiet("0-24", Weekday.SUNDAY), "10-30T21:30", "10-30T21:30", id="Saturday's second 23:30"
        ),
        pytest.param(
            "Asia/Beirut", quiet("0-24", Weekday.SUNDAY), "10-30T22:00", "10-31T22:00", id="after two midnights"
        ),
        pytest.param("Australia/Lord_Howe", quiet("22-2:15"), "10-02T15:00", "10-02T15:30", id="a gap of half an hour"),
        pytest.param(
            "Asia/Tokyo", window("21-23", Weekday.WEDNESDAY), "01-06T13:00", "01-06T13:00", id="in the window"
        ),
        pytest.param(
            "Asia/Tokyo", window("21-23", Weekday.WEDNESDAY), "01-06T14:00", "01-13T12:00", id="after the window"
        ),
        pytest.param(
            "Europe/Berlin", window("2-2:30", Weekday.SUNDAY), "03-22T12:00", "04-04T00:00", id="the window is in a gap"
        ),
        pytest.param("Etc/UTC", quiet("22-8"), "05-05T08:00", "05-05T08:00", id="the end is open"),
        pytest.param("Etc/UTC", quiet("22-8"), "05-05T07:59:59", "05-05T08:00", id="a second before the end"),
        pytest.param("Etc/UTC", quiet("22-8"), "05-05T22:00", "05-06T08:00", id="the start is closed"),
        pytest.param("Etc/UTC", quiet("22-8", Weekday.FRIDAY), "05-08T03:00", "05-08T08:00", id="begun on Friday"),
        pytest.param("Etc/UTC", quiet("22-8", Weekday.FRIDAY), "05-07T03:00", "05-07T03:00", id="begun on Thursday"),
        pytest.param(
            "Etc/UTC",
            OpeningHours((interval("8-10"), interval("10-12")), (interval("9-11"), interval("15-16"))),
            "05-05T09:30",
            "05-05T15:00",
            id="quiet hours within windows",
        ),
        pytest.param(
            "Etc/UTC",
            OpeningHours(send_windows=(interval("15-16"), interval("9-11"))),
            "05-05T08:00",
            "05-05T09:00",
            id="the earlier window of a day is written behind the later one",
        ),
    ],
)
def test_the_next_opening_follows_the_wall_clock(zone: str, hours: OpeningHours, asked: str, opening: str) -> None:
    assert to_datetime(hours.next_opening(instant(asked), time_zone(zone))) == to_datetime(instant(opening))


@pytest.mark.parametrize(("text", "minute"), [("00:00", 0), ("08:05", 485), ("23:59", 1_439), ("24:00", 1_440)])
def test_a_wall_time_is_written_in_one_way(text: str, minute: int) -> None:
    assert read_wall_time(text) == minute
    assert write_wall_time(minute) == text


@pytest.mark.parametrize(
    "text", ["", "8:00", "24:01", "25:00", "12:60", "12:00:00", "\uff11\uff12:00", "12:00\n", "-1:00"]
)
def test_other_texts_are_no_wall_time(text: str) -> None:
    assert read_wall_time(text) is None


def test_the_time_zone_of_the_machine_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    monkeypatch.setenv("PYTHONTZPATH", "/nowhere")
    hours, asked = window("21-23", Weekday.WEDNESDAY), instant("01-06T13:00")
    assert hours.next_opening(asked, time_zone("Asia/Tokyo")) == asked


@pytest.mark.parametrize(
    ("hours", "is_open"),
    [
        (OpeningHours(), True),
        (quiet("0-24"), False),
        (quiet("0:01-24"), True),
        (quiet("12-11:59"), True),
        (OpeningHours((interval("12-0"), interval("0-12"))), False),
        (quiet("0-24", *EVERY_DAY[:6]), True),
        (OpeningHours((interval("8-12"),), (interval("9-11"),)), False),
        (OpeningHours((interval("8-12", Weekday.SUNDAY),), (interval("9-11", Weekday.SUNDAY),)), False),
        (OpeningHours((interval("22-8", Weekday.SUNDAY),), (interval("7-9", Weekday.MONDAY),)), True),
        (OpeningHours((interval("22-9", Weekday.SUNDAY),), (interval("7-9", Weekday.MONDAY),)), False),
    ],
)
def test_hours_are_open_in_some_minute_of_the_week_or_in_none(hours: OpeningHours, is_open: bool) -> None:
    assert hours.open_every_week is is_open


@pytest.mark.parametrize("hours", [quiet("0-24"), OpeningHours(send_windows=(WallInterval(8, 9, days=()),))])
def test_hours_that_are_never_open_have_no_next_opening(hours: OpeningHours) -> None:
    with pytest.raises(ValueError, match="never open"):
        hours.next_opening(FIRST, time_zone("Europe/Berlin"))


ZONES = sorted(time_zone_names())
MINUTE_OF_DAY = st.integers(0, MINUTES_OF_DAY - 1)
INTERVALS = st.builds(
    WallInterval,
    MINUTE_OF_DAY,
    st.integers(1, MINUTES_OF_DAY),
    st.lists(st.sampled_from(Weekday), min_size=1, unique=True).map(tuple),
).filter(lambda each: each.start != each.end)
HOURS = st.builds(
    OpeningHours,
    st.lists(INTERVALS, max_size=4).map(tuple),
    st.lists(INTERVALS, max_size=3).map(tuple),
).filter(lambda hours: hours.open_every_week)


@cache
def changes(zone: ZoneInfo) -> tuple[Instant, ...]:
    """Returns instants within a day of every change of the zone's offset in the two years."""
    offsets = pairwise(offset(day, zone) for day in range(FIRST, LAST + DAY, DAY))
    return tuple(day for day, (here, there) in zip(range(FIRST, LAST, DAY), offsets, strict=True) if here != there)


@cache
def changing_zones() -> tuple[ZoneInfo, ...]:
    """Returns one zone for all that show the same wall clock on the days of their changes; most names are of such."""
    zones = [zone for zone in map(time_zone, ZONES) if changes(zone)]
    return tuple({shown_around_changes(zone): zone for zone in zones}.values())


def shown_around_changes(zone: ZoneInfo) -> tuple[object, ...]:
    quarters = [at for change in changes(zone) for at in range(change, change + 2 * DAY, HOUR // 4)]
    return (changes(zone), *(offset(at, zone) for at in quarters))


def offset(at: Instant, zone: ZoneInfo) -> timedelta | None:
    return to_datetime(at).astimezone(zone).utcoffset()


@st.composite
def zoned_instants(draw: st.DrawFn) -> tuple[Instant, ZoneInfo]:
    """Draws instants of two years, half of them near a change of the zone's offset."""
    zone = time_zone(draw(st.sampled_from(ZONES)))
    if draw(st.booleans()) and changes(zone):
        return draw(st.sampled_from(changes(zone))) + draw(st.integers(-DAY, 2 * DAY)), zone
    return draw(st.integers(FIRST, LAST)), zone


def wall_clock_is_in(intervals: WallIntervals, at: Instant, zone: ZoneInfo) -> bool:
    wall = to_datetime(at).astimezone(zone)
    minute = wall.hour * 60 + wall.minute
    return any(_shows(each, Weekday(wall.weekday()), minute) for each in intervals)


def _shows(each: WallInterval, day: Weekday, minute: int) -> bool:
    if each.start < each.end:
        return day in each.days and each.start <= minute < each.end
    before = Weekday((day - 1) % 7)
    return (day in each.days and minute >= each.start) or (before in each.days and minute < each.end)


def wall_clock_allows(hours: OpeningHours, at: Instant, zone: ZoneInfo) -> bool:
    in_window = not hours.send_windows or wall_clock_is_in(hours.send_windows, at, zone)
    return in_window and not wall_clock_is_in(hours.quiet_hours, at, zone)


def occurs_twice(at: Instant, zone: ZoneInfo) -> bool:
    wall = to_datetime(at).astimezone(zone)
    return wall.replace(fold=0).utcoffset() != wall.replace(fold=1).utcoffset()


@given(HOURS, zoned_instants())
def test_no_opening_is_closed_by_the_wall_clock(hours: OpeningHours, asked: tuple[Instant, ZoneInfo]) -> None:
    at, zone = asked
    opening = hours.next_opening(at, zone)
    assert opening >= at
    assert not wall_clock_is_in(hours.quiet_hours, opening, zone)
    # A window lasts until the second occurrence of its end, so that times after the first one may be in it.
    assert wall_clock_allows(hours, opening, zone) or occurs_twice(opening, zone)


@given(HOURS, zoned_instants())
def test_an_opening_is_open_itself(hours: OpeningHours, asked: tuple[Instant, ZoneInfo]) -> None:
    opening = hours.next_opening(*asked)
    assert hours.next_opening(opening, asked[1]) == opening


@given(HOURS, zoned_instants())
def test_what_holds_for_an_instant_holds_for_its_minute(hours: OpeningHours, asked: tuple[Instant, ZoneInfo]) -> None:
    at, zone = asked
    first = at - at % MINUTE
    openings = {each: hours.next_opening(each, zone) for each in (first, at, first + MINUTE - 1)}
    are_open = {opening == each for each, opening in openings.items()}
    assert are_open == {True} or (are_open == {False} and len(set(openings.values())) == 1)


@given(HOURS, zoned_instants(), st.floats(0, 1, exclude_max=True))
def test_no_instant_before_the_opening_is_open(
    hours: OpeningHours, asked: tuple[Instant, ZoneInfo], part: float
) -> None:
    at, zone = asked
    before = at + int((hours.next_opening(at, zone) - at) * part)
    assume(before < hours.next_opening(at, zone))
    assert not wall_clock_allows(hours, before, zone) or occurs_twice(before, zone)


@pytest.mark.parametrize(
    "hours",
    [
        quiet("22-8"),
        quiet("0-2:30"),
        OpeningHours((interval("23:45-1:15"),), (interval("0-4"), interval("20-24"))),
    ],
)
def test_around_every_change_of_every_zone_openings_are_open(hours: OpeningHours) -> None:
    for zone in changing_zones():
        for change in changes(zone):
            for at in range(change, change + DAY, 5 * HOUR + 7 * MINUTE):
                opening = hours.next_opening(at, zone)
                assert wall_clock_allows(hours, opening, zone) or occurs_twice(opening, zone), (zone.key, at)
