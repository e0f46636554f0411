"""The use of translations by templates, as far as review can prove it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jinja2 import nodes

from clarion_server.adapters.rendering.inference.abstract_values import AbstractValue
from clarion_server.adapters.rendering.inference.evaluator import Evaluator
from clarion_server.adapters.rendering.inference.json_types import NUMBERS, STRINGS
from clarion_server.adapters.rendering.inference.scopes import Scope
from clarion_server.adapters.rendering.templates.texts import NUMERAL
from clarion_server.domain.content.translations import COUNT
from clarion_server.domain.finding import FindingCode


@dataclass(frozen=True, slots=True)
class TextUse:
    """Is a call of `t` with one key."""

    key: str
    line: int
    arguments: frozenset[str]
    is_whole: bool
    """Says whether its count is certainly a whole number, or it has none."""


def review_call(evaluator: Evaluator, node: nodes.Call, scope: Scope) -> list[TextUse]:
    """Reports what is wrong with the arguments of a call, and returns the texts that it may write."""
    is_whole = True
    for argument in node.kwargs:
        if argument.key == COUNT:
            is_whole = _is_whole(evaluator, argument.value, scope)
        else:
            evaluator.report.require_printable(evaluator.evaluate(argument.value, scope), argument.value.lineno)
    keys = _keys(evaluator, node.args[0], scope)
    if keys is None:
        message = "Nobody knows all keys that this call may have, so that no text can be proven to be there."
        remedy = 'Write the key out, or join it with a value of an enum: `t("state." ~ context.state)`.'
        evaluator.report.error(FindingCode.TRANSLATION_KEY_DYNAMIC, node.lineno, message, remedy)
    arguments = frozenset(argument.key for argument in node.kwargs)
    return [TextUse(key, node.lineno, arguments, is_whole) for key in keys or ()]


def _is_whole(evaluator: Evaluator, node: nodes.Expr, scope: Scope) -> bool:
    """Reports a count that is no number, and returns whether it is certainly a whole one."""
    value = evaluator.require(node, scope, NUMBERS | STRINGS, "a count needs")
    if isinstance(node, nodes.Const):
        if isinstance(node.value, str) and not NUMERAL.fullmatch(node.value):
            message, remedy = f"The count '{node.value}' is no number.", "Give a number, or a text such as '1.0'."
            evaluator.report.error(FindingCode.VARIABLE_WRONG_TYPE, node.lineno, message, remedy)
        return isinstance(node.value, int)
    return all(any(schema.get("type") == "integer" for schema in each) for each in value.alternatives)


def _keys(evaluator: Evaluator, node: nodes.Expr, scope: Scope) -> list[str] | None:
    """Returns the keys that an expression may come to; None when they cannot be counted."""
    if isinstance(node, nodes.Const):
        return [node.value] if isinstance(node.value, str) else None
    if isinstance(node, nodes.Concat):
        return _joined([_keys(evaluator, part, scope) for part in node.nodes])
    if isinstance(node, nodes.Add):
        return _joined([_keys(evaluator, part, scope) for part in (node.left, node.right)])
    value = evaluator.report.require_present(evaluator.evaluate(node, scope), node.lineno)
    return _members(value)


def _joined(parts: Sequence[list[str] | None]) -> list[str] | None:
    keys = [""]
    for part in parts:
        if part is None:
            return None
        keys = [before + after for before in keys for after in part]
    return keys


def _members(value: AbstractValue) -> list[str] | None:
    """Returns the texts that an enum allows."""
    members: list[str] = []
    for conjunction in value.alternatives:
        enums: list[list[str]] = [schema["enum"] for schema in conjunction if "enum" in schema]
        enums += [[schema["const"]] for schema in conjunction if "const" in schema]
        if not enums:
            return None
        members += enums[0]
    return members if all(isinstance(each, str) for each in members) else None
