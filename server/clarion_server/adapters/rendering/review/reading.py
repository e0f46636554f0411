"""How the rooms of the review ask each other about expressions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from jinja2 import nodes

from clarion_server.adapters.rendering.review.abstract_values import AbstractValue
from clarion_server.adapters.rendering.review.json_types import Kinds
from clarion_server.adapters.rendering.review.report import Report
from clarion_server.adapters.rendering.review.scopes import FILLED, Scope


@dataclass(frozen=True, slots=True)
class Judged:
    """An expression's value, and what is known where it counts as true and where as false."""

    shape: AbstractValue
    if_true: Scope
    if_false: Scope


class Reader(Protocol):
    """Reads expressions. A value that may be missing passes: whoever uses it decides whether it may be."""

    report: Report

    def shape(self, node: nodes.Node, scope: Scope) -> AbstractValue: ...

    def usable(self, node: nodes.Node, scope: Scope, kinds: Kinds, use: str) -> AbstractValue:
        """The shape, with a finding when it may be missing, null or of another kind."""
        ...

    def present(self, node: nodes.Node, scope: Scope) -> AbstractValue:
        """The shape, with a finding when it may be missing; null is fine."""
        ...

    def filtered(self, node: nodes.Filter, shape: AbstractValue, scope: Scope) -> AbstractValue:
        """What a filter makes of a value of that shape; its own input is not read."""
        ...

    def judged(self, node: nodes.Node, scope: Scope) -> Judged: ...

    def condition(self, node: nodes.Node, scope: Scope) -> Judged:
        """A missing value is false; only a name that no schema speaks of is worth a finding."""
        ...


def judged_by_value(shape: AbstractValue, scope: Scope) -> Judged:
    """What counts as true is there and filled; what counts as false tells nothing."""
    return Judged(shape, scope.with_fact(shape.place, FILLED), scope)
