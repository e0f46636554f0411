"""Reads the tree of a checked expression.

cel-expr-python shows the tree as the bytes of a protobuf message alone: `cel.expr.CheckedExpr`, inside an `Any`. The
numbers here are those of its fields (https://github.com/google/cel-spec, `proto/cel/expr`). Its Python classes come
with no package that Clarion uses, and so few fields are read that decoding them (protobuf.dev, "Encoding") is shorter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_SIZES = {_FIXED64: 8, _FIXED32: 4}
#: Marks the bytes of a number that others follow.
_CONTINUES = 0x80
#: Negative numbers are written as those from here on.
_NEGATIVE = 1 << 63

_Names = Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Node:
    id: int


@dataclass(frozen=True, slots=True)
class Constant(Node):
    text: str | None
    """Is the value of a text; None for a constant of another type."""
    kind: str = "text"
    """One of `null`, `bool`, `int`, `uint`, `double`, `text` and `bytes`."""
    is_true: bool = False
    """Says whether it is the constant `true`."""
    number: int | None = None
    """Is the value of a whole number that is not negative."""


@dataclass(frozen=True, slots=True)
class Name(Node):
    name: str


@dataclass(frozen=True, slots=True)
class Select(Node):
    operand: Node
    field: str
    is_test: bool = False
    """Says whether it is `has(…)`, which asks whether the member is there."""


@dataclass(frozen=True, slots=True)
class Call(Node):
    function: str
    arguments: tuple[Node, ...]
    """Begin with the receiver, of a function that is written behind one."""


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """Is a list, or a map with its keys and values."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Loop(Node):
    """Is what a macro such as `exists` becomes: it goes through a range and keeps a result."""

    variable: str
    range: Node
    accumulator: str
    start: Node
    steps: tuple[Node, ...]
    """Are evaluated for each element."""
    result: Node


@dataclass(frozen=True, slots=True)
class Tree:
    root: Node
    offsets: dict[int, int]
    """Says where nodes begin, in characters from the start of the text, by their ids."""


# The fields that are read of each message, by their numbers.
_ANY = {2: "value"}
_CHECKED = {4: "root", 5: "source"}
_SOURCE = {4: "position"}
_ENTRY = {1: "key", 2: "value"}
_NODE = {2: "id", 3: "constant", 4: "name", 5: "select", 6: "call", 7: "list", 8: "map", 9: "loop"}
_CONSTANT = {1: "null", 2: "bool", 3: "int", 4: "uint", 5: "double", 6: "text", 7: "bytes"}
_NAME = {1: "name"}
_SELECT = {1: "operand", 2: "field", 3: "test"}
# The receiver stands before the arguments.
_CALL = {1: "argument", 2: "function", 3: "argument"}
_LIST = {1: "part"}
_MAP = {2: "entry"}
_MAP_ENTRY = {3: "part", 4: "part"}
_LOOP = {1: "variable", 2: "range", 3: "accumulator", 4: "start", 5: "condition", 6: "step", 7: "result"}


def read_tree(serialized: bytes) -> Tree:
    checked = _message(_message(serialized, _ANY)["value"], _CHECKED)
    entries = [_message(entry, _ENTRY) for entry in _all(checked["source"], _SOURCE, "position")]
    return Tree(_node(checked["root"]), {entry["key"]: entry.get("value", 0) for entry in entries})


def children(node: Node) -> tuple[Node, ...]:
    match node:
        case Select(operand=operand):
            return (operand,)
        case Call(arguments=arguments):
            return arguments
        case Literal(parts=parts):
            return parts
        case Loop(range=range_, start=start, steps=steps, result=result):
            return (range_, start, *steps, result)
        case _:
            return ()


def nodes(root: Node) -> Iterator[Node]:
    """Yields a node and all nodes below it."""
    yield root
    for child in children(root):
        yield from nodes(child)


def _node(data: bytes) -> Node:
    fields = _message(data, _NODE)
    id_ = fields.pop("id", 0)
    ((kind, value),) = fields.items()
    return _KINDS[kind](id_, value)


def _nodes(data: bytes, names: _Names, name: str) -> tuple[Node, ...]:
    return tuple(map(_node, _all(data, names, name)))


def _constant(id_: int, data: bytes) -> Node:
    ((kind, value),) = _message(data, _CONSTANT).items()
    text = value.decode() if kind == "text" else None
    number = value if kind in {"int", "uint"} and value < _NEGATIVE else None
    return Constant(id_, text, kind, kind == "bool" and bool(value), number)


def _name(id_: int, data: bytes) -> Node:
    return Name(id_, _message(data, _NAME)["name"].decode())


def _select(id_: int, data: bytes) -> Node:
    fields = _message(data, _SELECT)
    return Select(id_, _node(fields["operand"]), fields["field"].decode(), bool(fields.get("test")))


def _call(id_: int, data: bytes) -> Node:
    return Call(id_, _message(data, _CALL)["function"].decode(), _nodes(data, _CALL, "argument"))


def _list(id_: int, data: bytes) -> Node:
    return Literal(id_, _nodes(data, _LIST, "part"))


def _map(id_: int, data: bytes) -> Node:
    entries = _all(data, _MAP, "entry")
    return Literal(id_, tuple(part for entry in entries for part in _nodes(entry, _MAP_ENTRY, "part")))


def _loop(id_: int, data: bytes) -> Node:
    fields = _message(data, _LOOP)
    return Loop(
        id_,
        fields["variable"].decode(),
        _node(fields["range"]),
        fields["accumulator"].decode(),
        _node(fields["start"]),
        (_node(fields["condition"]), _node(fields["step"])),
        _node(fields["result"]),
    )


_KINDS: Mapping[str, Callable[[int, bytes], Node]] = {
    "constant": _constant,
    "name": _name,
    "select": _select,
    "call": _call,
    "list": _list,
    "map": _map,
    "loop": _loop,
}


def _message(data: bytes, names: _Names) -> dict[str, Any]:
    """Returns the named fields of a message, each of which it has once at most."""
    return {names[number]: value for number, value in _fields(data) if number in names}


def _all(data: bytes, names: _Names, name: str) -> list[bytes]:
    """Returns the values of a repeated field, in their order."""
    return [value for number, value in _fields(data) if names.get(number) == name]


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """Yields the numbers and values of a message's fields: numbers as such, everything else as bytes."""
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        kind = tag & 7
        if kind == _VARINT:
            value, position = _varint(data, position)
            yield tag >> 3, value
            continue
        size, position = _varint(data, position) if kind == _BYTES else (_SIZES[kind], position)
        yield tag >> 3, data[position : position + size]
        position += size


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """Returns the number that begins at the position, and the position behind it."""
    value = shift = 0
    while data[position] & _CONTINUES:
        value |= (data[position] & ~_CONTINUES) << shift
        position, shift = position + 1, shift + 7
    return value | data[position] << shift, position + 1
