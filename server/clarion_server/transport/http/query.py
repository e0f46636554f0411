"""Reads query parameters into fields of a request: `a.b=1` for a nested field, repeated for a repeated one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import parse_qsl

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from clarion_server.domain.violation import Violation
from clarion_server.transport.http.json_data import Violations
from clarion_server.transport.http.json_reading import names_of, reader_of, unknown

Path = tuple[str, ...]

_MAX_PARAMETERS: Final = 1_000


def read_query(message: Any, query: bytes, taken: frozenset[Path], violations: Violations) -> None:
    """`taken`: the fields that come from elsewhere, together with everything below them."""
    seen: set[Path] = set()
    for name, value in _parameters(query, violations):
        path = _path(message.DESCRIPTOR, name)
        if path is None or any(path[: len(other)] == other for other in taken):
            violations.append(unknown(name, _others(message.DESCRIPTOR, taken)))
        elif path in seen and not _field(message.DESCRIPTOR, path).is_repeated:
            violations.append(Violation(".".join(path), "DUPLICATE", "Must be given once."))
        else:
            seen.add(path)
            put_text(message, path, value, violations)


def _others(message: Descriptor, taken: frozenset[Path]) -> str:
    """Returns the names of the fields that no other part of the request sets."""
    return names_of(field for field in message.fields if (field.name,) not in taken)


def put_text(message: Any, path: Path, text: str, violations: Violations) -> None:
    """Sets the field, or adds to it where it is repeated."""
    field = _field(message.DESCRIPTOR, path)
    for name in path[:-1]:
        message = getattr(message, name)
    if field.message_type is not None and field.message_type.full_name == "google.protobuf.FieldMask":
        mask = getattr(message, field.name)
        mask.SetInParent()
        mask.paths.extend(map(_mask_path, text.split(",") if text else ()))
        return
    found: Violations = []
    reader_of(message.DESCRIPTOR).fields[field.name].put(message, _json_value(field, text), found)
    violations += [each.under(".".join(path)) for each in found]


def _json_value(field: FieldDescriptor, text: str) -> Any:
    if field.type == FieldDescriptor.TYPE_BOOL:
        return {"true": True, "false": False}.get(text, text)
    return text


def _mask_path(path: str) -> str:
    """Returns the path with the contract's name of its field, which may be written in lowerCamelCase.

    What follows the field may be a name that callers chose, such as `attributes.firstName`, and stays as it is written.
    """
    name, dot, rest = path.strip().partition(".")
    return re.sub("(?<=.)([A-Z])", lambda found: f"_{found[1].lower()}", name) + dot + rest


def _parameters(query: bytes, violations: Violations) -> Iterable[tuple[str, str]]:
    try:
        return parse_qsl(query.decode("ascii"), keep_blank_values=True, max_num_fields=_MAX_PARAMETERS, errors="strict")
    except UnicodeError:
        violations.append(Violation("", "MALFORMED", "The query must be percent-encoded UTF-8."))
    except ValueError:
        violations.append(Violation("", "TOO_MANY", f"The query may have at most {_MAX_PARAMETERS:,} parameters."))
    return ()


def _path(message: Descriptor, name: str) -> Path | None:
    """Returns the contract's names on the way to the field; None when there is no such field."""
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


def _field(message: Descriptor, path: Path) -> FieldDescriptor:
    for name in path[:-1]:
        inner = message.fields_by_name[name].message_type
        assert inner is not None, "only messages have fields"
        message = inner
    return message.fields_by_name[path[-1]]
