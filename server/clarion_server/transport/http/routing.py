"""Finds the binding that a request's method and path ask for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote_to_bytes

from clarion_server.transport.http.bindings import ANY_METHOD, Binding
from clarion_server.transport.http.path_templates import Variable, Wildcard


class RouteUnknown(Exception):
    """No binding has the path, or none of those that have it takes the method."""

    def __init__(self, allowed: frozenset[str]) -> None:
        """`allowed`: the HTTP methods of the path; empty when the path is unknown."""
        super().__init__()
        self.allowed = allowed


class PathMalformed(Exception):
    """The percent-encoded bytes of the path are not UTF-8."""


class RoutesClash(ValueError):
    """Two bindings have the same HTTP method and path. The text names both."""


@dataclass(slots=True)
class _Node:
    """Is a node of the tree of all templates. Each edge is a segment."""

    literals: dict[str, _Node] = field(default_factory=dict)
    one: _Node | None = None
    rest: _Node | None = None
    bindings: dict[str, dict[str, Binding]] = field(default_factory=dict)
    """Holds the bindings whose templates end here, by verb and HTTP method."""


#: Holds the fields that the path sets, with their values.
Captures = list[tuple[tuple[str, ...], str]]

_SLASH_ESCAPES: Final = ("%2F", "%2f")


class Router:
    """Finds bindings. Where several templates match, a literal wins over `*`, and `*` over `**`, from left to right."""

    def __init__(self, bindings: Iterable[Binding]) -> None:
        """Raises RoutesClash."""
        self._root = _Node()
        self._verbs: set[str] = set()
        for binding in bindings:
            self._add(binding)

    def _add(self, binding: Binding) -> None:
        node = self._root
        self._verbs.add(binding.template.verb)
        for segment in binding.template.segments:
            if segment is Wildcard.ONE:
                node.one = node.one or _Node()
                node = node.one
            elif segment is Wildcard.REST:
                node.rest = node.rest or _Node()
                node = node.rest
            else:
                node = node.literals.setdefault(segment, _Node())
        by_method = node.bindings.setdefault(binding.template.verb, {})
        other = by_method.setdefault(binding.http_method, binding)
        if other is not binding:
            raise RoutesClash(f"{other.path} and {binding.path} have the same URL and HTTP method.")

    def find(self, http_method: str, raw_path: str) -> tuple[Binding, Captures]:
        """Takes with `raw_path` the percent-encoded path, without the query. Raises RouteUnknown and PathMalformed."""
        segments = raw_path[1:].split("/")
        head, _, verb = segments[-1].rpartition(":")
        verb = _decoded(verb)
        if head and verb in self._verbs:
            segments[-1] = head
        else:
            # Any other colon is a part of the segment.
            verb = ""
        allowed: set[str] = set()
        for by_method in self._ends(segments, verb):
            if binding := by_method.get(http_method) or by_method.get(ANY_METHOD):
                return binding, _captures(binding, segments)
            allowed |= by_method.keys()
        raise RouteUnknown(frozenset(allowed))

    def _ends(self, segments: list[str], verb: str) -> Iterator[dict[str, Binding]]:
        """Yields the bindings of the templates that match, the best match first."""
        decoded = [_decoded(segment) if "%" in segment else segment for segment in segments]
        for node in _walk(self._root, decoded, 0):
            if by_method := node.bindings.get(verb):
                yield by_method


def _walk(node: _Node, segments: list[str], index: int) -> Iterator[_Node]:
    if index == len(segments):
        yield node
    else:
        segment = segments[index]
        if (literal := node.literals.get(segment)) is not None:
            yield from _walk(literal, segments, index + 1)
        if segment and node.one is not None:
            yield from _walk(node.one, segments, index + 1)
    if node.rest is not None:
        yield node.rest


def _captures(binding: Binding, segments: list[str]) -> Captures:
    return [(variable.field, _value(variable, segments)) for variable in binding.template.variables]


def _value(variable: Variable, segments: list[str]) -> str:
    """Decodes the value. In a value of several segments an encoded slash stays encoded, or it would separate them."""
    if variable.is_one_segment:
        return _decoded(segments[variable.start])
    return "/".join(_decoded_between_slashes(segment) for segment in segments[variable.start : variable.end])


def _decoded_between_slashes(segment: str) -> str:
    for escape in _SLASH_ESCAPES:
        if escape in segment:
            return escape.join(_decoded_between_slashes(part) for part in segment.split(escape))
    return _decoded(segment)


def _decoded(segment: str) -> str:
    if "%" not in segment:
        return segment
    try:
        return unquote_to_bytes(segment).decode()
    except UnicodeDecodeError:
        raise PathMalformed from None
