"""Converts lists and mappings, item by item."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any

from clarion_client._converters import Converter, Integer, check_type
from clarion_client._field_error import FieldError, kind_of

#: Holds types that can be iterated over and are no lists: their characters or keys would be sent.
NO_LISTS = (str, bytes, dict)
_SURROGATE = re.compile("[\ud800-\udfff]")


class Repeated:
    """Converts several values of one type, in order."""

    def __init__(self, item: Converter) -> None:
        self._item = item

    def read(self, wire: Any, /) -> tuple[Any, ...]:
        return tuple(map(self._item.read, wire)) if wire else ()

    def write(self, value: Iterable[Any], /) -> list[Any]:
        if isinstance(value, NO_LISTS):
            raise FieldError(f"is {kind_of(value)}, not a list")
        written: list[Any] = []
        try:
            for item in value:
                written.append(self._item.write(item))  # noqa: PERF401 - its length is the index of an item that fails
        except FieldError as error:
            error.move_into(len(written))
            raise
        return written

    def dump(self, value: Iterable[Any], /) -> list[Any]:
        return [self._item.dump(item) for item in value]

    def load(self, data: Any, /) -> tuple[Any, ...]:
        if not isinstance(data, list | tuple):
            raise FieldError(f"is {kind_of(data)}, not a list")
        return tuple(load_each(enumerate(data), lambda _, item: self._item.load(item)).values())

    def check(self, value: Any, /) -> None:
        check_type(value, Iterable, "a list")
        load_each(enumerate(value), lambda _, item: self._item.check(item))


class ByName:
    """Converts a map from names, such as header fields."""

    def __init__(self, item: Converter) -> None:
        self._item = item

    def read(self, wire: Mapping[str, Any], /) -> dict[str, Any]:
        return {name: self._item.read(item) for name, item in wire.items()}

    def write(self, value: Mapping[str, Any], /) -> dict[str, Any]:
        written: dict[str, Any] = {}
        for name, item in value.items():
            try:
                written[name] = self._item.write(item)
            except FieldError as error:
                error.move_into(name)
                raise
        return written

    def dump(self, value: Mapping[str, Any], /) -> dict[str, Any]:
        return {name: self._item.dump(item) for name, item in value.items()}

    def load(self, data: Any, /) -> dict[str, Any]:
        return load_each(mapping(data).items(), self._load_item)

    def _load_item(self, name: Any, item: Any) -> Any:
        self._check_name(name)
        return self._item.load(item)

    def check(self, value: Any, /) -> None:
        load_each(mapping(value).items(), self._check_item)

    def _check_item(self, name: Any, item: Any) -> None:
        self._check_name(name)
        self._item.check(item)

    def _check_name(self, name: Any) -> None:
        if not isinstance(name, str):
            raise FieldError("has a name that is no string")


class CountsByReason:
    """Converts counts by reason: a list of `{reason, count}` in the contract, a dict in Python."""

    def __init__(self, reason: Converter) -> None:
        self._reason = reason

    def read(self, wire: Any, /) -> dict[Any, int]:
        counts: dict[Any, int] = {}
        for entry in wire:
            # All reasons that this client does not know count as UNRECOGNIZED.
            reason = self._reason.read(entry.reason)
            counts[reason] = counts.get(reason, 0) + entry.count
        return counts

    def write(self, value: Mapping[str, int], /) -> list[dict[str, int]]:
        return [{"reason": self._reason.write(reason), "count": count} for reason, count in value.items()]

    def dump(self, value: Mapping[StrEnum, int], /) -> dict[str, int]:
        return {str(reason): count for reason, count in value.items()}

    def load(self, data: Any, /) -> dict[Any, int]:
        counts = load_each(mapping(data).items(), lambda _, count: Integer(64).load(count))
        return {self._reason.load(reason): count for reason, count in counts.items()}

    def check(self, value: Any, /) -> None:
        load_each(mapping(value).items(), lambda _, count: Integer(64).check(count))


def check_text(data: Any) -> None:
    """Raises FieldError, with its path, for each text that has half of a character, which no message holds."""
    if isinstance(data, str) and _SURROGATE.search(data):
        raise FieldError("holds a lone surrogate, which is no text")
    if isinstance(data, Mapping):
        if any(isinstance(name, str) and _SURROGATE.search(name) for name in data):
            raise FieldError("has a key with a lone surrogate, which is no text")
        load_each(data.items(), lambda _, item: check_text(item))
    elif isinstance(data, list | tuple):
        load_each(enumerate(data), lambda _, item: check_text(item))


def mapping(data: Any) -> Mapping[Any, Any]:
    """Returns plain data that is a mapping, and raises FieldError for any other."""
    if not isinstance(data, Mapping):
        raise FieldError(f"is {kind_of(data)}, not a mapping")
    return data


def load_each(
    items: Iterable[tuple[Any, Any]], load: Callable[[Any, Any], Any], found: Iterable[FieldError] = ()
) -> dict[Any, Any]:
    """Returns what `load` makes of each item, by its name or index. Raises one FieldError for all that do not fit, and
    for the errors already `found`.
    """
    loaded: dict[Any, Any] = {}
    errors = list(found)
    for name, item in items:
        try:
            loaded[name] = load(name, item)
        except FieldError as error:
            error.move_into(name)
            errors += error.errors
    if errors:
        raise FieldError.of(errors)
    return loaded
