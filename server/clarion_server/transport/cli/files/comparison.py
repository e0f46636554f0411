"""Compares what a file says with what is stored, for a key that may read a resource and not change it.

A key that may change it asks the service what it would store, which fills in what the file leaves out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from clarion_client import PermissionDeniedError
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from clarion_server.transport.cli.failures import Problem
from clarion_server.transport.cli.files.contract_fields import (
    is_output_only,
    is_reference,
    is_required,
    is_secret,
    message_of,
)
from clarion_server.transport.cli.files.resources import Resource
from clarion_server.transport.cli.files.source_location import Problems


@dataclass(frozen=True, slots=True)
class Comparison:
    """Holds paths such as `smtp.host`."""

    #: What the file says otherwise than it is stored.
    different: tuple[str, ...]
    #: What is stored and the file leaves out. Nobody can see whether it is the default, to which it would return.
    left_out: tuple[str, ...]


def compare(said: Mapping[str, Any], stored: Mapping[str, Any], message: Descriptor) -> Comparison:
    """Compares two resources in the form of `ResourceType.authored`. A secret is taken for the one that is stored."""
    found = list(_compared("", said, stored, message))
    different = tuple(path for path, is_different in found if is_different)
    return Comparison(different, tuple(path for path, is_different in found if not is_different))


class ChangeDenied(Exception):
    """The key may not make what a file says of a resource."""

    def __init__(self, error: PermissionDeniedError, problems: list[Problem]) -> None:
        super().__init__(error.message)
        self.error = error
        self.problems = problems


def denied_change(
    resource: Resource[Any], error: PermissionDeniedError, paths: Iterable[str], text: str
) -> ChangeDenied:
    """`text` has the place `{}` for the keys that may do it."""
    problems = Problems(resource.locations)
    for path in paths:
        problems.add(path or resource.type.keyword, text.format(_scopes_for(error)))
    return ChangeDenied(error, problems.all())


def _scopes_for(denied: PermissionDeniedError) -> str:
    """Returns what to say about the keys that may do it."""
    scopes = denied.metadata.get("needed_scopes", "")
    return f"a key with {'one of the scopes' if ',' in scopes else 'the scope'} {scopes.replace(',', ', ')}"


def _compared(
    path: str, said: Mapping[str, Any], stored: Mapping[str, Any], message: Descriptor
) -> Iterator[tuple[str, bool]]:
    """Yields the paths that are not the same, and whether they differ for certain."""
    for field in message.fields:
        inner = f"{path}.{field.name}" if path else field.name
        if is_secret(field):
            # The service tells that there is one, and not which.
            if field.name in said and not stored.get(f"{field.name}_set"):
                yield inner, True
        elif field.name in said:
            yield from _compared_value(inner, said[field.name], stored.get(field.name), field)
        elif field.name in stored and not is_output_only(field):
            # What is true is not so by default.
            yield inner, is_required(field) or stored[field.name] is True


def _compared_value(path: str, said: Any, stored: Any, field: FieldDescriptor) -> Iterable[tuple[str, bool]]:
    message = message_of(field)
    if message is not None and isinstance(said, dict) and isinstance(stored, dict):
        return _compared(path, said, stored, message)
    if message is not None and isinstance(said, list) and isinstance(stored, list) and len(said) == len(stored):
        pairs = enumerate(zip(said, stored, strict=True))
        return [each for index, (one, other) in pairs for each in _compared(f"{path}[{index}]", one, other, message)]
    if is_reference(field):
        said, stored = _ids(said), _ids(stored)
    return [] if said == stored else [(path, True)]


def _ids(names: Any) -> Any:
    """Returns names without their collection, which the service adds."""
    if isinstance(names, list):
        return list(map(_ids, names))
    return names.rpartition("/")[2] if isinstance(names, str) else names
