"""Walks through the tree of a rule and follows what its parts may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clarion_server.adapters.conditions.reads import INDEX
from clarion_server.adapters.conditions.syntax_tree import Call, Constant, Literal, Loop, Name, Node, Select
from clarion_server.adapters.rendering.inference.abstract_values import AbstractValue
from clarion_server.adapters.rendering.inference.json_types import NOT_NULL
from clarion_server.adapters.rendering.inference.missing import Cause, MissingReason
from clarion_server.adapters.targeting.operators import AND, CHOICE, CONSTANTS, OPERATORS, OR, Operator
from clarion_server.adapters.targeting.presence import FILLED, NOTHING, PresenceReader, Present
from clarion_server.adapters.targeting.value_types import (
    BOOLS,
    LISTS,
    MAPS,
    NUMBERS,
    TEXTS,
    UNKNOWN,
    CelType,
    CelTypes,
    TypedValue,
    in_words,
    typed,
)
from clarion_server.domain.finding import FindingCode, Severity

_ARITHMETIC = {"_+_", "_-_", "_*_", "_/_"}


@dataclass(frozen=True, slots=True)
class Problem:
    """Is what is wrong with a part of a rule."""

    node: Node
    code: FindingCode
    message: str
    remedy: str

    @property
    def severity(self) -> Severity:
        return Severity.WARNING if self.code is FindingCode.RULE_MAY_FAIL else Severity.ERROR


class Walk:
    """Collects the problems of one rule."""

    def __init__(self, roots: Mapping[str, AbstractValue]) -> None:
        self._scope = {name: typed(root) for name, root in roots.items()}
        self._roots = roots.keys()
        self._present: Present = NOTHING
        self._problems: dict[tuple[FindingCode, str], Problem] = {}

    @property
    def problems(self) -> list[Problem]:
        return list(self._problems.values())

    def value(self, node: Node) -> TypedValue:
        """Returns what is known of a part's value, and collects its problems."""
        found = UNKNOWN
        match node:
            case Constant(kind=kind):
                found = TypedValue(CONSTANTS[kind])
            case Name(name=name):
                found = self._scope.get(name, TypedValue(TEXTS) if name.startswith("recipient.") else UNKNOWN)
            case Select():
                found = self._select(node)
            case Literal(parts=parts):
                for part in parts:
                    self.value(part)
                # Lists and objects written out are told apart by nothing that is needed here.
                found = TypedValue(LISTS | MAPS, is_promised=False)
            case Loop():
                found = self._loop(node)
            case Call(function=function) if function in {AND, OR}:
                found = self._joined(node)
            case Call(function=function) if function == CHOICE:
                found = self._choice(node)
            case Call():
                found = self._call(node)
        return found

    def _select(self, node: Select) -> TypedValue:
        member = self._member(node, self.value(node.operand), node.field)
        if node.is_test:
            self._check_known(node, member)
            return TypedValue(BOOLS)
        return self._read(node, member)

    def _joined(self, node: Call) -> TypedValue:
        """Follows `&&` or `||`. The error of one side is left out when another one decides: each guards the others."""
        is_true = node.function == AND
        for index, argument in enumerate(node.arguments):
            known = NOTHING
            for other_index, other in enumerate(node.arguments):
                if other_index != index:
                    # Two that may fail do not guard each other: only the first one guards the second.
                    known |= self._learned(other, is_true=is_true, may_fail=other_index < index)
            self._check(argument, self._value_given(argument, known), BOOLS, "a condition")
        return TypedValue(BOOLS)

    def _choice(self, node: Call) -> TypedValue:
        condition, then, otherwise = node.arguments
        self._check(condition, self.value(condition), BOOLS, "a condition")
        first = self._value_given(then, self._learned(condition, is_true=True))
        second = self._value_given(otherwise, self._learned(condition, is_true=False))
        return TypedValue(first.types | second.types, first.is_promised and second.is_promised)

    def _call(self, node: Call) -> TypedValue:
        function, arguments = node.function, node.arguments
        values = [self.value(argument) for argument in arguments]
        if function == INDEX:
            return self._index(node, values[0])
        if function in _ARITHMETIC and self._mixes_numbers(node, values):
            return UNKNOWN
        operator = OPERATORS.get(function)
        if operator is None or len(values) != len(operator.operands):
            return UNKNOWN
        before = len(self._problems)
        for argument, value, allowed in zip(arguments, values, operator.operands, strict=True):
            self._check(argument, value, allowed, operator.words)
        if operator.takes_alike and len(self._problems) == before:
            self._check_alike(node, values, operator)
        if function not in _ARITHMETIC:
            return TypedValue(operator.result)
        types = values[0].types & values[1].types & operator.result
        is_promised = bool(types) and all(value.is_promised for value in values)
        return TypedValue(types or operator.result, is_promised)

    def _loop(self, loop: Loop) -> TypedValue:
        range_ = self.value(loop.range)
        self._check(loop.range, range_, LISTS | MAPS, "a loop")
        element = UNKNOWN
        if range_.data is not None:
            found = range_.data.elements()
            # Within one run the variable always stands for the same element.
            element = typed(AbstractValue(found.alternatives, access_path=(loop.variable,), path=loop.variable))
        start = self.value(loop.start)
        outer, self._scope = self._scope, {**self._scope, loop.variable: element, loop.accumulator: UNKNOWN}
        for step in loop.steps:
            self.value(step)
        result = self.value(loop.result)
        self._scope = outer
        return start if isinstance(loop.result, Name) and start.types == BOOLS else result

    def _index(self, node: Call, operand: TypedValue) -> TypedValue:
        match node.arguments[1]:
            case Constant(text=str(name)):
                return self._read(node, self._member(node, operand, name))
        self._check(node.arguments[0], operand, LISTS | MAPS, "an index")
        if operand.data is None:
            return UNKNOWN
        match node.arguments[1]:
            case Constant(number=int(index)):
                return self._read(node, operand.data.entry(index, f"{operand.data.path}[{index}]"))
        path = f"{operand.data.path}[…]"
        return self._read(node, operand.data.at(AbstractValue((), path=path), path))

    def _member(self, node: Node, operand: TypedValue, name: str) -> AbstractValue | None:
        """Returns a member of a value; None of a value of which nothing is known."""
        if operand.data is None:
            return None
        if operand.is_promised and CelType.MAP not in operand.types:
            what = f"{operand.data.path or 'It'} is {in_words(operand.types)}, and has no members such as '{name}'."
            self._add(node, FindingCode.RULE_WRONG_TYPE, what, "Read a member of an object.")
            return None
        path = operand.data.path
        return operand.data.member(name, f"{path}.{name}" if path else name)

    def _read(self, node: Node, member: AbstractValue | None) -> TypedValue:
        """Returns a member that is read, which must be there."""
        if member is None:
            return UNKNOWN
        if not self._check_known(node, member):
            return UNKNOWN
        if member.missing is not None and member.access_path not in self._present:
            message, remedy = _missing(member.path, member.missing)
            self._add(node, FindingCode.RULE_MAY_FAIL, message, remedy)
        # What was said once is not said of its members too.
        found = member.assume_present()
        if member.access_path is not None and (*member.access_path, FILLED) in self._present:
            found = found.narrow(NOT_NULL)
        return typed(found)

    def _check_known(self, node: Node, member: AbstractValue | None) -> bool:
        """Returns whether the schema has the member, and adds a problem when it has not."""
        if member is None or member.missing is None or member.missing.cause is not Cause.UNKNOWN:
            return True
        message = f"The context schema has no {member.path}.{member.missing.suggestion}"
        self._add(node, FindingCode.RULE_UNKNOWN_NAME, message, "Correct the name, or add it to the schema.")
        return False

    def _value_given(self, node: Node, known: Present) -> TypedValue:
        """Returns what is known of a part where these values are certainly there."""
        outer, self._present = self._present, self._present | known
        value = self.value(node)
        self._present = outer
        return value

    def _learned(self, node: Node, *, is_true: bool, may_fail: bool = True) -> Present:
        return PresenceReader(self._scope, self._roots).learned(node, is_true=is_true, may_fail=may_fail)

    def _check(self, node: Node, value: TypedValue, allowed: CelTypes, what: str) -> None:
        """Adds a problem when a value is not, or may not be, of one of the types."""
        if not value.is_promised or value.types <= allowed:
            return
        name = value.data.path if value.data is not None and value.data.path else "It"
        wanted = in_words(allowed)
        if not value.types & allowed:
            message = f"{name} is {in_words(value.types)}, and {what} takes {wanted}."
            self._add(node, FindingCode.RULE_WRONG_TYPE, message, "Compare or convert it, or correct the name.")
            return
        message = f"{name} may be {in_words(value.types - allowed)}, and {what} takes {wanted}."
        remedy = f"Ask before, as in `{name} != null && …`, or let the context schema exclude it."
        self._add(node, FindingCode.RULE_MAY_FAIL, message, remedy)

    def _check_alike(self, node: Node, values: Sequence[TypedValue], operator: Operator) -> None:
        """Adds a problem when two values are certainly of different types."""
        left, right = (value.types | NUMBERS if value.types & NUMBERS else value.types for value in values)
        if all(value.is_promised for value in values) and not left & right:
            message = f"{operator.words} is between {in_words(values[0].types)} and {in_words(values[1].types)}."
            self._add(node, FindingCode.RULE_WRONG_TYPE, message, "Compare it with a value of its own type.")

    def _mixes_numbers(self, node: Call, values: Sequence[TypedValue]) -> bool:
        """Adds a problem when a number of the data is reckoned with a whole number: there is no such operation."""
        whole = [value.types == {CelType.INT} for value in values]
        of_data = [CelType.INT not in value.types and CelType.DOUBLE in value.types for value in values]
        if not (any(whole) and any(of_data)):
            return False
        literal = node.arguments[whole.index(True)]
        is_literal = isinstance(literal, Constant)
        message = "Numbers of the data are doubles, and are not reckoned with whole ones."
        remedy = "Write the literal with a point, as in 1.0." if is_literal else "Convert it by `double(…)`."
        self._add(node, FindingCode.RULE_WRONG_TYPE, message, remedy)
        return True

    def _add(self, node: Node, code: FindingCode, message: str, remedy: str) -> None:
        self._problems.setdefault((code, message), Problem(node, code, message, remedy))


def _missing(path: str, reason: MissingReason) -> tuple[str, str]:
    """Returns what is wrong with a value that may be missing, and what to do."""
    if reason.cause in {Cause.NULL, Cause.NOT_AN_OBJECT}:
        message = f"{reason.path} may be no object, so that {path} may be missing."
    else:
        message = f"{path} may be missing."
    if reason.cause in {Cause.NOT_REQUIRED, Cause.NULL, Cause.NOT_AN_OBJECT}:
        return message, f"Ask for it first: `has({path}) && …`."
    return message, "Ask for its length or for the key first, or go through the list by `exists`."
