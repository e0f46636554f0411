"""Query parameters as fields of a request: `a.b=1` for a nested one, repeated for a repeated one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import parse_qsl

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from clarion_server.domain.violation import Violation
from clarion_server.transport.http.json_reading import Flaws, unknown
from clarion_server.transport.http.scalars import Flaw, text_converter
from clarion_server.transport.http.well_known import text_filler

Path = tuple[str, ...]

_MAX_PARAMETERS: Final = 1_000


def read_query(message: Any, query: bytes, taken: frozenset[Path], flaws: Flaws) -> None:
    """`taken`: the fields that come from elsewhere, and with them all that they hold."""
    seen: set[Path] = set()
    for name, value in _parameters(query, flaws):
        path = _path(message.DESCRIPTOR, name)
        if path is None or any(path[: len(other)] == other for other in taken):
            flaws.append(unknown(name))
        else:
            _put(message, path, value, seen, flaws)


def put_text(message: Any, path: Path, value: str, flaws: Flaws) -> None:
    """Sets the field, or appends to it where it is repeated."""
    for name in path[:-1]:
        message = getattr(message, name)
    field = message.DESCRIPTOR.fields_by_name[path[-1]]
    try:
        _put_value(message, field, value)
    except Flaw as flaw:
        flaws.append(Violation(".".join(path), flaw.reason, flaw.description))


def _parameters(query: bytes, flaws: Flaws) -> Iterable[tuple[str, str]]:
    try:
        return parse_qsl(query.decode("ascii"), keep_blank_values=True, max_num_fields=_MAX_PARAMETERS, errors="strict")
    except UnicodeError:
        flaws.append(Violation("", "MALFORMED", "The query must be percent-encoded UTF-8."))
    except ValueError:
        flaws.append(Violation("", "TOO_MANY", f"The query may have at most {_MAX_PARAMETERS:,} parameters."))
    return ()


def _path(message: Descriptor, name: str) -> Path | None:
    """The names of the contract on the way to the field; None when there is none."""
    path: list[str] = []
    found: Descriptor | None = message
    field: FieldDescriptor | None = None
    for part in name.split("."):
        if found is None or (field is not None and field.is_repeated):
            return None
        field = found.fields_by_name.get(part) or found.fields_by_camelcase_name.get(part)
        if field is None:
            return None
        path.append(field.name)
        found = field.message_type
    return tuple(path)


def _put(message: Any, path: Path, value: str, seen: set[Path], flaws: Flaws) -> None:
    if path in seen and not _is_repeated(message, path):
        flaws.append(Violation(".".join(path), "DUPLICATE", "Must be given once."))
        return
    seen.add(path)
    put_text(message, path, value, flaws)


def _is_repeated(message: Any, path: Path) -> bool:
    for name in path[:-1]:
        message = getattr(message, name)
    return bool(message.DESCRIPTOR.fields_by_name[path[-1]].is_repeated)


def _put_value(message: Any, field: FieldDescriptor, value: str) -> None:
    if field.message_type is None:
        converted = text_converter(field)(value)
        if field.is_repeated:
            getattr(message, field.name).append(converted)
        else:
            setattr(message, field.name, converted)
        return
    fill = None if field.is_repeated else text_filler(field.message_type)
    if fill is None:
        raise Flaw("WRONG_TYPE", "Cannot be a query parameter.")
    inner = getattr(message, field.name)
    inner.SetInParent()
    fill(inner, value)
