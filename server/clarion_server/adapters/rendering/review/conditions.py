"""Conditions: what they ask of their values, and what is known behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jinja2 import nodes

from clarion_server.adapters.rendering.review.abstract_values import ANY, BOOLEAN, AbstractValue, any_of
from clarion_server.adapters.rendering.review.json_types import ALL, COMPARABLE, NUMERIC, SIZED, Kind, Kinds
from clarion_server.adapters.rendering.review.json_types import TEXT as TEXT_KINDS
from clarion_server.adapters.rendering.review.reading import Judged, Reader, judged_by_value
from clarion_server.adapters.rendering.review.scopes import FILLED, NOT_NULL, Fact, Scope, joined
from clarion_server.adapters.rendering.review.test_rules import TEST_RULES, TestRule
from clarion_server.domain.finding import FindingCode

_LENGTHS = frozenset({"count", "length"})
_DEFAULTS = frozenset({"d", "default"})


def judged_and(reader: Reader, node: nodes.And, scope: Scope) -> Judged:
    left = reader.condition(node.left, scope)
    right = reader.judged(node.right, left.if_true)
    shape = any_of([left.shape, right.shape])
    return Judged(shape, right.if_true, joined([left.if_false, right.if_false]))


def judged_or(reader: Reader, node: nodes.Or, scope: Scope) -> Judged:
    left = reader.condition(node.left, scope)
    right = reader.judged(node.right, left.if_false)
    shape = any_of([left.shape.filled(), right.shape])
    return Judged(shape, joined([left.if_true, right.if_true]), right.if_false)


def judged_not(reader: Reader, node: nodes.Not, scope: Scope) -> Judged:
    inner = reader.condition(node.node, scope)
    return Judged(BOOLEAN, inner.if_false, inner.if_true)


def judged_choice(reader: Reader, node: nodes.CondExpr, scope: Scope) -> Judged:
    test = reader.condition(node.test, scope)
    assert node.expr2 is not None, "refused before"
    shape = any_of([reader.shape(node.expr1, test.if_true), reader.shape(node.expr2, test.if_false)])
    return Judged(shape, scope, scope)


def judged_test(reader: Reader, node: nodes.Test, scope: Scope) -> Judged:
    rule = TEST_RULES[node.name]
    shape = reader.shape(node.node, scope)
    tested(reader, rule, node.name, shape, node.args, scope, node.lineno)
    return Judged(BOOLEAN, _with(scope, shape, rule.if_true), _with(scope, shape, rule.if_false))


def tested(
    reader: Reader,
    rule: TestRule,
    name: str,
    shape: AbstractValue,
    arguments: Sequence[nodes.Expr],
    scope: Scope,
    line: int,
) -> None:
    """Asks of a value and of the arguments what the test asks for."""
    if rule.may_be_missing:
        reader.report.known(shape, line)
    else:
        _asked(reader, shape, line, rule.takes, f"`is {name}` needs")
    if len(arguments) != (rule.argument is not None):
        wanted = "one argument" if rule.argument is not None else "no argument"
        message = f"The test `{name}` takes {wanted}."
        reader.report.error(FindingCode.FILTER_ARGUMENT_INVALID, line, message, "Correct the arguments.")
    for argument in arguments:
        _asked(reader, reader.shape(argument, scope), line, rule.argument or ALL, f"`is {name}` needs")


def judged_comparison(reader: Reader, node: nodes.Compare, scope: Scope) -> Judged:
    left = reader.shape(node.expr, scope)
    shapes = [left, *(reader.shape(operand.expr, scope) for operand in node.ops)]
    for operand, first, second in zip(node.ops, shapes, shapes[1:], strict=False):
        _compared(reader, operand.op, first, second, node.lineno)
    operand = node.ops[0]
    if len(node.ops) != 1 or not isinstance(operand.expr, nodes.Const):
        return Judged(BOOLEAN, scope, scope)
    if isinstance(node.expr, nodes.Filter) and node.expr.name in _LENGTHS:
        return _judged_length(reader, operand.op, operand.expr.value, node.expr, scope)
    return _judged_equality(operand.op, operand.expr.value, left, scope)


def judged_filter(reader: Reader, node: nodes.Filter, scope: Scope) -> Judged:
    """`if items | length` and `if coupon | default('')` tell of what they measure or replace."""
    shape = reader.shape(node, scope)
    replaces_by_false = node.name in _DEFAULTS and all(_is_false(argument) for argument in node.args)
    if node.name in _LENGTHS or replaces_by_false:
        return Judged(shape, _with(scope, _of_path(reader, node.node, scope), FILLED), scope)
    return judged_by_value(shape, scope)


def _compared(reader: Reader, sign: str, left: AbstractValue, right: AbstractValue, line: int) -> None:
    if sign in {"eq", "ne"}:
        reader.report.present(left, line)
        reader.report.present(right, line)
    elif sign in {"in", "notin"}:
        container = reader.report.usable(right, line, SIZED, "`in` needs")
        needed = TEXT_KINDS if Kind.STRING in container.kinds else ALL
        _asked(reader, left, line, needed, "`in` with a text needs")
    else:
        left = reader.report.usable(left, line, COMPARABLE, "an order needs")
        # Texts have no order with numbers: where the left one may be either, it is asked to be a number.
        kinds = TEXT_KINDS if left.kinds == TEXT_KINDS else NUMERIC
        reader.report.usable(left, line, kinds, "an order needs")
        reader.report.usable(right, line, kinds, "an order with such a value needs")


def _judged_equality(sign: str, value: object, left: AbstractValue, scope: Scope) -> Judged:
    if sign not in {"eq", "ne"} or type(value) not in _EQUAL_KINDS:
        return Judged(BOOLEAN, scope, scope)
    same = _with(scope, left, Fact(_EQUAL_KINDS[type(value)]))
    other = _with(scope, left, NOT_NULL) if value is None else scope
    return Judged(BOOLEAN, same, other) if sign == "eq" else Judged(BOOLEAN, other, same)


def _judged_length(reader: Reader, sign: str, value: object, node: nodes.Filter, scope: Scope) -> Judged:
    filled = _with(scope, _of_path(reader, node.node, scope), FILLED)
    if (sign, value) in {("gt", 0), ("gteq", 1), ("ne", 0)}:
        return Judged(BOOLEAN, filled, scope)
    if (sign, value) in {("eq", 0), ("lt", 1), ("lteq", 0)}:
        return Judged(BOOLEAN, scope, filled)
    return Judged(BOOLEAN, scope, scope)


def _of_path(reader: Reader, node: nodes.Expr | None, scope: Scope) -> AbstractValue:
    """The shape of a plain path, which is cheap to read twice; of anything else nothing is known."""
    return reader.shape(node, scope) if node is not None and is_path(node) else ANY


def is_path(node: nodes.Node) -> bool:
    if isinstance(node, nodes.Getattr):
        return is_path(node.node)
    if isinstance(node, nodes.Getitem):
        return isinstance(node.arg, nodes.Const) and is_path(node.node)
    return isinstance(node, nodes.Name)


def _is_false(node: nodes.Expr) -> bool:
    return isinstance(node, nodes.Const) and not node.value


#: What a value can be that equals a constant of the type. To Python, true is 1.
_EQUAL_KINDS: Mapping[type, Kinds] = {
    bool: frozenset({Kind.NUMBER, Kind.BOOLEAN}),
    float: frozenset({Kind.NUMBER, Kind.BOOLEAN}),
    int: frozenset({Kind.NUMBER, Kind.BOOLEAN}),
    str: TEXT_KINDS,
    type(None): frozenset({Kind.NULL}),
}


def _asked(reader: Reader, shape: AbstractValue, line: int, kinds: Kinds, use: str) -> None:
    if Kind.NULL in kinds:
        reader.report.present(shape, line)
    else:
        reader.report.usable(shape, line, kinds, use)


def _with(scope: Scope, shape: AbstractValue, fact: Fact | None) -> Scope:
    """With what the condition tells of the value, where there is something to tell."""
    return scope if fact is None else scope.with_fact(shape.place, fact)
