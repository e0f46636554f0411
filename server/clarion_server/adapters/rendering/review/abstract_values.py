"""What review knows of a value: what it may be, whether it may be missing and why, and what the template calls it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import Enum, auto
from functools import lru_cache
from typing import Any

from clarion_server.adapters.rendering.review import schema_dnf as schemas
from clarion_server.adapters.rendering.review.json_types import ALL, Kind, Kinds, Schema, keywords
from clarion_server.adapters.rendering.review.schema_dnf import ANYTHING, NOTHING, Alternatives, Conjunction
from clarion_server.adapters.rendering.structure import closest


class Symbol:
    """One variable: a name and the tag that set it. Another tag that sets the same name makes another symbol."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


Place = tuple[Any, ...]
"""A symbol and the steps from it. Equal places hold the same value, for nothing in a template changes a value."""


class Cause(Enum):
    """Why a value may be missing."""

    UNKNOWN = auto()
    """The schema knows no such name."""
    NOT_REQUIRED = auto()
    NULL = auto()
    NOT_AN_OBJECT = auto()
    NOT_A_LIST = auto()
    TOO_FEW = auto()
    """The list may have no such entry."""
    NOT_ALWAYS_SET = auto()
    ANY_KEY = auto()
    """The name is computed."""


@dataclass(frozen=True, slots=True)
class MissingReason:
    """A value may be missing: at which path, and why."""

    cause: Cause
    path: str
    suggestion: str = ""
    """The name that was probably meant, as a question."""


@dataclass(frozen=True, slots=True)
class AbstractValue:
    alternatives: Alternatives
    doubt: MissingReason | None = None
    """None: the value is there for certain, though it may be null."""
    place: Place | None = None
    """None for a computed value."""
    path: str = ""
    """How the template names it, for people."""
    key_of: Place | None = None
    """The place of the object that surely has this value as a key."""

    @property
    def kinds(self) -> Kinds:
        return frozenset[Kind]().union(*map(schemas.kinds, self.alternatives))

    @property
    def promised_kinds(self) -> Kinds:
        """Without those of values that no schema speaks of, which a template may take for what it needs."""
        promised = (c for c in self.alternatives if all(schema is not UNPROMISED for schema in c))
        return frozenset[Kind]().union(*map(schemas.kinds, promised))

    def certain(self) -> AbstractValue:
        return replace(self, doubt=None)

    def called(self, symbol: Symbol) -> AbstractValue:
        """As the value of a variable. What has a place keeps it, so that a check of one name holds for both."""
        return self if self.place is not None else replace(self, place=(symbol,), path=symbol.name)

    def narrowed(self, kinds: Kinds) -> AbstractValue:
        return self.that(_of_kinds(kinds)) if self.kinds - kinds else self

    def that(self, schema: Schema) -> AbstractValue:
        """Only those values that also pass the schema."""
        return replace(self, alternatives=schemas.both(self.alternatives, schemas.alternatives(schema)))

    def filled(self) -> AbstractValue:
        """Neither missing nor null nor empty: what counts as true."""
        return self.narrowed(ALL - {Kind.NULL}).that(_FILLED).certain()

    def is_filled(self) -> bool:
        return all(_is_filled(conjunction) for conjunction in self.alternatives)

    def member(self, name: str, path: str) -> AbstractValue:
        """`.name` or `["name"]`."""
        return self._part(
            name,
            path,
            values=lambda conjunction: schemas.member(conjunction, name),
            is_certain=lambda conjunction: schemas.requires(conjunction, name),
            doubt=lambda: self._member_doubt(name, path),
        )

    def entry(self, index: int, path: str) -> AbstractValue:
        """`[0]`, or from the end `[-1]`."""
        needed = index + 1 if index >= 0 else -index
        return self._part(
            index,
            path,
            values=lambda conjunction: schemas.entry(conjunction, index),
            is_certain=lambda conjunction: _has_entries(conjunction, needed),
            doubt=lambda: self._part_doubt(Kind.ARRAY, Cause.NOT_A_LIST, MissingReason(Cause.TOO_FEW, path)),
        )

    def at(self, key: AbstractValue, path: str) -> AbstractValue:
        """`[key]` for a computed key."""
        found = self._part(
            key.place,
            path,
            values=lambda conjunction: schemas.any_member(conjunction) + schemas.any_entry(conjunction),
            is_certain=lambda _: self.place is not None and key.key_of == self.place,
            doubt=lambda: MissingReason(Cause.ANY_KEY, path),
        )
        return found if key.place is not None else replace(found, place=None)

    def elements(self) -> AbstractValue:
        """What a loop over it gets: a list's entries, an object's keys, a text's characters."""
        entries = schemas.either(map(schemas.any_entry, self.alternatives))
        keys: Alternatives = (({"type": "string"},),) if self.kinds & {Kind.OBJECT, Kind.STRING} else NOTHING
        return AbstractValue(schemas.either([entries, keys]), key_of=self.place if not entries else None)

    def members(self) -> AbstractValue:
        """Any value of an object."""
        return AbstractValue(schemas.either(map(schemas.any_member, self.alternatives)))

    def has_length(self, count: int) -> bool:
        """Whether it is a list of that many entries, for certain."""
        return all(
            _has_entries(conjunction, count) and schemas.most_length(conjunction) <= count
            for conjunction in self.alternatives
        )

    def names(self) -> set[str]:
        return {name for conjunction in self.alternatives for name in schemas.names(conjunction)}

    def _part(
        self,
        step: object,
        path: str,
        values: Callable[[Conjunction], Alternatives],
        is_certain: Callable[[Conjunction], bool],
        doubt: Callable[[], MissingReason],
    ) -> AbstractValue:
        is_sure = all(map(is_certain, self.alternatives))
        return AbstractValue(
            schemas.either(map(values, self.alternatives)),
            doubt=self.doubt or (None if is_sure else doubt()),
            place=None if self.place is None else (*self.place, step),
            path=path,
        )

    def _member_doubt(self, name: str, path: str) -> MissingReason:
        if not any(schemas.knows(conjunction, name) for conjunction in self.alternatives):
            return MissingReason(Cause.UNKNOWN, path, closest(name, self.names()))
        return self._part_doubt(Kind.OBJECT, Cause.NOT_AN_OBJECT, MissingReason(Cause.NOT_REQUIRED, path))

    def _part_doubt(self, kind: Kind, otherwise: Cause, doubt: MissingReason) -> MissingReason:
        if self.kinds == {kind}:
            return doubt
        return MissingReason(Cause.NULL if self.kinds == {kind, Kind.NULL} else otherwise, self.path)


