"""The text around the values of a JSON template: where it opens strings, and whether it can be JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum

import orjson
from jinja2 import nodes


class _Position(Enum):
    BETWEEN_STRINGS = 0
    IN_STRING = 1
    BEHIND_BACKSLASH = 2
    UNKNOWN = 3
    """It depends on the data."""


_TO_NEXT_QUOTE = re.compile(r'[^"]*"?')
_TO_STRING_END = re.compile(r'(?:[^"\\]|\\.)*', re.DOTALL)


class JsonSkeleton:
    """Is the text of a JSON template without its values."""

    def __init__(self, tree: nodes.Template) -> None:
        self._body = tree.body
        self._in_strings: set[nodes.Node] = set()
        self._through(tree.body, _Position.BETWEEN_STRINGS)

    def stands_in_string(self, value: nodes.Node) -> bool:
        """Returns whether a value that the template writes surely stands within the quotes of a string."""
        return value in self._in_strings

    def fault(self) -> tuple[int, str] | None:
        """Returns the line and the reason when no value can make the text JSON; None where the data may decide.

        Only a template without branches and loops can be judged.
        """
        pieces: list[tuple[int, str]] = []
        for node in self._body:
            if isinstance(node, nodes.Output):
                pieces += [(part.lineno, self._stand_in(part)) for part in node.nodes]
            elif not isinstance(node, nodes.Assign):
                return None
        try:
            orjson.loads("".join(text for _, text in pieces))
        except orjson.JSONDecodeError as error:
            return _line_at(error.pos, pieces), error.msg
        return None

    def _stand_in(self, part: nodes.Node) -> str:
        if isinstance(part, nodes.TemplateData):
            return part.data
        # A string may stand wherever a value may, and as a key.
        return "0" if self.stands_in_string(part) else '""'

    def _through(self, body: Iterable[nodes.Node], position: _Position) -> _Position:
        """Returns the position behind the body."""
        for node in body:
            position = self._step(node, position)
        return position

    def _step(self, node: nodes.Node, position: _Position) -> _Position:
        if isinstance(node, nodes.Output):
            for part in node.nodes:
                position = self._part(part, position)
        elif isinstance(node, nodes.If):
            bodies = [node.body, *(branch.body for branch in node.elif_), node.else_]
            return _same([self._through(body, position) for body in bodies])
        elif isinstance(node, nodes.For):
            return _same([position, self._through(node.body, position), self._through(node.else_, position)])
        elif isinstance(node, nodes.With):
            return self._through(node.body, position)
        return position

    def _part(self, part: nodes.Node, position: _Position) -> _Position:
        if isinstance(part, nodes.TemplateData):
            return _behind(part.data, position)
        if position in {_Position.IN_STRING, _Position.BEHIND_BACKSLASH}:
            self._in_strings.add(part)
            return _Position.IN_STRING
        return position


def _same(positions: list[_Position]) -> _Position:
    return positions[0] if len(set(positions)) == 1 else _Position.UNKNOWN


def _behind(text: str, position: _Position) -> _Position:
    """Returns the position behind a text that begins at `position`."""
    if position is _Position.UNKNOWN:
        return position
    at, in_string = int(position is _Position.BEHIND_BACKSLASH), position is not _Position.BETWEEN_STRINGS
    while at < len(text):
        if in_string:
            at = _end(_TO_STRING_END, text, at)
            if at < len(text) and text[at] == "\\":
                return _Position.BEHIND_BACKSLASH
            in_string = at >= len(text)
            at += 1
        else:
            at = _end(_TO_NEXT_QUOTE, text, at)
            in_string = text[at - 1] == '"'
    return _Position.IN_STRING if in_string else _Position.BETWEEN_STRINGS


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    assert found is not None, "the pattern matches the empty text"
    return found.end()


def _line_at(position: int, pieces: list[tuple[int, str]]) -> int:
    for line, text in pieces:
        if position < len(text):
            return line + text.count("\n", 0, position)
        position -= len(text)
    return pieces[-1][0] + pieces[-1][1].count("\n") if pieces else 1
