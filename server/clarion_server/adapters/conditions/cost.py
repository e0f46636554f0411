"""Bounds what an evaluation may cost, whatever the profile.

An evaluation holds Python's interpreter lock and cannot be interrupted, so that a condition is refused whose largest
cost is too high. The unit is about 8 ns: what the library takes for the fourth part of a node, for 64 bytes that it
searches, or for 8 bytes that it compares. Sizes are in bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from clarion_server.adapters.conditions.names import ATTRIBUTES
from clarion_server.adapters.conditions.syntax_tree import Call, Constant, Literal, Loop, Name, Node, Select
from clarion_server.domain.people.profile import MAX_ATTRIBUTES

#: Limits the cost of a condition: 50 ms.
MAX_COST = 6_000_000

#: Is the most elements of a list or map of the attributes, for a condition with a loop that makes a list.
MAX_GROWN = 500

_NODE = 4
#: The library copies the list that a loop makes for every element that is added: the cost for each element copied.
_COPY = 12
#: Says how often all loops of an evaluation run together. The library ends it then (`comprehension_max_iterations`).
_ITERATIONS = 10_000
#: Is the largest other value: a locale, or the name of a time zone.
_SHORT = 64

_CostAndSize = tuple[int, int]


class _Variable(NamedTuple):
    """Is the variable of a loop."""

    depth: int
    """Says how many loops it is in."""
    mean: int
    """Is its mean size over all runs. In an outermost loop all elements together are as large as the range."""
    largest: int

    def size_at(self, depth: int) -> int:
        """Returns the size to count with. A loop within the loop may go through the largest element each time."""
        return self.mean if depth == self.depth else self.largest


_Scope = Mapping[str, _Variable]


#: Are the largest values that the names of a condition stand for, apart from short ones.
SIZES: Mapping[str, int] = {ATTRIBUTES: MAX_ATTRIBUTES}


def cost_of(root: Node, sizes: Mapping[str, int] = SIZES) -> int:
    """Returns the highest cost of an evaluation. `sizes` are those of the largest values that names stand for."""
    estimate = _Estimate(sizes)
    estimate.size_of(root, {}, 0)
    return estimate.once + _ITERATIONS * estimate.each


def makes_list(loop: Loop) -> bool:
    """Returns whether a loop is of `map` or `filter`."""
    return isinstance(loop.start, Literal)


class _Estimate:
    def __init__(self, sizes: Mapping[str, int]) -> None:
        self._sizes = sizes
        self.once = 0
        """The cost outside of loops."""
        self.each = 0
        """The cost of one run of every loop."""

    def size_of(self, node: Node, scope: _Scope, depth: int) -> int:
        """Returns the largest size of a node's value, and adds what it costs."""
        self._add(_NODE, depth)
        match node:
            case Constant(text=text):
                return len(text or "") + 1
            case Name(name=name):
                variable = scope.get(name)
                return self._sizes.get(name, _SHORT) if variable is None else variable.size_at(depth)
            case Select(operand=operand):
                return self.size_of(operand, scope, depth)
            case Literal(parts=parts):
                return 1 + sum(self.size_of(part, scope, depth) for part in parts)
            case Loop():
                return self._loop(node, scope, depth)
            case Call(function=function, arguments=arguments):
                sizes = [self.size_of(argument, scope, depth) for argument in arguments]
                cost, size = _CALLS.get(function, _other)(sizes)
                self._add(cost, depth)
                return size
        raise TypeError(node)

    def _loop(self, loop: Loop, scope: _Scope, depth: int) -> int:
        range_size = self.size_of(loop.range, scope, depth)
        mean = range_size if depth else range_size // _ITERATIONS + 1
        variable = _Variable(depth + 1, mean, range_size)
        self.size_of(loop.start, scope, depth)
        # A list as the result is counted apart from the steps.
        inner = {**scope, loop.variable: variable, loop.accumulator: _Variable(depth + 1, 1, 1)}
        grown = max(self.size_of(step, inner, depth + 1) for step in loop.steps)
        size = 1
        if makes_list(loop):
            size = grown * _ITERATIONS
            self._grow(range_size, depth)
        return self.size_of(loop.result, {**scope, loop.accumulator: _Variable(depth, size, size)}, depth)

    def _grow(self, range_size: int, depth: int) -> None:
        """Adds what copying costs in a loop that makes a list. On average, half of it is there."""
        # What is made of several attributes may have the elements of all of them.
        elements = min(range_size, _ITERATIONS, MAX_GROWN * -(-range_size // MAX_ATTRIBUTES))
        self._add(elements * _COPY // 2 * (1 if depth else elements), depth)

    def _add(self, cost: int, depth: int) -> None:
        if depth:
            self.each += cost
        else:
            self.once += cost


def _compare(sizes: Sequence[int]) -> _CostAndSize:
    return min(sizes) // 8, 1


def _matches(sizes: Sequence[int]) -> _CostAndSize:
    # The pattern is compiled for each call, and may take a step for each of its characters.
    text, pattern = sizes
    return (100 + 2 * text) * pattern, 1


def _other(sizes: Sequence[int]) -> _CostAndSize:
    """Returns the cost of an operator such as `in`, which compares with each element, or `+`."""
    return sum(sizes), sum(sizes) + _SHORT


#: By function: the cost of a call beside that of its arguments, and the largest size of its value.
_CALLS: Mapping[str, Callable[[Sequence[int]], _CostAndSize]] = {
    **dict.fromkeys(("_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_"), _compare),
    **dict.fromkeys(("_&&_", "_||_", "!_", "@not_strictly_false"), lambda _: (0, 1)),
    "_?_:_": lambda sizes: (0, max(sizes[1:])),
    "_[_]": lambda sizes: (0, sizes[0]),
    "startsWith": lambda sizes: (sizes[1] // 64, 1),
    "endsWith": lambda sizes: (sizes[1] // 64, 1),
    "contains": lambda sizes: ((sizes[0] // 64 + 1) * (sizes[1] // 64 + 1), 1),
    "matches": _matches,
    "size": lambda sizes: (sizes[0] // 64, 1),
}
