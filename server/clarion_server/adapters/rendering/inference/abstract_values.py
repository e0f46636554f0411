"""Abstract values: what review knows of a value without data.

An abstract value says what the value may be, whether it may be missing and why, and how the template names it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from clarion_server.adapters.rendering.inference import schema_dnf as dnf
from clarion_server.adapters.rendering.inference.json_types import (
    ARRAYS,
    NOT_NULL,
    OBJECTS,
    STRINGS,
    JsonType,
    JsonTypes,
    Schema,
    keywords,
)
from clarion_server.adapters.rendering.inference.missing import Cause, MissingReason
from clarion_server.adapters.rendering.inference.schema_dnf import ANYTHING, NOTHING, Alternatives, Conjunction
from clarion_server.adapters.rendering.templates.structure import closest


class Symbol:
    """One variable: a name and the tag that set it. Another tag that sets the same name makes another symbol."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


#: Is a symbol and the steps from it. Equal access paths lead to the same value, for no template changes a value.
AccessPath = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class AbstractValue:
    alternatives: Alternatives
    missing: MissingReason | None = None
    """Is None when the value is certainly present, though it may be null."""
    access_path: AccessPath | None = None
    """Is None for a computed value."""
    path: str = ""
    """Is the path by which the template names the value, for people."""
    key_of: AccessPath | None = None
    """Is the access path of an object that certainly has this value as a key."""

    @property
    def types(self) -> JsonTypes:
        return frozenset[JsonType]().union(*map(dnf.types, self.alternatives))

    @property
    def promised_types(self) -> JsonTypes:
        """Returns the types without those of values that no schema describes, which a template may take for what it
        needs.
        """
        promised = (each for each in self.alternatives if all(schema is not UNPROMISED for schema in each))
        return frozenset[JsonType]().union(*map(dnf.types, promised))

    def assume_present(self) -> AbstractValue:
        return replace(self, missing=None)

    def assume_filled(self) -> AbstractValue:
        """Returns the value where it counts as true: it is neither missing nor null nor empty."""
        return self.narrow(NOT_NULL).restrict(_FILLED).assume_present()

    def name_after(self, symbol: Symbol) -> AbstractValue:
        """Returns the value of a variable. An access path stays, so that a check of one name holds for both."""
        return self if self.access_path is not None else replace(self, access_path=(symbol,), path=symbol.name)

    def narrow(self, types: JsonTypes) -> AbstractValue:
        """Returns the value where it is of one of the types."""
        return self.restrict(_schema_of_types(types)) if self.types - types else self

    def restrict(self, schema: Schema) -> AbstractValue:
        """Returns the value where it also passes the schema."""
        return replace(self, alternatives=dnf.both(self.alternatives, dnf.alternatives(schema)))

    def is_filled(self) -> bool:
        """Returns whether the value certainly is a list with entries."""
        return all(_has_entries(each, 1) for each in self.alternatives)

    def has_length(self, count: int) -> bool:
        """Returns whether the value certainly is a list of that many entries."""
        return all(_has_entries(each, count) and dnf.most_length(each) <= count for each in self.alternatives)

    def member(self, name: str, path: str) -> AbstractValue:
        """Returns the value of `.name` or `["name"]`."""
        return self._part(
            name,
            path,
            values=lambda conjunction: dnf.member(conjunction, name),
            is_certain=lambda conjunction: dnf.requires(conjunction, name),
            reason=lambda: self._member_reason(name, path),
        )

    def entry(self, index: int, path: str) -> AbstractValue:
        """Returns the value of `[0]`, or from the end `[-1]`."""
        needed = index + 1 if index >= 0 else -index
        return self._part(
            index,
            path,
            values=lambda conjunction: dnf.entry(conjunction, index),
            is_certain=lambda conjunction: _has_entries(conjunction, needed),
            reason=lambda: self._part_reason(ARRAYS, Cause.NOT_A_LIST, MissingReason(Cause.TOO_FEW, path)),
        )

    def at(self, key: AbstractValue, path: str) -> AbstractValue:
        """Returns the value of `[key]` for a computed key."""
        found = self._part(
            key.access_path,
            path,
            values=lambda conjunction: dnf.any_member(conjunction) + dnf.any_entry(conjunction),
            is_certain=lambda _: self.access_path is not None and key.key_of == self.access_path,
            reason=lambda: MissingReason(Cause.ANY_KEY, path),
        )
        return found if key.access_path is not None else replace(found, access_path=None)

    def elements(self) -> AbstractValue:
        """Returns what a loop gets: a list's entries, an object's keys, a text's characters."""
        entries = dnf.either(map(dnf.any_entry, self.alternatives))
        keys = TEXT.alternatives if self.types & (OBJECTS | STRINGS) else NOTHING
        return AbstractValue(dnf.either([entries, keys]), key_of=None if entries else self.access_path)

    def members(self) -> AbstractValue:
        """Returns any value of an object."""
        return AbstractValue(dnf.either(map(dnf.any_member, self.alternatives)))

    def _part(
        self,
        step: object,
        path: str,
        values: Callable[[Conjunction], Alternatives],
        is_certain: Callable[[Conjunction], bool],
        reason: Callable[[], MissingReason],
    ) -> AbstractValue:
        may_be_missing = not all(map(is_certain, self.alternatives))
        return AbstractValue(
            dnf.either(map(values, self.alternatives)),
            missing=self.missing or (reason() if may_be_missing else None),
            access_path=None if self.access_path is None else (*self.access_path, step),
            path=path,
        )

    def _member_reason(self, name: str, path: str) -> MissingReason:
        if not any(dnf.mentions(conjunction, name) for conjunction in self.alternatives):
            names = {each for conjunction in self.alternatives for each in dnf.member_names(conjunction)}
            return MissingReason(Cause.UNKNOWN, path, closest(name, names))
        return self._part_reason(OBJECTS, Cause.NOT_AN_OBJECT, MissingReason(Cause.NOT_REQUIRED, path))

    def _part_reason(self, holders: JsonTypes, otherwise: Cause, reason: MissingReason) -> MissingReason:
        """Returns `reason` when the value is of the types that have such parts; else why its parts may be missing."""
        if self.types == holders:
            return reason
        return MissingReason(Cause.NULL if self.types == holders | {JsonType.NULL} else otherwise, self.path)


