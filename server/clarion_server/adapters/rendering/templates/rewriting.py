"""Puts the payments for loops, comparisons, slices and methods into a template's tree before it is compiled.

Filters, tests and operators pay by themselves. One pass through the names and tags of a template costs little, since
templates have a largest size; a loop pays for all of its turns before the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from jinja2 import nodes, pass_context
from jinja2.visitor import NodeTransformer

from clarion_server.adapters.rendering.evaluation.budget import CALL, CHAR, NODE, RenderContext, length_of
from clarion_server.adapters.rendering.evaluation.operators import concatenate
from clarion_server.adapters.rendering.evaluation.values import RenderRefused, check_present
from clarion_server.adapters.rendering.filters.lists import METHODS
from clarion_server.adapters.rendering.templates.texts import is_translation, write_text


@pass_context
def _pay_loop(context: RenderContext, values: Any, turn: int) -> Any:
    check_present(values)
    if not isinstance(values, list | tuple | dict):
        raise RenderRefused("a loop needs a list or an object")
    context.budget.spend(len(values) * turn)
    return values


@pass_context
def _pay_comparison(context: RenderContext, value: Any) -> Any:
    context.budget.spend_walk(value)
    return value


@pass_context
def _pay_slice(context: RenderContext, value: Any) -> Any:
    context.budget.spend(length_of(value) * CHAR * 2)
    return value


#: Is the price of one turn of a loop with nothing in it.
_TURN = 100

#: Their names are no identifiers, so that no template can spell them.
HIDDEN_FILTERS: dict[str, Callable[..., Any]] = {
    **METHODS,
    "<pay loop>": _pay_loop,
    "<pay comparison>": _pay_comparison,
    "<pay slice>": _pay_slice,
    "<concatenate>": pass_context(concatenate),
    "<write text>": write_text,
}


class _Rewriter(NodeTransformer):
    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802  (the visitor's protocol)
        self.generic_visit(node)
        assert isinstance(node.iter, nodes.Expr)
        turn = _TURN + price_of(node.body) + (price_of([node.test]) if node.test is not None else 0)
        node.iter = _filtered(node.iter, "<pay loop>", [nodes.Const(turn)])
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802  (see above)
        self.generic_visit(node)
        first, *others = node.nodes
        return _filtered(first, "<concatenate>", others)

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802  (see above)
        self.generic_visit(node)
        if is_translation(node):
            return nodes.Filter(node.args[0], "<write text>", [], node.kwargs, None, None, lineno=node.lineno)
        method = method_name(node)
        if method is None:
            return node
        assert isinstance(node.node, nodes.Getattr)
        return _filtered(node.node.node, method)

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802  (see above)
        self.generic_visit(node)
        first = node.ops[0]
        if first.op in {"in", "notin"}:
            test = nodes.Test(node.expr, "in", [first.expr], [], None, None, lineno=node.lineno)
            return test if first.op == "in" else nodes.Not(test, lineno=node.lineno)
        if not _is_cheap(node):
            node.expr = _filtered(node.expr, "<pay comparison>")
            for operand in node.ops:
                operand.expr = _filtered(operand.expr, "<pay comparison>")
        return node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802  (see above)
        self.generic_visit(node)
        if isinstance(node.arg, nodes.Slice):
            node.node = _filtered(node.node, "<pay slice>")
        return node


def add_payments(template: nodes.Template) -> nodes.Template:
    """Changes the template in place, and returns it."""
    assert template.environment is not None
    _Rewriter().visit(template)
    template.set_environment(template.environment)
    return template


def price_of(parts: Iterable[nodes.Node]) -> int:
    """Returns the price of one pass through parts of a template: of branches the dearest, of inner loops no turn."""
    return sum(map(_price, parts))


def _price(node: nodes.Node) -> int:
    if isinstance(node, nodes.If):
        tests = price_of(branch.test for branch in (node, *node.elif_))
        bodies = (node.body, node.else_, *(branch.body for branch in node.elif_))
        return NODE + tests + max(map(price_of, bodies))
    if isinstance(node, nodes.For):
        return NODE + _price(node.iter) + price_of(node.else_)
    return NODE + _price_of_work(node) + price_of(node.iter_child_nodes())


def _price_of_work(node: nodes.Node) -> int:
    """Returns the price of what a node does beside its children."""
    if isinstance(node, nodes.TemplateData):
        return len(node.data) * CHAR
    if isinstance(node, nodes.Const):
        return len(node.value) if isinstance(node.value, str) else 0
    if isinstance(node, nodes.Output):
        return CALL * sum(not isinstance(part, nodes.TemplateData) for part in node.nodes)
    return 4 * CALL if isinstance(node, nodes.Call) else 0


def method_name(node: nodes.Call) -> str | None:
    """Returns `.items()`, `.keys()` or `.values()`: the only methods, and they work whatever keys the object has."""
    target = node.node
    if not isinstance(target, nodes.Getattr) or node.args or node.kwargs:
        return None
    name = f".{target.attr}()"
    return name if name in METHODS else None


def _is_cheap(comparison: nodes.Compare) -> bool:
    """Returns whether a constant bounds what the comparison looks at."""
    operands = (comparison.expr, comparison.ops[0].expr)
    return len(comparison.ops) == 1 and any(isinstance(operand, nodes.Const) for operand in operands)


def _filtered(value: nodes.Expr, name: str, arguments: list[nodes.Expr] | None = None) -> nodes.Filter:
    return nodes.Filter(value, name, arguments or [], [], None, None, lineno=value.lineno)
