"""The knowledge of review at one point of a template: the variables, and the facts that conditions have established."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from clarion_server.adapters.rendering.inference.abstract_values import AbstractValue, AccessPath, Symbol, any_of
from clarion_server.adapters.rendering.inference.effort import spend
from clarion_server.adapters.rendering.inference.json_types import ALL, NOT_NULL, OBJECTS, SEQUENCES, SIZED, JsonTypes
from clarion_server.adapters.rendering.inference.missing import Cause, MissingReason


@dataclass(frozen=True, slots=True)
class Fact:
    """A value is present and of certain types, and perhaps filled: neither null nor empty."""

    types: JsonTypes = ALL
    is_filled: bool = False

    def apply(self, value: AbstractValue) -> AbstractValue:
        present = value.narrow(self.types).assume_present()
        return present.assume_filled() if self.is_filled else present

    def and_(self, other: Fact) -> Fact:
        return Fact(self.types & other.types, self.is_filled or other.is_filled)

    def or_(self, other: Fact) -> Fact:
        return Fact(self.types | other.types, self.is_filled and other.is_filled)


IS_PRESENT = Fact()
IS_NOT_NULL = Fact(NOT_NULL)
IS_FILLED = Fact(NOT_NULL, is_filled=True)

_ENTRIES_COPIED_PER_STEP = 20

#: Holds the types of values that have a part of that name or number.
_HOLDERS: Mapping[type, JsonTypes] = {str: OBJECTS, int: SEQUENCES}


@dataclass(frozen=True, slots=True)
class Scope:
    """Never changes: each branch continues with a scope of its own, and they are joined behind it."""

    variables: Mapping[str, AbstractValue]
    facts: Mapping[AccessPath, Fact] = field(default_factory=dict)

    def with_variable(self, name: str, value: AbstractValue) -> Scope:
        spend(len(self.variables) // _ENTRIES_COPIED_PER_STEP)
        return replace(self, variables={**self.variables, name: value.name_after(Symbol(name))})

    def with_fact(self, path: AccessPath | None, fact: Fact) -> Scope:
        """Adds a fact about a value, and so about what holds it: a coupon's code is present only when the coupon is."""
        if path is None:
            return self
        spend(len(self.facts) // _ENTRIES_COPIED_PER_STEP + len(path))
        facts = dict(self.facts)
        for length in range(1, len(path)):
            holder = Fact(_HOLDERS.get(type(path[length]), SIZED))
            facts[path[:length]] = facts.get(path[:length], holder).and_(holder)
        facts[path] = facts.get(path, IS_PRESENT).and_(fact)
        return replace(self, facts=facts)

    def refine(self, value: AbstractValue) -> AbstractValue:
        """Returns the value with what is known of it here."""
        fact = self.facts.get(value.access_path) if value.access_path is not None else None
        return value if fact is None else fact.apply(value)


def join_scopes(scopes: Iterable[Scope]) -> Scope:
    """Returns what is known whichever of the branches was taken."""
    first, *others = scopes
    result = first
    for scope in others:
        spend(len(result.variables) + len(scope.variables) + len(result.facts))
        result = Scope(_joined_variables(result, scope), _joined_facts(result, scope))
    return result


def _joined_variables(left: Scope, right: Scope) -> dict[str, AbstractValue]:
    names = {**left.variables, **right.variables}
    return {name: _joined_variable(name, left.variables.get(name), right.variables.get(name)) for name in names}


def _joined_variable(name: str, left: AbstractValue | None, right: AbstractValue | None) -> AbstractValue:
    if left is right and left is not None:
        return left
    if left is None or right is None:
        only = left or right
        assert only is not None
        return replace(only, missing=MissingReason(Cause.NOT_ALWAYS_SET, name), access_path=(Symbol(name),), path=name)
    return any_of([left, right]).name_after(Symbol(name))


def _joined_facts(left: Scope, right: Scope) -> dict[AccessPath, Fact]:
    return {path: fact.or_(right.facts[path]) for path, fact in left.facts.items() if path in right.facts}
