"""The way through a template: each tag in turn, with what is known there."""

from __future__ import annotations

from collections.abc import Sequence

from jinja2 import nodes

from clarion_server.adapters.rendering.review.abstract_values import (
    AbstractValue,
    schema_of,
    shape_of,
)
from clarion_server.adapters.rendering.review.expressions import Expressions
from clarion_server.adapters.rendering.review.json_types import LISTS, Kind
from clarion_server.adapters.rendering.review.report import Report
from clarion_server.adapters.rendering.review.scopes import Scope, joined
from clarion_server.domain.finding import FindingCode


class Walk:
    """Goes through one template and reports."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._expressions = Expressions(report)

    def through(self, body: Sequence[nodes.Node], scope: Scope) -> Scope:
        """What is known behind the body."""
        for node in body:
            scope = self._step(node, scope)
        return scope

    def _step(self, node: nodes.Node, scope: Scope) -> Scope:
        if isinstance(node, nodes.Output):
            self._output(node, scope)
        elif isinstance(node, nodes.If):
            return self._if(node, scope)
        elif isinstance(node, nodes.For):
            self._for(node, scope)
        elif isinstance(node, nodes.With):
            self._with(node, scope)
        elif isinstance(node, nodes.Assign):
            return self._bound(node.target, self._expressions.shape(node.node, scope), scope)
        return scope

    def _output(self, node: nodes.Output, scope: Scope) -> None:
        for part in node.nodes:
            if not isinstance(part, nodes.TemplateData):
                self._report.written(self._expressions.shape(part, scope), part)

    def _if(self, node: nodes.If, scope: Scope) -> Scope:
        ends = []
        for branch in (node, *node.elif_):
            judged = self._expressions.condition(branch.test, scope)
            ends.append(self.through(branch.body, judged.if_true))
            scope = judged.if_false
        ends.append(self.through(node.else_, scope))
        return joined(ends)

    def _for(self, node: nodes.For, scope: Scope) -> None:
        """What a loop sets is gone behind it."""
        values = self._expressions.usable(node.iter, scope, LISTS, "a loop needs")
        inner = self._bound(node.target, values.elements(), scope)
        if node.test is not None:
            inner = self._expressions.condition(node.test, _without_loop(inner)).if_true
        self.through(node.body, inner.with_variable("loop", _loop_shape(values.elements())))
        self.through(node.else_, scope)

    def _with(self, node: nodes.With, scope: Scope) -> None:
        """All values are read before the first is set."""
        inner = scope
        for target, value in zip(node.targets, node.values, strict=True):
            inner = self._bound(target, self._expressions.shape(value, scope), inner)
        self.through(node.body, inner)

    def _bound(self, target: nodes.Node, value: AbstractValue, scope: Scope) -> Scope:
        if isinstance(target, nodes.Name):
            return scope.with_variable(target.name, value)
        assert isinstance(target, nodes.Tuple), "other targets are refused before"
        value = self._report.usable(value, target.lineno, frozenset({Kind.ARRAY}), "setting several names needs")
        self._check_length(target, value)
        for index, name in enumerate(target.items):
            scope = self._bound(name, value.entry(index, "").certain(), scope)
        return scope

    def _check_length(self, target: nodes.Tuple, value: AbstractValue) -> None:
        count = len(target.items)
        if not value.has_length(count):
            message = f"{count} names are set from a list that may have another length."
            remedy = "Set one name, and use its entries; or loop over `x.items()`."
            self._report.error(FindingCode.VARIABLE_WRONG_TYPE, target.lineno, message, remedy)


def _without_loop(scope: Scope) -> Scope:
    """The `if` of a `for` is decided before the turn begins."""
    return Scope({name: shape for name, shape in scope.variables.items() if name != "loop"}, scope.facts)


def _loop_shape(element: AbstractValue) -> AbstractValue:
    numbers = ("index", "index0", "length", "revindex", "revindex0")
    surely = {name: {"type": "integer"} for name in numbers} | {n: {"type": "boolean"} for n in ("first", "last")}
    neighbours = dict.fromkeys(("previtem", "nextitem"), schema_of(element))
    return shape_of(
        {"type": "object", "properties": surely | neighbours, "required": list(surely), "additionalProperties": False}
    )
