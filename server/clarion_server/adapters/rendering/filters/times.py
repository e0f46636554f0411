"""The filters that write days and times as people of the message's locale do."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, tzinfo
from functools import lru_cache
from typing import Any

from babel import Locale, dates
from babel.core import get_global
from jinja2 import pass_context

from clarion_server.adapters.rendering.evaluation.budget import CALL, RenderContext
from clarion_server.adapters.rendering.evaluation.values import RenderRefused, check_present
from clarion_server.domain.people.time_zone import is_time_zone, time_zone

STYLES = ("short", "medium", "long", "full")

#: Is the price of writing one day or time.
_WRITE = 30_000
#: Is the price of the first use of a style or a time zone.
_PREPARE = 300_000

Moment = date | datetime | time


@pass_context
def write_date(context: RenderContext, value: Any, format: str = "medium", tz: Any = None) -> str:  # noqa: A002  (authors write format=)
    """Writes the day of an RFC 3339 date or time, or of seconds since 1970."""
    moment = _moment(context, value, format, tz)
    if isinstance(moment, time):
        raise RenderRefused("a time of day without a date has no day to write")
    return dates.format_date(moment, _style(format), locale=context.locale)


@pass_context
def write_time(context: RenderContext, value: Any, format: str = "short", tz: Any = None) -> str:  # noqa: A002  (see above)
    """Writes the time of day of an RFC 3339 time with or without its date, or of seconds since 1970."""
    moment = _moment(context, value, format, tz)
    if not isinstance(moment, datetime | time):
        raise RenderRefused("a date without a time of day has no time to write")
    return dates.format_time(moment, _style(format), tzinfo=moment.tzinfo, locale=context.locale)


@pass_context
def write_datetime(context: RenderContext, value: Any, format: str | None = None, tz: Any = None) -> str:  # noqa: A002  (see above)
    """Writes both; by default the day in medium style with hours and minutes."""
    moment = _moment(context, value, format, tz)
    if not isinstance(moment, datetime):
        raise RenderRefused("a day and a time of day are needed")
    if format is not None:
        return dates.format_datetime(moment, _style(format), tzinfo=moment.tzinfo, locale=context.locale)
    day = dates.format_date(moment, "medium", locale=context.locale)
    hour = dates.format_time(moment, "short", tzinfo=moment.tzinfo, locale=context.locale)
    return _datetime_pattern(context.locale).replace("{1}", day).replace("{0}", hour)


@lru_cache(maxsize=1024)
def _datetime_pattern(locale: Locale) -> str:
    return str(dates.get_datetime_format("medium", locale=locale)).replace("'", "")


def _style(format: str) -> Any:  # noqa: A002  (see above)
    if format not in STYLES:
        raise RenderRefused(f"format is one of {', '.join(STYLES)}")
    return format


def _moment(context: RenderContext, value: Any, style: Any, zone: Any) -> Moment:
    check_present(value)
    context.budget.spend(CALL + _WRITE)
    context.budget.spend_once((style, zone) if isinstance(zone, str) else style, _PREPARE)
    moment = read_moment(value)
    if zone is None or not isinstance(moment, datetime | time):
        return moment
    if isinstance(moment, time):
        raise RenderRefused("a time of day without a date cannot be brought to a time zone")
    return moment.astimezone(_zone(zone))


def read_moment(value: Any) -> Moment:
    """Returns what a context schema's formats `date-time`, `date` and `time` accept, also with a space in place of the
    `T`, or the moment of a number of seconds. Raises RenderRefused.
    """
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        if isinstance(value, str):
            return _read_text(value)
    except (ValueError, OverflowError, OSError):
        pass
    raise RenderRefused("a time is needed: RFC 3339, such as 2026-11-22T07:00:00Z, or seconds since 1970")


_MOMENT = re.compile(
    r"(?:(?P<day>\d{4}-\d\d-\d\d)(?:[Tt ](?!$)|$))?"
    r"(?:(?P<time>\d\d:\d\d):(?P<second>\d\d)(?P<fraction>\.\d+)?(?P<offset>[Zz]|[+-]\d\d:[0-5]\d))?",
    re.ASCII,
)
_LEAP_SECOND = "60"


def _read_text(text: str) -> Moment:
    """RFC 3339, section 5.6, stricter than what Python reads: a time without an offset could be any."""
    parts = _MOMENT.fullmatch(text)
    if parts is None or not text:
        raise ValueError
    day, is_leap = parts["day"], parts["second"] == _LEAP_SECOND
    if parts["time"] is None:
        return date.fromisoformat(day)
    second = "59" if is_leap else parts["second"]
    # Python reads up to microseconds, and no format shows a fraction.
    clock = f"{parts['time']}:{second}{(parts['fraction'] or '')[:7]}{parts['offset'].upper()}"
    moment = datetime.fromisoformat(f"{day or '2000-01-02'}T{clock}")
    if is_leap and moment.astimezone(UTC).strftime("%H:%M") != "23:59":
        raise ValueError
    return moment if day else moment.timetz()


def _zone(name: Any) -> tzinfo:
    # The machine may have others, such as `localtime`, by which the same mail would say another time elsewhere.
    if isinstance(name, str) and is_time_zone(name):
        return time_zone(name)
    raise RenderRefused("tz is a time zone such as Europe/Paris")


def is_zone(name: object) -> bool:
    """Returns whether a time zone has that name."""
    try:
        _zone(name)
    except RenderRefused:
        return False
    return True


def _name_renamed_zones() -> None:
    """Lets Babel name the zones that IANA renamed, such as Europe/Kyiv.

    Babel looks the new names up, but keeps what CLDR calls the zones under the old ones.
    """
    names: Any = get_global("meta_zones")
    for old, new in get_global("zone_aliases").items():
        if old in names:
            names.setdefault(new, names[old])


_name_renamed_zones()

TIME_FILTERS: dict[str, Callable[..., Any]] = {"date": write_date, "datetime": write_datetime, "time": write_time}
