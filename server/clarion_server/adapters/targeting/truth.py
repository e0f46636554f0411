"""Finds conditions that are true or false of everybody."""

from __future__ import annotations

from enum import Enum

from clarion_server.adapters.conditions.syntax_tree import Call, Constant, Node
from clarion_server.adapters.targeting.operators import AND, NOT, OR


class Truth(Enum):
    TRUE = "TRUE"
    FALSE = "FALSE"
    UNKNOWN = "UNKNOWN"


def truth_of(node: Node) -> Truth:
    """Returns whether a condition is true or false of everybody."""
    match node:
        case Constant(kind="bool", is_true=is_true):
            return Truth.TRUE if is_true else Truth.FALSE
        case Call(function=function, arguments=(operand,)) if function == NOT:
            return {Truth.TRUE: Truth.FALSE, Truth.FALSE: Truth.TRUE}.get(truth_of(operand), Truth.UNKNOWN)
        case Call(function=function, arguments=arguments) if function in {AND, OR}:
            decides, other = (Truth.FALSE, Truth.TRUE) if function == AND else (Truth.TRUE, Truth.FALSE)
            truths = [truth_of(each) for each in arguments]
            if decides in truths:
                return decides
            return other if all(each is other for each in truths) else Truth.UNKNOWN
        case _:
            return Truth.UNKNOWN
