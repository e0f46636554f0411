"""The filters that write numbers and money as people of the message's locale do."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from jinja2 import pass_context

from clarion_server.adapters.rendering.evaluation.budget import CALL, RenderContext
from clarion_server.adapters.rendering.evaluation.values import RenderRefused, as_integer, check_present
from clarion_server.adapters.rendering.filters.number_formats import (
    Format,
    QuickFormat,
    money_format,
    number_format,
    percent_format,
)
from clarion_server.adapters.rendering.filters.texts import MOST_DIGITS
from clarion_server.adapters.rendering.filters.times import TIME_FILTERS

CURRENCY = re.compile(r"[A-Z]{3}")
_LARGEST_EXPONENT = 30
_LONGEST_NUMBER = 64
#: These are the prices of writing one number: some locales and currencies take Babel's own way.
_WRITE = 3_000
_WRITE_SLOWLY = 18_000
#: Is the price of preparing a format.
_PREPARE = 1_000_000


@pass_context
def money(context: RenderContext, value: Any, currency: Any) -> str:
    """Writes an amount in an ISO 4217 currency, with that currency's digits: `1.234,50 €`."""
    check_present(currency)
    if not isinstance(currency, str) or not CURRENCY.fullmatch(currency):
        raise RenderRefused("money needs a currency code of three capital letters, such as EUR")
    return _write(context, value, money_format, currency)


@pass_context
def number(context: RenderContext, value: Any, digits: int | None = None) -> str:
    """Writes a number with `digits` digits after the point, or with as many as it has, up to three."""
    return _write(context, value, number_format, None if digits is None else _digits(digits))


@pass_context
def percent(context: RenderContext, value: Any, digits: int = 0) -> str:
    """Writes a fraction as a percentage: 0.25 as `25%`."""
    return _write(context, value, percent_format, _digits(digits))


def _write(context: RenderContext, value: Any, prepare: Callable[..., Format], detail: Any) -> str:
    context.budget.spend_once((prepare, detail), _PREPARE)
    write = prepare(context.locale, detail)
    context.budget.spend(CALL + (_WRITE if isinstance(write, QuickFormat) else _WRITE_SLOWLY))
    return write(_decimal(value))


def _digits(digits: Any) -> int:
    digits = as_integer(digits)
    if type(digits) is not int or not 0 <= digits <= MOST_DIGITS:
        raise RenderRefused(f"digits is a whole number from 0 to {MOST_DIGITS}")
    return digits


def _decimal(value: Any) -> Decimal:
    """Returns the exact number: of the shortest text of a float, or of a text such as `12.30`."""
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


LOCALE_FILTERS: dict[str, Callable[..., Any]] = {**TIME_FILTERS, "money": money, "number": number, "percent": percent}
