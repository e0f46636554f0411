"""Reads JSON text strictly: RFC 8259 for the syntax, RFC 7493 (I-JSON) for names and numbers.

orjson would be faster, but it neither reports names that occur twice nor keeps whole numbers beyond 64 bits.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final, NoReturn

import orjson

from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.violation import Violation, malformed, too_many
from clarion_server.transport.api.convert.structs import MAX_WHOLE

#: From here on doubles skip whole numbers, so that a number may have been rounded.
_ROUNDED: Final = float(MAX_WHOLE)


class DuplicateNames(dict[str, Any]):
    """Is a JSON object in which names occur more than once. It has their last values."""

    def __init__(self, members: list[tuple[str, Any]]) -> None:
        super().__init__(members)
        counts = Counter(name for name, _ in members)
        self.names = [name for name, count in counts.items() if count > 1]


#: A body has at most this many values (members, entries, objects and lists). Reading more takes too much processor
#: time.
MAX_VALUES: Final = 100_000
#: A body with more values, or bytes, is large: to read and to convert it may take 10 ms.
_LARGE_VALUES, _LARGE_BYTES = 5_000, 256 * 1024
#: Is a string, also without its end, or what precedes a value.
_TOKEN: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?|([,{\[])', re.DOTALL)


def read_json(body: bytes) -> Any:
    """Raises InvalidFields.

    Objects with duplicate names become DuplicateNames, which `first_violations` and `MessageReader` refuse with their
    paths. A whole number is an `int`, also when it is written with a fraction of zeros.
    """
    if _has_too_many_values(body):
        raise InvalidFields((too_many("", MAX_VALUES),))
    try:
        value = _DECODER.decode(body.decode())
    except RecursionError:
        raise InvalidFields((Violation("", "TOO_DEEP", "The body is nested too deeply."),)) from None
    except UnicodeDecodeError as error:
        raise InvalidFields((_malformed("it is not UTF-8", *_position(body[: error.start].decode())),)) from None
    except ValueError:
        found = _syntax_error(body) or malformed("", "The body has a number with too many digits.")
        raise InvalidFields((found,)) from None
    # Python reads escapes of lone surrogates, which JSON does not have.
    if b"\\u" in body and (lone_surrogate := _syntax_error(body)):
        raise InvalidFields((lone_surrogate,))
    return value


def is_large(body: bytes) -> bool:
    """Returns whether reading the body would hold up other callers."""
    return len(body) > _LARGE_BYTES or (len(body) > _LARGE_VALUES and _most_values(body) > _LARGE_VALUES)


def _most_values(body: bytes) -> int:
    """Returns at least the number of values: strings may contain commas and brackets too."""
    return body.count(b",") + body.count(b"{") + body.count(b"[")


def _has_too_many_values(body: bytes) -> bool:
    """Counts before anything is made of the values."""
    if _most_values(body) <= MAX_VALUES:
        return False
    values = (token for token in _TOKEN.finditer(body) if token.lastindex)
    return sum(1 for _ in islice(values, MAX_VALUES + 1)) > MAX_VALUES


def _syntax_error(body: bytes) -> Violation | None:
    """Returns the error in the words of orjson, which explain more than Python's and repeat nothing of the body."""
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError as error:
        return _malformed(error.msg, error.lineno, error.colno)
    return None


def _malformed(what: str, line: int, column: int) -> Violation:
    return malformed("", f"The body must be JSON (RFC 8259): {what}, at line {line}, column {column}.")


def _position(before: str) -> tuple[int, int]:
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(members)
    return read if len(read) == len(members) else DuplicateNames(members)


def _real(text: str) -> int | float:
    number = float(text)
    if not number.is_integer():
        return number
    if -_ROUNDED < number < _ROUNDED:
        return int(number)
    # A number with an exponent is meant to be approximate.
    return number if "e" in text or "E" in text else int(text.partition(".")[0])


def _no_constant(_name: str) -> NoReturn:
    """Refuses NaN and Infinity, which Python reads and JSON does not have."""
    raise ValueError


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_object, parse_float=_real, parse_constant=_no_constant)


def duplicates(value: dict[str, Any]) -> Iterator[Violation]:
    if isinstance(value, DuplicateNames):
        yield from (Violation(name, "DUPLICATE", "Must be given once.") for name in value.names)
