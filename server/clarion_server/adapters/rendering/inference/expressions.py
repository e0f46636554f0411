"""Evaluates the expressions of a template to abstract values."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from jinja2 import nodes

from clarion_server.adapters.rendering.inference import conditions
from clarion_server.adapters.rendering.inference.abstract_values import (
    NEVER,
    NUMBER,
    TEXT,
    AbstractValue,
    any_of,
    list_of,
    schema_of_value,
    value_of_schema,
)
from clarion_server.adapters.rendering.inference.evaluator import Condition, condition_of_value
from clarion_server.adapters.rendering.inference.filter_rules import FILTER_RULES
from clarion_server.adapters.rendering.inference.filter_use import bind_arguments
from clarion_server.adapters.rendering.inference.json_types import (
    ARRAYS,
    NUMBERS,
    OBJECTS,
    SEQUENCES,
    STRINGS,
    JsonType,
    JsonTypes,
)
from clarion_server.adapters.rendering.inference.list_rules import METHOD_RULES
from clarion_server.adapters.rendering.inference.missing import Cause
from clarion_server.adapters.rendering.inference.report import Report
from clarion_server.adapters.rendering.inference.scopes import Scope
from clarion_server.adapters.rendering.inference.text_use import review_call
from clarion_server.adapters.rendering.templates.expression_path import constant_of, path_of
from clarion_server.adapters.rendering.templates.inline_images import is_inline_image
from clarion_server.adapters.rendering.templates.rewriting import method_name
from clarion_server.adapters.rendering.templates.structure import closest
from clarion_server.adapters.rendering.templates.texts import is_translation
from clarion_server.domain.finding import FindingCode


class ExpressionEvaluator:
    """Implements `Evaluator`. A node is evaluated once, so that long chains cost little."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self._of_nodes: Mapping[type[nodes.Node], Callable[..., AbstractValue]] = {
            nodes.Add: self._sum,
            nodes.Call: self._call,
            nodes.Concat: self._concatenation,
            nodes.Const: self._constant,
            nodes.Dict: self._dict,
            nodes.Filter: self._filter,
            nodes.Getattr: self._member,
            nodes.Getitem: self._item,
            nodes.List: self._list,
            nodes.Name: self._name,
            nodes.Neg: self._sign,
            nodes.Pos: self._sign,
            nodes.TemplateData: self._data,
            nodes.Tuple: self._tuple,
        }
        self._of_conditions: Mapping[type[nodes.Node], Callable[..., Condition]] = {
            nodes.And: conditions.evaluate_and,
            nodes.Compare: conditions.evaluate_comparison,
            nodes.CondExpr: conditions.evaluate_choice,
            nodes.Not: conditions.evaluate_not,
            nodes.Or: conditions.evaluate_or,
            nodes.Test: conditions.evaluate_test,
        }

    def evaluate(self, node: nodes.Node, scope: Scope) -> AbstractValue:
        if type(node) in self._of_conditions:
            return self.evaluate_condition(node, scope).value
        evaluate = self._of_nodes.get(type(node), self._calculation)
        return scope.refine(evaluate(node, scope))

    def require(self, node: nodes.Node, scope: Scope, types: JsonTypes, use: str) -> AbstractValue:
        return self.report.require(self.evaluate(node, scope), node.lineno, types, use)

    def require_present(self, node: nodes.Node, scope: Scope) -> AbstractValue:
        return self.report.require_present(self.evaluate(node, scope), node.lineno)

    def evaluate_condition(self, node: nodes.Node, scope: Scope) -> Condition:
        evaluate = self._of_conditions.get(type(node))
        if evaluate is not None:
            return evaluate(self, node, scope)
        if isinstance(node, nodes.Filter):
            return conditions.evaluate_filter(self, node, scope)
        return condition_of_value(self.evaluate(node, scope), scope)

    def test(self, node: nodes.Node, scope: Scope) -> Condition:
        condition = self.evaluate_condition(node, scope)
        missing = condition.value.missing
        if missing is not None and missing.cause is Cause.UNKNOWN:
            self.report.require_present(condition.value, node.lineno)
        return condition

    def apply_filter(self, node: nodes.Filter, value: AbstractValue, scope: Scope) -> AbstractValue:
        rule = FILTER_RULES.get(node.name)
        if rule is None:
            remedy = f"docs/writing-content.md lists the filters.{closest(node.name, FILTER_RULES)}"
            message = f"There is no filter `{node.name}`."
            self.report.error(FindingCode.TEMPLATE_UNKNOWN_NAME, node.lineno, message, remedy)
            return NEVER
        if not rule.may_be_missing:
            value = self.report.require(value, node.lineno, rule.takes, f"the filter `{node.name}` needs")
        use = bind_arguments(self, scope, node.name, rule, value, node.args, node.kwargs, node.lineno)
        return rule.result(use)

    def _filter(self, node: nodes.Filter, scope: Scope) -> AbstractValue:
        assert node.node is not None, "filter blocks are refused before"
        return self.apply_filter(node, self.evaluate(node.node, scope), scope)

    def _name(self, node: nodes.Name, scope: Scope) -> AbstractValue:
        if node.name in scope.variables:
            return scope.variables[node.name]
        remedy = "There are context, profile, recipient, campaign, and the variables that the template sets before."
        remedy += closest(node.name, scope.variables)
        message = f"There is no variable `{node.name}` here."
        self.report.error(FindingCode.TEMPLATE_UNKNOWN_NAME, node.lineno, message, remedy)
        return NEVER

    def _member(self, node: nodes.Getattr, scope: Scope) -> AbstractValue:
        return self.evaluate(node.node, scope).member(node.attr, path_of(node))

    def _item(self, node: nodes.Getitem, scope: Scope) -> AbstractValue:
        base = self.evaluate(node.node, scope)
        if isinstance(node.arg, nodes.Slice):
            return self._slice(node.arg, base, scope)
        key = constant_of(node.arg)
        if isinstance(key, str):
            return base.member(key, path_of(node))
        if type(key) is int:
            return base.entry(key, path_of(node))
        return base.at(self.require(node.arg, scope, NUMBERS | STRINGS, "an index needs"), path_of(node))

    def _slice(self, node: nodes.Slice, base: AbstractValue, scope: Scope) -> AbstractValue:
        for limit in (node.start, node.stop, node.step):
            if limit is not None:
                self.require(limit, scope, NUMBERS, "a slice needs")
        base = self.report.require(base, node.lineno, SEQUENCES, "a slice needs")
        lists = list_of(base.elements()) if JsonType.ARRAY in base.types else NEVER
        return any_of([lists, TEXT if JsonType.STRING in base.types else NEVER])

    def _constant(self, node: nodes.Const, _scope: Scope) -> AbstractValue:
        return value_of_schema({"const": node.value})

    def _data(self, _node: nodes.TemplateData, _scope: Scope) -> AbstractValue:
        return TEXT

    def _list(self, node: nodes.List, scope: Scope) -> AbstractValue:
        return list_of(any_of(self.require_present(item, scope) for item in node.items), least=len(node.items))

    def _tuple(self, node: nodes.Tuple, scope: Scope) -> AbstractValue:
        entries = [schema_of_value(self.require_present(item, scope)) for item in node.items]
        count = len(entries)
        return value_of_schema({"type": "array", "prefixItems": entries, "minItems": count, "maxItems": count})

    def _dict(self, node: nodes.Dict, scope: Scope) -> AbstractValue:
        members = {}
        for pair in node.items:
            value = self.require_present(pair.value, scope)
            if not isinstance(pair.key, nodes.Const) or not isinstance(pair.key.value, str):
                message, remedy = "The keys of an object must be written out.", "Use texts as keys."
                self.report.error(FindingCode.TEMPLATE_UNSAFE, pair.lineno, message, remedy)
                return NEVER
            members[pair.key.value] = schema_of_value(value)
        return value_of_schema({"type": "object", "properties": members, "required": list(members)})

    def _concatenation(self, node: nodes.Concat, scope: Scope) -> AbstractValue:
        for part in node.nodes:
            self.report.require_printable(self.evaluate(part, scope), part.lineno)
        return TEXT

    def _sum(self, node: nodes.Add, scope: Scope) -> AbstractValue:
        """Adds numbers, two texts or two lists."""
        left = self.require(node.left, scope, NUMBERS | SEQUENCES, "`+` needs")
        right = self.require(node.right, scope, left.types or NUMBERS, "`+` with such a value needs")
        if left.types == ARRAYS:
            return list_of(any_of([left.elements(), right.elements()]))
        return NUMBER if left.types == NUMBERS else left

    def _calculation(self, node: nodes.BinExpr, scope: Scope) -> AbstractValue:
        for operand in (node.left, node.right):
            self.require(operand, scope, NUMBERS, f"`{node.operator}` needs")
        return NUMBER

    def _sign(self, node: nodes.UnaryExpr, scope: Scope) -> AbstractValue:
        self.require(node.node, scope, NUMBERS, "a sign needs")
        return NUMBER

    def _call(self, node: nodes.Call, scope: Scope) -> AbstractValue:
        method = method_name(node)
        if method is not None:
            assert isinstance(node.node, nodes.Getattr)
            return METHOD_RULES[method](self.require(node.node.node, scope, OBJECTS, f"`{method}` needs"))
        if is_inline_image(node):
            return TEXT
        if is_translation(node):
            self.report.used_texts += review_call(self, node, scope)
            return TEXT
        if isinstance(node.node, nodes.Name):
            for argument in node.args:
                self.require(argument, scope, NUMBERS, "`range` needs")
            return list_of(NUMBER)
        assert isinstance(node.node, nodes.Getattr), "loop.cycle; other calls are refused before"
        self.require_present(node.node.node, scope)
        return any_of(self.require_present(argument, scope) for argument in node.args)