#: Our own schemas are made once, so that a value that is restricted by one twice does not hold it twice.
_FILLED: Schema = {"minItems": 1, "minProperties": 1, "minLength": 1}


@lru_cache(maxsize=128)
def _schema_of_types(types: JsonTypes) -> Schema:
    return {"type": keywords(types)}


#: Is the schema of a profile's attributes, and of whatever is in them: they may be missing or null, and be of any type.
UNPROMISED: dict[str, Any] = {"x-unpromised": True}
UNPROMISED["additionalProperties"] = UNPROMISED["items"] = UNPROMISED


def _has_entries(conjunction: Conjunction, needed: int) -> bool:
    return dnf.types(conjunction) == ARRAYS and dnf.least_length(conjunction) >= needed


def value_of_schema(schema: Any) -> AbstractValue:
    return AbstractValue(dnf.alternatives(schema))


def schema_of_value(value: AbstractValue) -> Schema | bool:
    """Returns a schema for values inside values; it does not say whether the value may be missing."""
    if not value.alternatives:
        return False
    return {"anyOf": [{"allOf": list(conjunction)} for conjunction in value.alternatives]}


def list_of(element: AbstractValue, *, least: int = 0) -> AbstractValue:
    return value_of_schema({"type": "array", "items": schema_of_value(element), "minItems": least})


def pairs_of(first: AbstractValue, second: AbstractValue) -> AbstractValue:
    parts = [schema_of_value(first), schema_of_value(second)]
    pair = {"type": "array", "prefixItems": parts, "minItems": len(parts), "maxItems": len(parts)}
    return value_of_schema({"type": "array", "items": pair})


def any_of(values: Iterable[AbstractValue]) -> AbstractValue:
    """Returns one of several values, as behind branches. It may be missing when one of them may be."""
    several = list(values)
    reasons = [value.missing for value in several if value.missing is not None]
    unknown = next((reason for reason in reasons if reason.cause is Cause.UNKNOWN), None)
    return AbstractValue(dnf.either(value.alternatives for value in several), unknown or next(iter(reasons), None))


ANY = AbstractValue(ANYTHING)
#: Is a value that has had its finding, so that no further use of it gets another one.
NEVER = AbstractValue(NOTHING)
TEXT = value_of_schema({"type": "string"})
NUMBER = value_of_schema({"type": "number"})
BOOLEAN = value_of_schema({"type": "boolean"})
