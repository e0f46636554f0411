"""Maps resources to rows by the names of their fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from enum import StrEnum
from types import NoneType
from typing import Any, Generic, TypeVar, get_args, get_type_hints

from sqlalchemy import Row

from clarion_server.adapters.storage.rows.codec import JsonCodec
from clarion_server.domain.resource import ArchivableResource, Resource

R = TypeVar("R", bound=Resource)

_COMMON = {each.name for each in fields(ArchivableResource)}


class FieldRows(Generic[R]):
    """Holds the columns of a kind of resources, apart from those that all kinds have.

    A text, a number and a flag are stored as they are, a member of an enumeration by its name, and everything else as
    JSON. None is NULL.
    """

    def __init__(self, kind: type[R]) -> None:
        self._kind = kind
        hints = get_type_hints(kind)
        types = {each.name: _type_of(hints[each.name]) for each in fields(kind) if each.name not in _COMMON}
        self._names = tuple(types)
        self.codecs = {name: JsonCodec[Any](type_) for name, type_ in types.items() if not _is_plain(type_)}
        members = {name: type_ for name, type_ in types.items() if _is_plain(type_) and issubclass(type_, StrEnum)}
        self._decoders: list[tuple[str, Callable[[Any], Any]]] = [
            *((name, codec.decode) for name, codec in self.codecs.items()),
            *members.items(),
        ]

    def to_row(self, resource: R) -> dict[str, Any]:
        row = {name: getattr(resource, name) for name in self._names}
        return {**row, **{name: codec.encode(row[name]) for name, codec in self.codecs.items()}}

    def from_row(self, row: Row[Any], common: Mapping[str, Any]) -> R:
        own = {name: getattr(row, name) for name in self._names}
        for name, decode in self._decoders:
            if own[name] is not None:
                own[name] = decode(own[name])
        return self._kind(**common, **own)


def _type_of(hint: Any) -> Any:
    """Returns the type of a field, without the None that it may be instead."""
    wanted = [each for each in get_args(hint) if each is not NoneType]
    return wanted[0] if NoneType in get_args(hint) else hint


def _is_plain(type_: Any) -> bool:
    return isinstance(type_, type) and issubclass(type_, str | int | float)
