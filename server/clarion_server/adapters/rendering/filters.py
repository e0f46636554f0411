"""The filters of templates: the safe ones of Jinja2, each paying for its work, and those that write for people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jinja2 import filters as builtin
from jinja2 import pass_context
from markupsafe import Markup, escape

from clarion_server.adapters.rendering.bounds import WORK_OF_AN_ELEMENT, RenderContext, joined, weight
from clarion_server.adapters.rendering.locale_filters import LOCALE_FILTERS, MOST_DIGITS
from clarion_server.adapters.rendering.values import RenderRefused, check_present, is_missing, printable

_Filter = Callable[..., Any]


def default(value: Any, default_value: Any = "", boolean: bool = False) -> Any:
    """The way out for values that may be missing. Null counts as missing, which Jinja2's own filter would print."""
    if is_missing(value) or (boolean and not value):
        return default_value
    return value


def _text(function: Callable[..., Any]) -> _Filter:
    """A filter over one text."""

    def apply(context: RenderContext, value: Any, *args: Any, **options: Any) -> Any:
        text = printable(value)
        context.budget.spend(weight(text))
        return function(text, *args, **options)

    return pass_context(apply)


def _values(function: Callable[..., Any]) -> _Filter:
    """A filter over a list or an object, which gets the context first."""

    def apply(context: RenderContext, value: Any, *args: Any, **options: Any) -> Any:
        check_present(value)
        context.budget.spend(weight(value) * WORK_OF_AN_ELEMENT)
        return function(context, value, *args, **options)

    return pass_context(apply)


def _glance(function: Callable[[Any, RenderContext], Any]) -> _Filter:
    """A filter over a list, an object or a text that costs the same however long it is."""

    def apply(context: RenderContext, value: Any) -> Any:
        check_present(value)
        context.budget.spend(1)
        return function(value, context)

    return pass_context(apply)


def _listed(function: Callable[..., Any]) -> _Filter:
    """As above, and answers with a list: Jinja2's own often answer with what can be read but once."""
    return _values(lambda context, value, *args, **options: list(function(context, value, *args, **options)))


def _listed_by_environment(function: Callable[..., Any]) -> _Filter:
    return _listed(lambda context, value, *args, **options: function(context.environment, value, *args, **options))


def _by_environment(function: Callable[..., Any]) -> _Filter:
    return _values(lambda context, value, *args, **options: function(context.environment, value, *args, **options))


def _join(context: RenderContext, values: Any, separator: str = "", attribute: str | None = None) -> str:
    if attribute is not None:
        values = builtin.sync_do_map(context, values, attribute=attribute)
    texts = [printable(value) for value in values]
    if not context.eval_ctx.autoescape:
        return joined(context.budget, str(separator), [str(text) for text in texts])
    return Markup(joined(context.budget, escape(separator), [escape(text) for text in texts]))  # noqa: S704  (escaped)


def _sum(context: RenderContext, values: Any, attribute: str | None = None, start: float = 0) -> float:
    if attribute is not None:
        values = builtin.sync_do_map(context, values, attribute=attribute)
    total = start
    for value in values:
        total += _number(value)
    return total


def _number(value: Any) -> float:
    check_present(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RenderRefused("a number is needed")
    return value


def _replace(context: RenderContext, text: str, old: str, new: str, count: int = -1) -> str:
    text = _string(text)
    found = text.count(old)
    growth = (found if count < 0 else min(found, count)) * max(len(new) - len(old), 0)
    context.budget.spend_text(len(text) + growth)
    return text.replace(old, new, count)


def _round(value: Any, precision: int = 0, method: str = "common") -> float:
    if not 0 <= precision <= MOST_DIGITS:
        raise RenderRefused(f"round takes 0 to {MOST_DIGITS} digits")
    return builtin.do_round(_number(value), precision, method)  # type: ignore[arg-type]  # it checks the method itself


def _string(value: Any) -> str:
    text: str = printable(value) if isinstance(value, str) else str(printable(value))
    return text


def _first(values: Any, context: RenderContext) -> Any:
    return next(iter(values)) if len(values) else context.environment.undefined(name="first")


def _last(values: Any, context: RenderContext) -> Any:
    return values[-1] if len(values) else context.environment.undefined(name="last")


def _length(values: Any, _context: RenderContext) -> int:
    return len(values)


def _reverse(_context: RenderContext, values: Any) -> Any:
    return values[::-1]


def _entries(_context: RenderContext, value: Any) -> list[tuple[str, Any]]:
    return list(dict.items(value))


def _truncate(context: RenderContext, text: Any, length: int = 255, killwords: bool = False, end: str = "...") -> str:
    text = _string(text)
    context.budget.spend(weight(text))
    return builtin.do_truncate(context.environment, text, length, killwords, end, 0)


FILTERS: dict[str, _Filter] = {
    **LOCALE_FILTERS,
    "abs": lambda value: abs(_number(value)),
    "capitalize": _text(builtin.do_capitalize),
    "count": _glance(_length),
    "d": default,
    "default": default,
    "dictsort": _listed(lambda _context, *args, **options: builtin.do_dictsort(*args, **options)),
    "e": _text(escape),
    "escape": _text(escape),
    "first": _glance(_first),
    "float": _text(builtin.do_float),
    "groupby": _listed_by_environment(builtin.sync_do_groupby),
    "int": _text(builtin.do_int),
    "items": _values(_entries),
    "join": _values(_join),
    "last": _glance(_last),
    "length": _glance(_length),
    "list": _listed(lambda _context, value: value),
    "lower": _text(builtin.do_lower),
    "map": _listed(builtin.sync_do_map),
    "max": _by_environment(builtin.do_max),
    "min": _by_environment(builtin.do_min),
    "reject": _listed(builtin.sync_do_reject),
    "rejectattr": _listed(builtin.sync_do_rejectattr),
    "replace": pass_context(_replace),
    "reverse": _values(_reverse),
    "round": _round,
    "safe": _text(Markup),
    "select": _listed(builtin.sync_do_select),
    "selectattr": _listed(builtin.sync_do_selectattr),
    "sort": _listed_by_environment(builtin.do_sort),
    "string": _string,
    "sum": _values(_sum),
    "title": _text(builtin.do_title),
    "trim": _text(builtin.do_trim),
    "truncate": pass_context(_truncate),
    "unique": _listed_by_environment(builtin.do_unique),
    "upper": _text(builtin.do_upper),
    "urlencode": _text(builtin.do_urlencode),
    "wordcount": _text(builtin.do_wordcount),
}
