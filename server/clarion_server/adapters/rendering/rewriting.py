"""Templates made to pay: their loops, joins, comparisons and slices go through the budget of the render."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jinja2 import nodes, pass_context
from jinja2.visitor import NodeTransformer

from clarion_server.adapters.rendering.bounds import RenderContext, concatenated, counted, weighed
from clarion_server.adapters.rendering.values import check_present


def _entries(_context: RenderContext, value: Any) -> list[tuple[str, Any]]:
    check_present(value)
    return list(dict.items(value))


def _keys(_context: RenderContext, value: Any) -> list[str]:
    check_present(value)
    return list(dict.keys(value))


def _values(_context: RenderContext, value: Any) -> list[Any]:
    check_present(value)
    return list(dict.values(value))


#: Their names are no identifiers, so that no template can spell them.
HIDDEN_FILTERS: dict[str, Callable[..., Any]] = {
    "<counted>": pass_context(counted),
    "<concatenated>": pass_context(concatenated),
    "<weighed>": pass_context(weighed),
    ".items()": pass_context(_entries),
    ".keys()": pass_context(_keys),
    ".values()": pass_context(_values),
}


class _Rewriter(NodeTransformer):
    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802  (the visitor's protocol)
        self.generic_visit(node)
        assert isinstance(node.iter, nodes.Expr)
        node.iter = _filtered(node.iter, "<counted>")
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802  (see above)
        self.generic_visit(node)
        first, *others = node.nodes
        return _filtered(first, "<concatenated>", others)

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802  (see above)
        self.generic_visit(node)
        method = method_name(node)
        if method is None:
            return node
        assert isinstance(node.node, nodes.Getattr)
        return _filtered(node.node.node, method)

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802  (see above)
        self.generic_visit(node)
        for operand in node.ops:
            if operand.op in {"in", "notin"} or not _holds_constant(node, operand):
                operand.expr = _filtered(operand.expr, "<weighed>")
        return node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802  (see above)
        self.generic_visit(node)
        if isinstance(node.arg, nodes.Slice):
            node.node = _filtered(node.node, "<weighed>")
        return node


def rewritten(template: nodes.Template) -> nodes.Template:
    """The template, changed in place."""
    assert template.environment is not None
    _Rewriter().visit(template)
    template.set_environment(template.environment)
    return template


def method_name(node: nodes.Call) -> str | None:
    """`.items()`, `.keys()` or `.values()`: the only methods, and they work whatever keys the object has."""
    target = node.node
    if not isinstance(target, nodes.Getattr) or node.args or node.kwargs:
        return None
    name = f".{target.attr}()"
    return name if name in HIDDEN_FILTERS else None


def _holds_constant(comparison: nodes.Compare, operand: nodes.Operand) -> bool:
    return isinstance(operand.expr, nodes.Const) or (
        isinstance(comparison.expr, nodes.Const) and len(comparison.ops) == 1
    )


def _filtered(value: nodes.Expr, name: str, arguments: list[nodes.Expr] | None = None) -> nodes.Filter:
    return nodes.Filter(value, name, arguments or [], [], None, None, lineno=value.lineno)
