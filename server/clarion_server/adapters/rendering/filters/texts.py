"""Defines the filters over one text or one number. Each pays before it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jinja2 import filters as builtin
from jinja2 import pass_context
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup, escape

from clarion_server.adapters.rendering.evaluation.budget import CALL, CHAR, RenderContext, search_price
from clarion_server.adapters.rendering.evaluation.operators import escaped_length
from clarion_server.adapters.rendering.evaluation.values import (
    RenderRefused,
    as_number,
    as_text,
    check_present,
    is_missing,
)

#: Is the largest number of digits that a number can be rounded to or written with.
MOST_DIGITS = 12
_LONGEST_NUMBER = 1_000
_MOST_TRIM_CHARS = 100
_JSON_VALUE = 700
#: Is the price of one character in JSON, which may become `\ud83d\ude00`.
_JSON_CHAR = 16


def default(value: Any, default_value: Any = "", boolean: bool = False) -> Any:
    """Replaces a value that is missing. Null counts as missing, which Jinja2's own filter would print."""
    if is_missing(value) or (boolean and not value):
        return default_value
    return value


def _text_filter(function: Callable[[str], Any], price: int) -> Callable[..., Any]:
    """Makes a filter from a function over a text; `price` is that of one character."""

    @pass_context
    def apply(context: RenderContext, value: Any) -> Any:
        text = as_text(value)
        context.budget.spend(CALL)
        context.budget.spend_text(len(text), price)
        return function(text)

    return apply


@pass_context
def _escape(context: RenderContext, value: Any) -> Markup:
    text = as_text(value)
    context.budget.spend(CALL)
    context.budget.spend_text(escaped_length(text))
    return escape(text)


@pass_context
def _replace(context: RenderContext, value: Any, old: str, new: str, count: int = -1) -> str:
    text = as_text(value)
    if isinstance(text, Markup):
        context.budget.spend_text(escaped_length(new))
        new = escape(new)
    context.budget.spend(CALL + 2 * search_price(text, old))
    found = text.count(old)
    growth = (found if count < 0 else min(found, count)) * max(len(new) - len(old), 0)
    context.budget.spend_text(len(text) + growth)
    return text.replace(old, new, count)


@pass_context
def _trim(context: RenderContext, value: Any, chars: str | None = None) -> str:
    text = as_text(value)
    kinds = 1 if chars is None else len(chars)
    if kinds > _MOST_TRIM_CHARS:
        raise RenderRefused(f"trim takes at most {_MOST_TRIM_CHARS} characters")
    context.budget.spend(CALL)
    context.budget.spend_text(len(text), CHAR + kinds)
    return text.strip(chars)


@pass_context
def _truncate(context: RenderContext, value: Any, length: int = 255, killwords: bool = False, end: str = "...") -> str:
    text = as_text(value)
    context.budget.spend(CALL)
    context.budget.spend_text(len(text) + len(end))
    return builtin.do_truncate(context.environment, text, length, killwords, end, 0)


@pass_context
def _json(context: RenderContext, value: Any) -> Markup:
    """JSON that is safe in HTML, scripts and header fields: ASCII, and `<`, `>`, `&` and `'` are escaped."""
    check_present(value)
    context.budget.spend(CALL)
    context.budget.spend_walk(value, _JSON_VALUE, _JSON_CHAR)
    json = htmlsafe_json_dumps(value, allow_nan=False)
    context.budget.check_length(len(json))
    return json


@pass_context
def _int(context: RenderContext, value: Any, default: int = 0, base: int = 10) -> int:
    number = builtin.do_int(_number_source(context, value), default, base)
    context.budget.check_integer(number)
    return number


@pass_context
def _float(context: RenderContext, value: Any, default: float = 0.0) -> float:
    return builtin.do_float(_number_source(context, value), default)


def _number_source(context: RenderContext, value: Any) -> Any:
    """Returns what may be a number. Reading the digits of a text takes time that grows with their square."""
    source = value if isinstance(value, int | float) else as_text(value)
    if isinstance(source, str) and len(source) > _LONGEST_NUMBER:
        raise RenderRefused(f"a text of more than {_LONGEST_NUMBER:,} characters is no number")
    context.budget.spend(CALL)
    return source


@pass_context
def _abs(context: RenderContext, value: Any) -> int | float:
    context.budget.spend(CALL)
    return abs(as_number(value))


@pass_context
def _round(context: RenderContext, value: Any, precision: int = 0, method: str = "common") -> float:
    context.budget.spend(CALL)
    if not 0 <= precision <= MOST_DIGITS:
        raise RenderRefused(f"round takes 0 to {MOST_DIGITS} digits")
    return builtin.do_round(as_number(value), precision, method)  # type: ignore[arg-type]  # it checks the method itself


TEXT_FILTERS: dict[str, Callable[..., Any]] = {
    "abs": _abs,
    "capitalize": _text_filter(builtin.do_capitalize, 40),
    "d": default,
    "default": default,
    "e": _escape,
    "escape": _escape,
    "float": _float,
    "int": _int,
    "lower": _text_filter(builtin.do_lower, 40),
    "replace": _replace,
    "round": _round,
    "safe": _text_filter(Markup, CHAR),
    "string": _text_filter(lambda text: text, 0),
    "title": _text_filter(builtin.do_title, 250),
    "tojson": _json,
    "trim": _trim,
    "truncate": _truncate,
    "upper": _text_filter(builtin.do_upper, 40),
    "urlencode": _text_filter(builtin.do_urlencode, 250),
    "wordcount": _text_filter(builtin.do_wordcount, 100),
}
