"""What an expression is worth."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from jinja2 import nodes

from clarion_server.adapters.rendering.expression_path import constant_of, path_of
from clarion_server.adapters.rendering.review import conditions
from clarion_server.adapters.rendering.review.abstract_values import (
    NEVER,
    NUMBER,
    TEXT,
    AbstractValue,
    Cause,
    any_of,
    list_of,
    schema_of,
    shape_of,
)
from clarion_server.adapters.rendering.review.filter_rules import FILTER_RULES
from clarion_server.adapters.rendering.review.filter_use import bound
from clarion_server.adapters.rendering.review.json_types import NUMERIC, Kind, Kinds
from clarion_server.adapters.rendering.review.json_types import TEXT as TEXT_KINDS
from clarion_server.adapters.rendering.review.list_rules import METHOD_RULES
from clarion_server.adapters.rendering.review.reading import Judged, judged_by_value
from clarion_server.adapters.rendering.review.report import Report
from clarion_server.adapters.rendering.review.scopes import Scope
from clarion_server.adapters.rendering.rewriting import method_name
from clarion_server.adapters.rendering.structure import closest
from clarion_server.domain.finding import FindingCode

_LIST_OR_TEXT = TEXT_KINDS | {Kind.ARRAY}


class Expressions:
    """The Reader. Each kind of node has its method; a node is read once, so that long chains stay cheap."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self._shapes: Mapping[type[nodes.Node], Callable[..., AbstractValue]] = {
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
        self._conditions: Mapping[type[nodes.Node], Callable[..., Judged]] = {
            nodes.And: conditions.judged_and,
            nodes.Compare: conditions.judged_comparison,
            nodes.CondExpr: conditions.judged_choice,
            nodes.Not: conditions.judged_not,
            nodes.Or: conditions.judged_or,
            nodes.Test: conditions.judged_test,
        }

    def shape(self, node: nodes.Node, scope: Scope) -> AbstractValue:
        if type(node) in self._conditions:
            return self.judged(node, scope).shape
        read = self._shapes.get(type(node), self._calculation)
        return scope.refined(read(node, scope))

    def usable(self, node: nodes.Node, scope: Scope, kinds: Kinds, use: str) -> AbstractValue:
        return self.report.usable(self.shape(node, scope), node.lineno, kinds, use)

    def present(self, node: nodes.Node, scope: Scope) -> AbstractValue:
        return self.report.present(self.shape(node, scope), node.lineno)

    def judged(self, node: nodes.Node, scope: Scope) -> Judged:
        judge = self._conditions.get(type(node))
        if judge is not None:
            return judge(self, node, scope)
        if isinstance(node, nodes.Filter):
            return conditions.judged_filter(self, node, scope)
        return judged_by_value(self.shape(node, scope), scope)

    def condition(self, node: nodes.Node, scope: Scope) -> Judged:
        judged = self.judged(node, scope)
        doubt = judged.shape.doubt
        if doubt is not None and doubt.cause is Cause.UNKNOWN:
            self.report.present(judged.shape, node.lineno)
        return judged

    def filtered(self, node: nodes.Filter, shape: AbstractValue, scope: Scope) -> AbstractValue:
        rule = FILTER_RULES.get(node.name)
        if rule is None:
            remedy = f"docs/writing-content.md lists the filters.{closest(node.name, FILTER_RULES)}"
            message = f"There is no filter `{node.name}`."
            self.report.error(FindingCode.TEMPLATE_UNKNOWN_NAME, node.lineno, message, remedy)
            return NEVER
        if not rule.may_be_missing:
            shape = self.report.usable(shape, node.lineno, rule.takes, f"the filter `{node.name}` needs")
        use = bound(self, scope, node.name, rule, shape, node.args, node.kwargs, node.lineno)
        return rule.gives(use)

    def _filter(self, node: nodes.Filter, scope: Scope) -> AbstractValue:
        assert node.node is not None, "filter blocks are refused before"
        return self.filtered(node, self.shape(node.node, scope), scope)

    def _name(self, node: nodes.Name, scope: Scope) -> AbstractValue:
        if node.name in scope.variables:
            return scope.variables[node.name]
        remedy = "Templates see context, profile, recipient, campaign, and what they set themselves before."
        remedy += closest(node.name, scope.variables)
        message = f"There is no variable `{node.name}` here."
        self.report.error(FindingCode.TEMPLATE_UNKNOWN_NAME, node.lineno, message, remedy)
        return NEVER

    def _member(self, node: nodes.Getattr, scope: Scope) -> AbstractValue:
        return self.shape(node.node, scope).member(node.attr, path_of(node))

    def _item(self, node: nodes.Getitem, scope: Scope) -> AbstractValue:
        base = self.shape(node.node, scope)
        if isinstance(node.arg, nodes.Slice):
            return self._slice(node.arg, base, scope)
        key = constant_of(node.arg)
        if isinstance(key, str):
            return base.member(key, path_of(node))
        if type(key) is int:
            return base.entry(key, path_of(node))
        return base.at(self.usable(node.arg, scope, NUMERIC | TEXT_KINDS, "an index needs"), path_of(node))

    def _slice(self, node: nodes.Slice, base: AbstractValue, scope: Scope) -> AbstractValue:
        for bound_node in (node.start, node.stop, node.step):
            if bound_node is not None:
                self.usable(bound_node, scope, NUMERIC, "a slice needs")
        base = self.report.usable(base, node.lineno, _LIST_OR_TEXT, "a slice needs")
        lists = list_of(base.elements()) if Kind.ARRAY in base.kinds else NEVER
        return any_of([lists, TEXT if Kind.STRING in base.kinds else NEVER])

    def _constant(self, node: nodes.Const, _scope: Scope) -> AbstractValue:
        return shape_of({"const": node.value})

    def _data(self, _node: nodes.TemplateData, _scope: Scope) -> AbstractValue:
        return TEXT

    def _list(self, node: nodes.List, scope: Scope) -> AbstractValue:
        return list_of(any_of(self.present(item, scope) for item in node.items), least=len(node.items))

    def _tuple(self, node: nodes.Tuple, scope: Scope) -> AbstractValue:
        entries = [schema_of(self.present(item, scope)) for item in node.items]
        count = len(entries)
        return shape_of({"type": "array", "prefixItems": entries, "minItems": count, "maxItems": count})

    def _dict(self, node: nodes.Dict, scope: Scope) -> AbstractValue:
        members = {}
        for pair in node.items:
            value = self.present(pair.value, scope)
            if not isinstance(pair.key, nodes.Const) or not isinstance(pair.key.value, str):
                message, remedy = "The keys of an object must be written out.", "Use texts as keys."
                self.report.error(FindingCode.TEMPLATE_UNSAFE, pair.lineno, message, remedy)
                return NEVER
            members[pair.key.value] = schema_of(value)
        return shape_of({"type": "object", "properties": members, "required": list(members)})

    def _concatenation(self, node: nodes.Concat, scope: Scope) -> AbstractValue:
        for part in node.nodes:
            self.report.printable(self.shape(part, scope), part.lineno)
        return TEXT

    def _sum(self, node: nodes.Add, scope: Scope) -> AbstractValue:
        """Numbers, two texts or two lists."""
        left = self.usable(node.left, scope, NUMERIC | _LIST_OR_TEXT, "`+` needs")
        right = self.usable(node.right, scope, left.kinds or NUMERIC, "`+` with such a value needs")
        if left.kinds == {Kind.ARRAY}:
            return list_of(any_of([left.elements(), right.elements()]))
        return NUMBER if left.kinds == NUMERIC else left

    def _calculation(self, node: nodes.BinExpr, scope: Scope) -> AbstractValue:
        for operand in (node.left, node.right):
            self.usable(operand, scope, NUMERIC, f"`{node.operator}` needs")
        return NUMBER

    def _sign(self, node: nodes.UnaryExpr, scope: Scope) -> AbstractValue:
        self.usable(node.node, scope, NUMERIC, "a sign needs")
        return NUMBER

    def _call(self, node: nodes.Call, scope: Scope) -> AbstractValue:
        method = method_name(node)
        if method is not None:
            assert isinstance(node.node, nodes.Getattr)
            objects = frozenset({Kind.OBJECT})
            return METHOD_RULES[method](self.usable(node.node.node, scope, objects, f"`{method}` needs"))
        if isinstance(node.node, nodes.Name):
            for argument in node.args:
                self.usable(argument, scope, NUMERIC, "`range` needs")
            return list_of(NUMBER)
        assert isinstance(node.node, nodes.Getattr), "loop.cycle; other calls are refused before"
        self.present(node.node.node, scope)
        return any_of(self.present(argument, scope) for argument in node.args)
