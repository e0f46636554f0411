"""Conditions: which values they take, and what they establish for the branches behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jinja2 import nodes

from clarion_server.adapters.rendering.inference.abstract_values import ANY, BOOLEAN, AbstractValue, any_of
from clarion_server.adapters.rendering.inference.evaluator import Condition, Evaluator, condition_of_value
from clarion_server.adapters.rendering.inference.json_types import (
    ALL,
    COMPARABLE,
    NUMBERS,
    SIZED,
    STRINGS,
    JsonType,
    JsonTypes,
)
from clarion_server.adapters.rendering.inference.scopes import IS_FILLED, IS_NOT_NULL, Fact, Scope, join_scopes
from clarion_server.adapters.rendering.inference.test_rules import TEST_RULES, TestRule
from clarion_server.domain.finding import FindingCode

_LENGTH_FILTERS = frozenset({"count", "length"})
_DEFAULT_FILTERS = frozenset({"d", "default"})


def evaluate_and(evaluator: Evaluator, node: nodes.And, scope: Scope) -> Condition:
    left = evaluator.test(node.left, scope)
    right = evaluator.evaluate_condition(node.right, left.if_true)
    value = any_of([left.value, right.value])
    return Condition(value, right.if_true, join_scopes([left.if_false, right.if_false]))


def evaluate_or(evaluator: Evaluator, node: nodes.Or, scope: Scope) -> Condition:
    left = evaluator.test(node.left, scope)
    right = evaluator.evaluate_condition(node.right, left.if_false)
    value = any_of([left.value.assume_filled(), right.value])
    return Condition(value, join_scopes([left.if_true, right.if_true]), right.if_false)


def evaluate_not(evaluator: Evaluator, node: nodes.Not, scope: Scope) -> Condition:
    inner = evaluator.test(node.node, scope)
    return Condition(BOOLEAN, inner.if_false, inner.if_true)


def evaluate_choice(evaluator: Evaluator, node: nodes.CondExpr, scope: Scope) -> Condition:
    test = evaluator.test(node.test, scope)
    assert node.expr2 is not None, "refused before"
    value = any_of([evaluator.evaluate(node.expr1, test.if_true), evaluator.evaluate(node.expr2, test.if_false)])
    return Condition(value, scope, scope)


def evaluate_test(evaluator: Evaluator, node: nodes.Test, scope: Scope) -> Condition:
    rule = TEST_RULES[node.name]
    value = evaluator.evaluate(node.node, scope)
    check_test(evaluator, rule, node.name, value, node.args, scope, node.lineno)
    return Condition(BOOLEAN, _with_fact(scope, value, rule.if_true), _with_fact(scope, value, rule.if_false))


def check_test(
    evaluator: Evaluator,
    rule: TestRule,
    name: str,
    value: AbstractValue,
    arguments: Sequence[nodes.Expr],
    scope: Scope,
    line: int,
) -> None:
    """Reports when a test does not take the value or the arguments."""
    if rule.may_be_missing:
        evaluator.report.warn_of_unknown(value, line)
    else:
        _require(evaluator, value, line, rule.takes, f"`is {name}` needs")
    if len(arguments) != (rule.argument is not None):
        wanted = "one argument" if rule.argument is not None else "no argument"
        message = f"The test `{name}` takes {wanted}."
        evaluator.report.error(FindingCode.FILTER_ARGUMENT_INVALID, line, message, "Correct the arguments.")
    for argument in arguments:
        _require(evaluator, evaluator.evaluate(argument, scope), line, rule.argument or ALL, f"`is {name}` needs")


def evaluate_comparison(evaluator: Evaluator, node: nodes.Compare, scope: Scope) -> Condition:
    left = evaluator.evaluate(node.expr, scope)
    values = [left, *(evaluator.evaluate(operand.expr, scope) for operand in node.ops)]
    for operand, first, second in zip(node.ops, values, values[1:], strict=False):
        _check_comparison(evaluator, operand.op, first, second, node.lineno)
    operand = node.ops[0]
    if len(node.ops) != 1 or not isinstance(operand.expr, nodes.Const):
        return Condition(BOOLEAN, scope, scope)
    if isinstance(node.expr, nodes.Filter) and node.expr.name in _LENGTH_FILTERS:
        return _evaluate_length(evaluator, operand.op, operand.expr.value, node.expr, scope)
    return _evaluate_equality(operand.op, operand.expr.value, left, scope)


def evaluate_filter(evaluator: Evaluator, node: nodes.Filter, scope: Scope) -> Condition:
    """`if items | length` and `if coupon | default('')` establish something about their input."""
    value = evaluator.evaluate(node, scope)
    replaces_by_false = node.name in _DEFAULT_FILTERS and all(_is_false(argument) for argument in node.args)
    if node.name in _LENGTH_FILTERS or replaces_by_false:
        return Condition(value, _with_fact(scope, _value_of_path(evaluator, node.node, scope), IS_FILLED), scope)
    return condition_of_value(value, scope)


def _check_comparison(evaluator: Evaluator, sign: str, left: AbstractValue, right: AbstractValue, line: int) -> None:
    if sign in {"eq", "ne"}:
        evaluator.report.require_present(left, line)
        evaluator.report.require_present(right, line)
    elif sign in {"in", "notin"}:
        container = evaluator.report.require(right, line, SIZED, "`in` needs")
        needed = STRINGS if JsonType.STRING in container.types else ALL
        _require(evaluator, left, line, needed, "`in` with a text needs")
    else:
        left = evaluator.report.require(left, line, COMPARABLE, "an order needs")
        # Texts have no order with numbers: where the left one may be either, a number is required.
        types = STRINGS if left.types == STRINGS else NUMBERS
        evaluator.report.require(left, line, types, "an order needs")
        evaluator.report.require(right, line, types, "an order with such a value needs")


def _evaluate_equality(sign: str, constant: object, left: AbstractValue, scope: Scope) -> Condition:
    if sign not in {"eq", "ne"} or type(constant) not in _EQUAL_TYPES:
        return Condition(BOOLEAN, scope, scope)
    same = _with_fact(scope, left, Fact(_EQUAL_TYPES[type(constant)]))
    other = _with_fact(scope, left, IS_NOT_NULL) if constant is None else scope
    return Condition(BOOLEAN, same, other) if sign == "eq" else Condition(BOOLEAN, other, same)


def _evaluate_length(evaluator: Evaluator, sign: str, constant: object, node: nodes.Filter, scope: Scope) -> Condition:
    filled = _with_fact(scope, _value_of_path(evaluator, node.node, scope), IS_FILLED)
    if (sign, constant) in {("gt", 0), ("gteq", 1), ("ne", 0)}:
        return Condition(BOOLEAN, filled, scope)
    if (sign, constant) in {("eq", 0), ("lt", 1), ("lteq", 0)}:
        return Condition(BOOLEAN, scope, filled)
    return Condition(BOOLEAN, scope, scope)


def _value_of_path(evaluator: Evaluator, node: nodes.Expr | None, scope: Scope) -> AbstractValue:
    """Returns the value of a plain path, which costs little to evaluate twice, and nothing about other expressions."""
    return evaluator.evaluate(node, scope) if node is not None and _is_path(node) else ANY


def _is_path(node: nodes.Node) -> bool:
    if isinstance(node, nodes.Getattr):
        return _is_path(node.node)
    if isinstance(node, nodes.Getitem):
        return isinstance(node.arg, nodes.Const) and _is_path(node.node)
    return isinstance(node, nodes.Name)


def _is_false(node: nodes.Expr) -> bool:
    return isinstance(node, nodes.Const) and not node.value


#: Holds the types of values that may equal a constant of the class. To Python, true equals 1.
_EQUAL_TYPES: Mapping[type, JsonTypes] = {
    **dict.fromkeys((bool, float, int), NUMBERS | {JsonType.BOOLEAN}),
    str: STRINGS,
    type(None): frozenset({JsonType.NULL}),
}


def _require(evaluator: Evaluator, value: AbstractValue, line: int, types: JsonTypes, use: str) -> None:
    if JsonType.NULL in types:
        evaluator.report.require_present(value, line)
    else:
        evaluator.report.require(value, line, types, use)


def _with_fact(scope: Scope, value: AbstractValue, fact: Fact | None) -> Scope:
    return scope if fact is None else scope.with_fact(value.access_path, fact)
