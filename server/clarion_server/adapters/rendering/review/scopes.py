"""What is known at one point of a template: its variables, and what the conditions around it have made sure of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from clarion_server.adapters.rendering.review.abstract_values import (
    AbstractValue,
    Cause,
    MissingReason,
    Place,
    Symbol,
    any_of,
)
from clarion_server.adapters.rendering.review.effort import spend
from clarion_server.adapters.rendering.review.json_types import ALL, SIZED, Kind, Kinds


@dataclass(frozen=True, slots=True)
class Fact:
    """That a value is there, of certain kinds, and perhaps filled: neither null nor empty."""

    kinds: Kinds = ALL
    is_filled: bool = False

    def applied(self, shape: AbstractValue) -> AbstractValue:
        present = shape.narrowed(self.kinds).certain()
        return present.filled() if self.is_filled else present

    def and_(self, other: Fact) -> Fact:
        return Fact(self.kinds & other.kinds, self.is_filled or other.is_filled)

    def or_(self, other: Fact) -> Fact:
        return Fact(self.kinds | other.kinds, self.is_filled and other.is_filled)


PRESENT = Fact()
NOT_NULL = Fact(ALL - {Kind.NULL})
FILLED = Fact(ALL - {Kind.NULL}, is_filled=True)


_COPIED_A_STEP = 20

#: What a value must be to have a part of that name or number.
_KINDS_WITH_PARTS: Mapping[type, Kinds] = {str: frozenset({Kind.OBJECT}), int: frozenset({Kind.ARRAY, Kind.STRING})}


@dataclass(frozen=True, slots=True)
class Scope:
    """Immutable: each branch goes on with its own, and they are joined behind it."""

    variables: Mapping[str, AbstractValue]
    facts: Mapping[Place, Fact] = field(default_factory=dict)

    def with_variable(self, name: str, shape: AbstractValue) -> Scope:
        spend(len(self.variables) // _COPIED_A_STEP)
        return replace(self, variables={**self.variables, name: shape.called(Symbol(name))})

    def with_fact(self, place: Place | None, fact: Fact) -> Scope:
        """What holds of a value's part makes sure of the whole: a coupon's code is there only when the coupon is."""
        if place is None:
            return self
        spend(len(self.facts) // _COPIED_A_STEP + len(place))
        facts = dict(self.facts)
        for length in range(1, len(place)):
            whole = Fact(_KINDS_WITH_PARTS.get(type(place[length]), SIZED))
            facts[place[:length]] = facts.get(place[:length], whole).and_(whole)
        facts[place] = facts.get(place, PRESENT).and_(fact)
        return replace(self, facts=facts)

    def refined(self, shape: AbstractValue) -> AbstractValue:
        fact = self.facts.get(shape.place) if shape.place is not None else None
        return shape if fact is None else fact.applied(shape)


def joined(scopes: Iterable[Scope]) -> Scope:
    """What is known whichever of the branches was taken."""
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
        return replace(only, doubt=MissingReason(Cause.NOT_ALWAYS_SET, name), place=(Symbol(name),), path=name)
    return any_of([left, right]).called(Symbol(name))


def _joined_facts(left: Scope, right: Scope) -> dict[Place, Fact]:
    return {place: fact.or_(right.facts[place]) for place, fact in left.facts.items() if place in right.facts}
