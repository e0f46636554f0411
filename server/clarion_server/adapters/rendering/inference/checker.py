"""Checks a template tag by tag, with what is known at each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from jinja2 import nodes

from clarion_server.adapters.rendering.content_kind import IncludeSite
from clarion_server.adapters.rendering.inference.abstract_values import (
    NEVER,
    UNPROMISED,
    AbstractValue,
    schema_of_value,
    value_of_schema,
)
from clarion_server.adapters.rendering.inference.expressions import ExpressionEvaluator
from clarion_server.adapters.rendering.inference.json_types import ARRAYS, CONTAINERS, Schema, in_words
from clarion_server.adapters.rendering.inference.report import Report
from clarion_server.adapters.rendering.inference.scopes import Scope, join_scopes
from clarion_server.adapters.rendering.schemas.tree import inline_references
from clarion_server.adapters.rendering.templates.structure import URLS
from clarion_server.domain.finding import FindingCode


def review_variables(
    tree: nodes.Template, scope: Scope, report: Report, sites: Mapping[int, IncludeSite] | None = None
) -> None:
    """Reports what is wrong with the template's use of its variables. `scope` is that of `initial_scope`. `sites` are
    the places where fragments begin.

    When no finding is an error, no context that passes the schema leaves a value missing. Raises ReviewTooLong and
    TooManyFindings.
    """
    _TemplateChecker(report, sites or {}).check_body(tree.body, scope)


def review_parameters(tree: nodes.Template, parameters: Any, report: Report) -> None:
    """Does the same for a fragment, whose `parameters` a schema describes. What its context is, nobody knows yet."""
    scope = initial_scope({"type": "object"}).with_variable("context", NEVER)
    given = value_of_schema(parameters)
    for name in parameters.get("properties", {}):
        scope = scope.with_variable(name, replace(given.member(name, name), access_path=None, path=name))
    _TemplateChecker(report, {}).check_body(tree.body, scope)


class _TemplateChecker:
    """Checks one template and reports."""

    def __init__(self, report: Report, sites: Mapping[int, IncludeSite]) -> None:
        self._report = report
        self._sites = sites
        self._evaluator = ExpressionEvaluator(report)

    def check_body(self, body: Sequence[nodes.Node], scope: Scope) -> Scope:
        """Checks the tags of a body, and returns what is known behind it."""
        for node in body:
            scope = self._check_tag(node, scope)
        return scope

    def _check_tag(self, node: nodes.Node, scope: Scope) -> Scope:
        if isinstance(node, nodes.Output):
            self._check_output(node, scope)
        elif isinstance(node, nodes.If):
            return self._check_if(node, scope)
        elif isinstance(node, nodes.For):
            self._check_for(node, scope)
        elif isinstance(node, nodes.With):
            self._check_with(node, scope)
        elif isinstance(node, nodes.Assign):
            return self._assign(node.target, self._evaluator.evaluate(node.node, scope), scope)
        return scope

    def _check_output(self, node: nodes.Output, scope: Scope) -> None:
        for part in node.nodes:
            if not isinstance(part, nodes.TemplateData):
                self._report.written(self._evaluator.evaluate(part, scope), part)

    def _check_if(self, node: nodes.If, scope: Scope) -> Scope:
        ends = []
        for branch in (node, *node.elif_):
            condition = self._evaluator.test(branch.test, scope)
            ends.append(self.check_body(branch.body, condition.if_true))
            scope = condition.if_false
        ends.append(self.check_body(node.else_, scope))
        return join_scopes(ends)

    def _check_for(self, node: nodes.For, scope: Scope) -> None:
        """Checks a loop. The variables that it sets end with it."""
        values = self._evaluator.require(node.iter, scope, CONTAINERS, "a loop needs")
        inner = self._assign(node.target, values.elements(), scope)
        if node.test is not None:
            inner = self._evaluator.test(node.test, _without_loop(inner)).if_true
        self.check_body(node.body, inner.with_variable("loop", _loop_variable(values.elements())))
        self.check_body(node.else_, scope)

    def _check_with(self, node: nodes.With, scope: Scope) -> None:
        """Checks `with`, which evaluates all values before it sets the first variable."""
        if node.lineno in self._sites:
            self._check_arguments(self._sites[node.lineno], scope)
        inner = scope
        for target, value in zip(node.targets, node.values, strict=True):
            inner = self._assign(target, self._evaluator.evaluate(value, scope), inner)
        self.check_body(node.body, inner)

    def _check_arguments(self, site: IncludeSite, scope: Scope) -> None:
        """Reports arguments of a fragment that its schema does not take."""
        parameters = value_of_schema(inline_references(site.schema, site.schema))
        for name, variable in site.arguments.items():
            value = self._evaluator.evaluate(nodes.Name(variable, "load", lineno=site.line), scope)
            wanted = parameters.member(name, name)
            problem = ""
            if value.missing is not None and name in site.fragment.content.required_parameters:
                problem = "may be missing"
            elif value.promised_types - wanted.types:
                problem = f"is {in_words(value.promised_types)}, and must be {in_words(wanted.types)}"
            if problem:
                message = f"The parameter `{name}` of `{site.fragment.name}` {problem}."
                remedy = "Give a value that its `parameters` describe."
                self._report.error(FindingCode.FRAGMENT_PARAMETER, site.line, message, remedy)

    def _assign(self, target: nodes.Node, value: AbstractValue, scope: Scope) -> Scope:
        if isinstance(target, nodes.Name):
            return scope.with_variable(target.name, value)
        assert isinstance(target, nodes.Tuple), "other targets are refused before"
        value = self._report.require(value, target.lineno, ARRAYS, "setting several names needs")
        self._check_length(target, value)
        for index, name in enumerate(target.items):
            scope = self._assign(name, value.entry(index, "").assume_present(), scope)
        return scope

    def _check_length(self, target: nodes.Tuple, value: AbstractValue) -> None:
        count = len(target.items)
        if not value.has_length(count):
            message = f"{count} names are set from a list that may have another length."
            remedy = "Set one name, and use its entries; or loop over `x.items()`."
            self._report.error(FindingCode.VARIABLE_WRONG_TYPE, target.lineno, message, remedy)


def _without_loop(scope: Scope) -> Scope:
    """Returns the scope of a loop's `if`, which is decided before the turn begins."""
    return Scope({name: value for name, value in scope.variables.items() if name != "loop"}, scope.facts)


def _loop_variable(element: AbstractValue) -> AbstractValue:
    numbers = ("index", "index0", "length", "revindex", "revindex0")
    always = {name: {"type": "integer"} for name in numbers} | {n: {"type": "boolean"} for n in ("first", "last")}
    neighbours = dict.fromkeys(("previtem", "nextitem"), schema_of_value(element))
    return value_of_schema(
        {"type": "object", "properties": always | neighbours, "required": list(always), "additionalProperties": False}
    )


def initial_scope(context_schema: Any) -> Scope:
    """Returns what is known where a template begins. `context_schema` holds no references."""
    schemas = {
        "context": context_schema,
        "profile": {**UNPROMISED, "type": "object"},
        "recipient": _texts("identity", "address", "locale"),
        "campaign": _texts("name", "display_name"),
    }
    scope = Scope({})
    for name, schema in schemas.items():
        scope = scope.with_variable(name, value_of_schema(schema))
    for name in URLS:
        scope = scope.with_variable(name, value_of_schema({"type": "string"}))
    return scope


def _texts(*names: str) -> Schema:
    """Returns the schema of an object that has these texts and nothing else."""
    members = {name: {"type": "string"} for name in names}
    return {"type": "object", "properties": members, "required": list(names), "additionalProperties": False}
