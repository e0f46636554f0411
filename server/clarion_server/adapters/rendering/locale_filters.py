"""Filters that write numbers, money and times as people of the message's locale do."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, dates
from jinja2 import pass_context

from clarion_server.adapters.rendering.bounds import RenderContext
from clarion_server.adapters.rendering.number_formats import money_format, number_format, percent_format
from clarion_server.adapters.rendering.values import RenderRefused, check_present

STYLES = ("short", "medium", "long", "full")

CURRENCY = re.compile(r"[A-Z]{3}")
_LARGEST_EXPONENT = 30
_LONGEST_NUMBER = 64
MOST_DIGITS = 12


@pass_context
def money(context: RenderContext, value: Any, currency: Any) -> str:
    """An amount in an ISO 4217 currency, with that currency's digits: `1.234,50 €`."""
    check_present(currency)
    if not isinstance(currency, str) or not CURRENCY.fullmatch(currency):
        raise RenderRefused("money needs a currency code of three capital letters, such as EUR")
    return money_format(context.locale, currency)(_decimal(value))


@pass_context
def number(context: RenderContext, value: Any, digits: int | None = None) -> str:
    """A number with the locale's separators; `digits` after the point, or as many as it has, up to three."""
    return number_format(context.locale, None if digits is None else _digits(digits))(_decimal(value))


@pass_context
def percent(context: RenderContext, value: Any, digits: int = 0) -> str:
    """A fraction as a percentage: 0.25 is `25%`."""
    return percent_format(context.locale, _digits(digits))(_decimal(value))


def _digits(digits: Any) -> int:
    if type(digits) is not int or not 0 <= digits <= MOST_DIGITS:
        raise RenderRefused(f"digits is a whole number from 0 to {MOST_DIGITS}")
    return digits


def _decimal(value: Any) -> Decimal:
    """Exact: from the shortest text of a float, or from a text such as `12.30`, as money is best sent."""
    check_present(value)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise RenderRefused("a number is needed")
    text = str(value)
    if len(text) > _LONGEST_NUMBER:
        raise RenderRefused("the number is too long")
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise RenderRefused("a number is needed") from None
    if not amount.is_finite() or abs(amount.adjusted()) > _LARGEST_EXPONENT:
        raise RenderRefused("the number is out of range")
    return amount


@pass_context
def date_(context: RenderContext, value: Any, format: str = "medium", tz: Any = None) -> str:  # noqa: A002  (authors write format=)
    """The day of an RFC 3339 time or date, or of seconds since 1970."""
    moment = _moment(value, tz)
    return dates.format_date(moment, _style(format), locale=context.locale)


@pass_context
def time_(context: RenderContext, value: Any, format: str = "short", tz: Any = None) -> str:  # noqa: A002  (see above)
    """The time of day of an RFC 3339 time, or of seconds since 1970."""
    moment = _instant(value, tz)
    return dates.format_time(moment, _style(format), tzinfo=moment.tzinfo, locale=context.locale)


@pass_context
def datetime_(context: RenderContext, value: Any, format: str | None = None, tz: Any = None) -> str:  # noqa: A002  (see above)
    """Both; by default the day in medium style with hours and minutes."""
    moment = _instant(value, tz)
    if format is not None:
        return dates.format_datetime(moment, _style(format), tzinfo=moment.tzinfo, locale=context.locale)
    day = dates.format_date(moment, "medium", locale=context.locale)
    hour = dates.format_time(moment, "short", tzinfo=moment.tzinfo, locale=context.locale)
    return _datetime_joint(context.locale).replace("{1}", day).replace("{0}", hour)


@lru_cache(maxsize=1024)
def _datetime_joint(locale: Locale) -> str:
    return str(dates.get_datetime_format("medium", locale=locale)).replace("'", "")


def _style(format: str) -> Any:  # noqa: A002  (see above)
    if format not in STYLES:
        raise RenderRefused(f"format is one of {', '.join(STYLES)}")
    return format


def _instant(value: Any, zone: Any) -> datetime:
    moment = _moment(value, zone)
    if not isinstance(moment, datetime):
        raise RenderRefused("a date without a time of day has no time to write")
    return moment


def _moment(value: Any, zone: Any) -> date | datetime:
    check_present(value)
    moment = _parsed(value)
    if not isinstance(moment, datetime):
        return moment
    return moment if zone is None else moment.astimezone(_zone(zone))


def _parsed(value: Any) -> date | datetime:
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        if isinstance(value, str):
            return _parsed_text(value)
    except (ValueError, OverflowError, OSError):
        pass
    raise RenderRefused("a time is needed: RFC 3339, such as 2026-11-22T07:00:00Z, or seconds since 1970")


_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _parsed_text(text: str) -> date | datetime:
    """RFC 3339 (section 5.6), stricter than what Python reads: a time without an offset could be any."""
    if _DATE.fullmatch(text):
        return date.fromisoformat(text)
    if _TIME.fullmatch(text):
        return datetime.fromisoformat(text.upper())
    raise ValueError


def _zone(name: Any) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, TypeError, LookupError):
        raise RenderRefused("tz is a time zone such as Europe/Paris") from None


LOCALE_FILTERS: dict[str, Callable[..., Any]] = {
    "money": money,
    "number": number,
    "percent": percent,
    "date": date_,
    "time": time_,
    "datetime": datetime_,
}