#: Schemas of our own are made once, so that a value that passed one twice is known by it once.
_FILLED: Schema = {"minItems": 1, "minProperties": 1, "minLength": 1}


@lru_cache(maxsize=128)
def _of_kinds(kinds: Kinds) -> Schema:
    return {"type": keywords(kinds)}


#: The schema of a profile's attributes, and of whatever is in them: they may be missing or null, and be of any type.
UNPROMISED: dict[str, Any] = {"x-unpromised": True}
UNPROMISED["additionalProperties"] = UNPROMISED["items"] = UNPROMISED


def _is_filled(conjunction: Conjunction) -> bool:
    """Whether a list has entries for certain."""
    return schemas.kinds(conjunction) == {Kind.ARRAY} and schemas.least_length(conjunction) > 0


def _has_entries(conjunction: Conjunction, needed: int) -> bool:
    return schemas.kinds(conjunction) == {Kind.ARRAY} and schemas.least_length(conjunction) >= needed


def shape_of(schema: Any) -> AbstractValue:
    return AbstractValue(schemas.alternatives(schema))


def list_of(element: AbstractValue, *, least: int = 0) -> AbstractValue:
    return shape_of({"type": "array", "items": schema_of(element), "minItems": least})


def pairs_of(first: AbstractValue, second: AbstractValue) -> AbstractValue:
    pair = {"type": "array", "prefixItems": [schema_of(first), schema_of(second)], "minItems": 2, "maxItems": 2}
    return shape_of({"type": "array", "items": pair})


def any_of(shapes: Iterable[AbstractValue]) -> AbstractValue:
    """One of several, as at the end of branches. Doubtful when one of them is."""
    several = list(shapes)
    doubts = [shape.doubt for shape in several if shape.doubt is not None]
    unknown = next((doubt for doubt in doubts if doubt.cause is Cause.UNKNOWN), None)
    return AbstractValue(schemas.either(shape.alternatives for shape in several), unknown or next(iter(doubts), None))


def schema_of(shape: AbstractValue) -> Schema | bool:
    """The way back, for shapes inside shapes."""
    if not shape.alternatives:
        return False
    return {"anyOf": [{"allOf": list(conjunction)} for conjunction in shape.alternatives]}


ANY = AbstractValue(ANYTHING)
NEVER = AbstractValue(NOTHING)
"""What was complained of already: no use of it is worth another word."""
TEXT = shape_of({"type": "string"})
NUMBER = shape_of({"type": "number"})
BOOLEAN = shape_of({"type": "boolean"})
