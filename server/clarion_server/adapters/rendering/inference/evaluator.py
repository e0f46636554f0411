"""Defines the interface by which the parts of the review evaluate each other's expressions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from jinja2 import nodes

from clarion_server.adapters.rendering.inference.abstract_values import AbstractValue
from clarion_server.adapters.rendering.inference.json_types import JsonTypes
from clarion_server.adapters.rendering.inference.report import Report
from clarion_server.adapters.rendering.inference.scopes import IS_FILLED, Scope


@dataclass(frozen=True, slots=True)
class Condition:
    """Is an expression's value, and what is known where it counts as true and where as false."""

    value: AbstractValue
    if_true: Scope
    if_false: Scope


class Evaluator(Protocol):
    """Evaluates expressions to abstract values.

    A value that may be missing is no finding by itself: the tag, filter or operator that uses it decides.
    """

    report: Report

    def evaluate(self, node: nodes.Node, scope: Scope) -> AbstractValue:
        """Returns the value of an expression."""
        ...

    def require(self, node: nodes.Node, scope: Scope, types: JsonTypes, use: str) -> AbstractValue:
        """Returns the value of an expression, and reports when it may be missing, null or of another type."""
        ...

    def require_present(self, node: nodes.Node, scope: Scope) -> AbstractValue:
        """Returns the value of an expression, and reports when it may be missing; it may be null."""
        ...

    def apply_filter(self, node: nodes.Filter, value: AbstractValue, scope: Scope) -> AbstractValue:
        """Returns what a filter makes of a value, whatever the node says about its input."""
        ...

    def evaluate_condition(self, node: nodes.Node, scope: Scope) -> Condition:
        """Returns what an expression establishes where it counts as true, and where as false."""
        ...

    def test(self, node: nodes.Node, scope: Scope) -> Condition:
        """Does the same for a condition: a missing value is false, and only a name without a schema is reported."""
        ...


def condition_of_value(value: AbstractValue, scope: Scope) -> Condition:
    """Returns what a value establishes: it is filled where it counts as true, and may be anything elsewhere."""
    return Condition(value, scope.with_fact(value.access_path, IS_FILLED), scope)
