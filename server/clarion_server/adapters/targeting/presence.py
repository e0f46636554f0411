"""Finds out which values are certainly there when a condition is true, or false."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet

from clarion_server.adapters.conditions.reads import INDEX
from clarion_server.adapters.conditions.syntax_tree import Call, Constant, Loop, Name, Node, Select, children
from clarion_server.adapters.targeting.operators import AND, CHOICE, IN, NOT, OR
from clarion_server.adapters.targeting.value_types import TypedValue

#: Holds the access paths of values that are certainly there.
Present = frozenset[tuple[object, ...]]
NOTHING: Present = frozenset()
#: Ends the path of a value that is not null either.
FILLED = object()
#: More entries of a list are not followed one by one.
_MOST_ENTRIES = 20


class PresenceReader:
    """Reads from conditions which values are there."""

    def __init__(self, scope: Mapping[str, TypedValue], roots: AbstractSet[str]) -> None:
        """`scope` holds the values that names stand for. Those of `roots` are always there."""
        self._scope = scope
        self._roots = roots

    def learned(self, node: Node, *, is_true: bool, may_fail: bool = True) -> Present:
        """Returns the values that are certainly there when a condition is true, or false.

        `may_fail` says whether the condition may fail when they are not there.
        """
        found = NOTHING
        match node:
            case Call(function=function, arguments=(operand,)) if function == NOT:
                found = self.learned(operand, is_true=not is_true, may_fail=may_fail)
            case Call(function=function, arguments=arguments) if function in {AND, OR}:
                if is_true is (function == AND):
                    learned = (self.learned(each, is_true=is_true, may_fail=may_fail) for each in arguments)
                    found = NOTHING.union(*learned)
            case Select(is_test=True, operand=operand):
                # The condition is neither true nor false when its evaluation fails, so whatever holds the member is
                # there.
                if may_fail or (isinstance(operand, Name) and operand.name in self._roots):
                    found = self._steps_of(node) if is_true else self._steps_of(operand)
            case Loop() | Call(function="_?_:_"):
                pass
            case _ if may_fail:
                found = NOTHING.union(*(self._steps_of(each) for each in _strict_reads(node)))
                found |= self._compared(node, is_true=is_true)
        return found

    def _compared(self, node: Node, *, is_true: bool) -> Present:
        """Returns the values that a comparison with null, with a length or with the keys of an object shows to be
        there.
        """
        steps: tuple[object, ...] | None = None
        shown: Iterable[object] = ()
        match node:
            case Call(function="_!=_", arguments=(operand, Constant(kind="null"))) if is_true:
                steps, shown = self._steps(operand), [FILLED]
            case Call(function="_==_", arguments=(operand, Constant(kind="null"))) if not is_true:
                steps, shown = self._steps(operand), [FILLED]
            case Call(function=function, arguments=(Constant(text=str(name)), operand)) if function == IN and is_true:
                steps, shown = self._steps(operand), [name]
            case Call(function="_>_", arguments=(Call(function="size", arguments=(operand,)), Constant(number=int(n)))):
                steps, shown = self._steps(operand), range(min(n + 1, _MOST_ENTRIES) if is_true else 0)
            case Call(
                function="_>=_", arguments=(Call(function="size", arguments=(operand,)), Constant(number=int(n)))
            ):
                steps, shown = self._steps(operand), range(min(n, _MOST_ENTRIES) if is_true else 0)
        return NOTHING if steps is None else frozenset((*steps, step) for step in shown)

    def _steps_of(self, node: Node) -> Present:
        """Returns the paths of a value and of all values that lead to it."""
        steps = self._steps(node)
        return NOTHING if steps is None else frozenset(steps[:end] for end in range(1, len(steps) + 1))

    def _steps(self, node: Node) -> tuple[object, ...] | None:
        """Returns the access path of a value; None for one that has none."""
        match node:
            case Name(name=name):
                value = self._scope.get(name)
                return None if value is None or value.data is None else value.data.access_path
            case Select(operand=operand, field=field):
                steps = self._steps(operand)
                return None if steps is None else (*steps, field)
            case Call(function=function, arguments=(operand, Constant(text=str(key)))) if function == INDEX:
                steps = self._steps(operand)
                return None if steps is None else (*steps, key)
            case _:
                return None


def _strict_reads(node: Node) -> Iterator[Node]:
    """Yields the members that a part certainly reads when its evaluation does not fail."""
    match node:
        case Select(is_test=True, operand=operand):
            yield operand
        case Select() | Name():
            yield node
        case Call(function=function) if function in {AND, OR, CHOICE}:
            return
        case Loop(range=range_):
            yield from _strict_reads(range_)
        case _:
            if isinstance(node, Call) and node.function == INDEX:
                yield node
            for child in children(node):
                yield from _strict_reads(child)
