"""The types of a context, as its JSON Schema says them: what the languages are written from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Scalar(StrEnum):
    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    NULL = "null"


class Any(StrEnum):
    """Is any JSON value."""

    JSON = "json"


@dataclass(frozen=True, slots=True)
class Literals:
    values: tuple[str | int | float | bool | None, ...]


@dataclass(frozen=True, slots=True)
class ListOf:
    item: Type


@dataclass(frozen=True, slots=True)
class MapOf:
    """Is an object whose names are free."""

    value: Type


@dataclass(frozen=True, slots=True)
class Named:
    """Is a reference to an object type by its name."""

    name: str


@dataclass(frozen=True, slots=True)
class Union:
    members: tuple[Type, ...]


Type = Scalar | Any | Literals | ListOf | MapOf | Named | Union


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    """Is as it is on the wire."""
    type: Type
    required: bool


@dataclass(frozen=True, slots=True)
class ObjectType:
    name: str
    fields: tuple[Field, ...]
    """Those that are required come first, in the order in which the schema requires them; the others by their names."""
    path: str
    """Says where it is in the context, such as `context.order`."""


@dataclass(frozen=True, slots=True)
class Contract:
    """Is what a generated module is about."""

    campaign: str
    """Is an id such as `order-confirmed`."""
    version: int
    schema_hash: str
    objects: tuple[ObjectType, ...]
    """Those that others refer to come first; the context itself comes last."""

    @property
    def context(self) -> ObjectType:
        return self.objects[-1]
