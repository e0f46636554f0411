"""Reads JSON data that the contract leaves to the caller (context, profile, schemas) into google.protobuf.Struct.

A Struct has only doubles. A number that a double would round is refused, never rounded.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from google.protobuf.struct_pb2 import ListValue, Struct, Value

from clarion_server.domain.violation import Violation
from clarion_server.transport.api.convert.structs import MAX_DEPTH, MAX_WHOLE
from clarion_server.transport.http.json_text import duplicates

Violations = list[Violation]

#: At most this many violations are collected: more would take long and only fill the answer.
MAX_VIOLATIONS: Final = 1_000


def read_struct(struct: Struct, value: Any, violations: Violations) -> None:
    if not isinstance(value, dict):
        violations.append(Violation("", "WRONG_TYPE", "Must be an object."))
        return
    try:
        _fill_struct(struct, value, MAX_DEPTH)
    except _NotExact:
        violations += first_violations(value)


def first_violations(value: Any, depth: int = MAX_DEPTH) -> Violations:
    """Finds what would not be kept as it was sent, by paths within the value. `depth`: the levels that are allowed."""
    return list(islice(_data_violations(value, depth), MAX_VIOLATIONS))


def _data_violations(value: Any, depth: int) -> Iterator[Violation]:
    match value:
        case dict() | list() if not depth:
            yield Violation("", "TOO_DEEP", f"Must be nested at most {MAX_DEPTH} levels deep.")
        case dict():
            yield from duplicates(value)
            for name, member in value.items():
                yield from (violation.under(name) for violation in _data_violations(member, depth - 1))
        case list():
            for index, entry in enumerate(value):
                yield from (violation.under(f"[{index}]") for violation in _data_violations(entry, depth - 1))
        case int() | float() if not is_exact(value):
            yield Violation("", "INEXACT", "Must be a number that a double holds exactly; send it as a string.")


def is_exact(number: float) -> bool:
    """Returns whether a double holds the number: false for large whole numbers that it would round, and infinities."""
    try:
        return int(float(number)) == number if isinstance(number, int) else math.isfinite(number)
    except OverflowError:
        return False


class _NotExact(Exception):
    """The data would change on the way into a Struct: see `first_violations`."""


def _fill_struct(struct: Struct, value: dict[str, Any], depth: int) -> None:
    """Raises _NotExact. `depth`: the levels that are left."""
    if type(value) is not dict or not depth:
        raise _NotExact
    fields = struct.fields
    for name, member in value.items():
        if type(member) is str:
            fields[name].string_value = member
        else:
            _fill_value(fields[name], member, depth - 1)


def _fill_value(target: Value, value: Any, depth: int) -> None:
    kind = type(value)
    if kind is str:
        target.string_value = value
    elif kind is bool:
        target.bool_value = value
    elif kind is int or kind is float:
        if not (-MAX_WHOLE <= value <= MAX_WHOLE or is_exact(value)):
            raise _NotExact
        target.number_value = value
    elif value is None:
        target.null_value = 0  # type: ignore[assignment] # NULL_VALUE, the only one
    elif kind is list:
        target.list_value.SetInParent()
        _fill_list(target.list_value, value, depth)
    else:
        target.struct_value.SetInParent()
        _fill_struct(target.struct_value, value, depth)


def _fill_list(entries: ListValue, value: list[Any], depth: int) -> None:
    if not depth:
        raise _NotExact
    add = entries.values.add
    for entry in value:
        _fill_value(add(), entry, depth - 1)
