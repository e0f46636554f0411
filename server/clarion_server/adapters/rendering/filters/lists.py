"""Defines the filters over lists and objects. Each pays before it runs. Those with several values return a list."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any

from jinja2 import filters as builtin
from jinja2 import pass_context

from clarion_server.adapters.rendering.evaluation.budget import (
    APPLY,
    CALL,
    CHAR,
    ELEMENT,
    LOOKUP,
    VISIT,
    RenderContext,
    length_of,
    sort_price,
)
from clarion_server.adapters.rendering.evaluation.operators import join_texts
from clarion_server.adapters.rendering.evaluation.values import RenderRefused, as_number, as_text, check_present

#: Is the price of one key with its value, as a pair.
_PAIR = 120
_LONGEST_PATH = 1_000
_MOST_SORT_KEYS = 20


def _list_filter(function: Callable[..., Any], price: int) -> Callable[..., Any]:
    """Makes a filter from a function over a list or an object; `price` is that of one entry."""

    @pass_context
    def apply(context: RenderContext, values: Any, *args: Any, **options: Any) -> Any:
        check_present(values)
        context.budget.spend(CALL + length_of(values) * price)
        return function(context, values, *args, **options)

    return apply


def _picked(context: RenderContext, values: Iterable[Any], attribute: Any) -> list[Any]:
    """Returns the attribute of each entry, or the entries themselves when there is no attribute."""
    entries = list(values)
    if attribute is None:
        return entries
    context.budget.spend(len(entries) * _steps(attribute) * LOOKUP)
    return list(map(builtin.make_attrgetter(context.environment, attribute), entries))


def _steps(attribute: Any) -> int:
    """Returns how many steps an attribute path has. Raises RenderRefused when it is too long to follow."""
    if not isinstance(attribute, str):
        return 1
    if len(attribute) > _LONGEST_PATH:
        raise RenderRefused(f"an attribute path has at most {_LONGEST_PATH:,} characters")
    return attribute.count(".") + 1


def _keys(context: RenderContext, values: Iterable[Any], attribute: Any, case_sensitive: bool = False) -> list[Any]:
    """Returns what the entries are ordered or told apart by, after paying for that: numbers, and texts that are
    lower-case unless the case matters.
    """
    keys = _picked(context, values, attribute)
    chars = sum(len(key) for key in keys if isinstance(key, str))
    context.budget.spend(sort_price(len(keys), chars) + chars * CHAR)
    return [_key(key, case_sensitive) for key in keys]


def _key(value: Any, case_sensitive: bool) -> Any:
    check_present(value)
    if isinstance(value, str):
        return value if case_sensitive else value.lower()
    if not isinstance(value, int | float):
        raise RenderRefused("only texts and numbers can be ordered or told apart")
    return value


def _sort(
    context: RenderContext, values: Any, reverse: bool = False, case_sensitive: bool = False, attribute: Any = None
) -> list[Any]:
    entries = list(values)
    attributes = attribute.split(",", _MOST_SORT_KEYS) if isinstance(attribute, str) else [attribute]
    if len(attributes) > _MOST_SORT_KEYS:
        raise RenderRefused(f"sort takes at most {_MOST_SORT_KEYS} attributes")
    columns = [_keys(context, entries, each, case_sensitive) for each in attributes]
    keys = list(zip(*columns, strict=True))
    order = sorted(range(len(entries)), key=keys.__getitem__, reverse=reverse)
    return [entries[index] for index in order]


def _unique(context: RenderContext, values: Any, case_sensitive: bool = False, attribute: Any = None) -> list[Any]:
    firsts: dict[Any, Any] = {}
    for key, entry in zip(_keys(context, values, attribute, case_sensitive), values, strict=True):
        firsts.setdefault(key, entry)
    return list(firsts.values())


def _group(context: RenderContext, values: Any, attribute: Any) -> list[tuple[Any, list[Any]]]:
    """Returns pairs of a key and the entries that have it, in the order of the keys, whatever their case."""
    entries = list(values)
    keys = _keys(context, entries, attribute)
    names = _picked(context, entries, attribute)
    order = sorted(range(len(entries)), key=keys.__getitem__)
    groups = [list(indexes) for _, indexes in groupby(order, keys.__getitem__)]
    return [(names[indexes[0]], [entries[index] for index in indexes]) for indexes in groups]


def _extreme(choose: Callable[..., int]) -> Callable[..., Any]:
    """Makes `min` or `max`. They are missing for an empty list."""

    def apply(context: RenderContext, values: Any, case_sensitive: bool = False, attribute: Any = None) -> Any:
        entries = list(values)
        keys = _keys(context, entries, attribute, case_sensitive)
        if not entries:
            return context.environment.undefined(name=choose.__name__)
        return entries[choose(range(len(entries)), key=keys.__getitem__)]

    return apply


def _sort_object(
    context: RenderContext, value: Any, case_sensitive: bool = False, by: str = "key", reverse: bool = False
) -> list[tuple[Any, Any]]:
    if by not in {"key", "value"}:
        raise RenderRefused("dictsort sorts by 'key' or by 'value'")
    pairs = list(dict.items(value))
    keys = _keys(context, value if by == "key" else dict.values(value), None, case_sensitive)
    order = sorted(range(len(pairs)), key=keys.__getitem__, reverse=reverse)
    return [pairs[index] for index in order]


def _map(context: RenderContext, values: Any, *args: Any, attribute: Any = None, **options: Any) -> list[Any]:
    if attribute is None:
        return list(builtin.sync_do_map(context, values, *args, **options))
    context.budget.spend(length_of(values) * _steps(attribute) * LOOKUP)
    return list(builtin.sync_do_map(context, values, *args, attribute=attribute, **options))


def _by_attribute(select: Callable[..., Any]) -> Callable[..., list[Any]]:
    """Makes `selectattr` or `rejectattr`."""

    def apply(context: RenderContext, values: Any, attribute: Any, *test: Any) -> list[Any]:
        context.budget.spend(length_of(values) * _steps(attribute) * LOOKUP)
        return list(select(context, values, attribute, *test))

    return apply


def _join(context: RenderContext, values: Any, separator: Any = "", attribute: Any = None) -> str:
    texts = [as_text(value) for value in _picked(context, values, attribute)]
    return join_texts(context, as_text(separator), texts)


def _sum(context: RenderContext, values: Any, attribute: Any = None, start: float = 0) -> float:
    total = as_number(start)
    for value in _picked(context, values, attribute):
        context.budget.check_integer(total)
        total += as_number(value)
    return total


def _first(context: RenderContext, values: Any) -> Any:
    return next(iter(values)) if len(values) else context.environment.undefined(name="first")


def _last(context: RenderContext, values: Any) -> Any:
    return values[-1] if len(values) else context.environment.undefined(name="last")


_LENGTH = _list_filter(lambda _context, values: len(values), 0)
_ITEMS = _list_filter(lambda _context, value: list(dict.items(value)), _PAIR)

LIST_FILTERS: dict[str, Callable[..., Any]] = {
    "count": _LENGTH,
    "dictsort": _list_filter(_sort_object, _PAIR + 3 * VISIT),
    "first": _list_filter(_first, 0),
    "groupby": _list_filter(_group, 6 * VISIT),
    "items": _ITEMS,
    "join": _list_filter(_join, APPLY),
    "last": _list_filter(_last, 0),
    "length": _LENGTH,
    "list": _list_filter(lambda _context, values: list(values), ELEMENT),
    "map": _list_filter(_map, APPLY),
    "max": _list_filter(_extreme(max), 3 * VISIT),
    "min": _list_filter(_extreme(min), 3 * VISIT),
    "reject": _list_filter(lambda context, *args: list(builtin.sync_do_reject(context, *args)), APPLY),
    "rejectattr": _list_filter(_by_attribute(builtin.sync_do_rejectattr), APPLY),
    "reverse": _list_filter(lambda _context, values: values[::-1], ELEMENT),
    "select": _list_filter(lambda context, *args: list(builtin.sync_do_select(context, *args)), APPLY),
    "selectattr": _list_filter(_by_attribute(builtin.sync_do_selectattr), APPLY),
    "sort": _list_filter(_sort, 3 * VISIT),
    "sum": _list_filter(_sum, 3 * VISIT),
    "unique": _list_filter(_unique, 3 * VISIT),
}

#: Holds the methods of objects. Their names are no identifiers, so that no template can spell them as filters.
METHODS: dict[str, Callable[..., Any]] = {
    ".items()": _ITEMS,
    ".keys()": _list_filter(lambda _context, value: list(dict.keys(value)), ELEMENT),
    ".values()": _list_filter(lambda _context, value: list(dict.values(value)), ELEMENT),
}
