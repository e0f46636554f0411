"""Parses path templates, as google/api/http.proto defines them.

Template  = "/" Segments [ Verb ] ;
Segments  = Segment { "/" Segment } ;
Segment   = "*" | "**" | LITERAL | Variable ;
Variable  = "{" FieldPath [ "=" Segments ] "}" ;
FieldPath = IDENT { "." IDENT } ;
Verb      = ":" LITERAL ;
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final
from urllib.parse import unquote


class TemplateInvalid(ValueError):
    """Is raised when a path template breaks the grammar. The text says where."""


class Wildcard(Enum):
    """Is a segment that matches any text."""

    ONE = "*"
    """Exactly one segment, which is not empty."""
    REST = "**"
    """It matches any number of segments, also none. It is always the last part of a path."""


Segment = str | Wildcard


@dataclass(frozen=True, slots=True)
class Variable:
    """Is the part of a path that is the value of a field."""

    field: tuple[str, ...]
    """Is the path of names to the field."""
    start: int
    """Is the index of its first segment."""
    end: int | None
    """Is the index of the first segment behind it; None when it takes the rest."""

    @property
    def is_one_segment(self) -> bool:
        return self.end == self.start + 1


@dataclass(frozen=True, slots=True)
class Template:
    segments: tuple[Segment, ...]
    """Literals are decoded: `%20` stands here as a space."""
    variables: tuple[Variable, ...]
    verb: str
    """Has no colon. Empty when there is none."""


def parse(text: str) -> Template:
    """Raises TemplateInvalid."""
    return _Parser(text).template()


_IDENT: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LITERAL: Final = re.compile(r"[^/{}*:=?#\s]+")


class _Parser:
    """Is a recursive-descent parser with a method for each rule of the grammar."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._segments: list[Segment] = []
        self._variables: list[Variable] = []

    def template(self) -> Template:
        self._expect("/")
        self._some_segments(within_variable=False)
        verb = self._match(_LITERAL, "a verb") if self._take(":") else ""
        if self._position < len(self._text):
            raise self._invalid("the end")
        if Wildcard.REST in self._segments[:-1]:
            raise TemplateInvalid(f"{self._text}: ** must be the last segment.")
        fields = [variable.field for variable in self._variables]
        if len(set(fields)) < len(fields):
            raise TemplateInvalid(f"{self._text}: a field may be bound once.")
        return Template(tuple(self._segments), tuple(self._variables), verb)

    def _some_segments(self, *, within_variable: bool) -> None:
        self._segment(within_variable)
        while self._take("/"):
            self._segment(within_variable)

    def _segment(self, within_variable: bool) -> None:
        if self._take("**"):
            self._segments.append(Wildcard.REST)
        elif self._take("*"):
            self._segments.append(Wildcard.ONE)
        elif not within_variable and self._take("{"):
            self._variable()
        else:
            self._segments.append(unquote(self._match(_LITERAL, "a segment"), errors="strict"))

    def _variable(self) -> None:
        path = [self._match(_IDENT, "a field")]
        while self._take("."):
            path.append(self._match(_IDENT, "a field"))
        start = len(self._segments)
        if self._take("="):
            self._some_segments(within_variable=True)
        else:
            self._segments.append(Wildcard.ONE)
        self._expect("}")
        end = None if self._segments[-1] is Wildcard.REST else len(self._segments)
        self._variables.append(Variable(tuple(path), start, end))

    def _take(self, token: str) -> bool:
        found = self._text.startswith(token, self._position)
        self._position += len(token) if found else 0
        return found

    def _expect(self, token: str) -> None:
        if not self._take(token):
            raise self._invalid(f"'{token}'")

    def _match(self, pattern: re.Pattern[str], what: str) -> str:
        found = pattern.match(self._text, self._position)
        if found is None:
            raise self._invalid(what)
        self._position = found.end()
        return found[0]

    def _invalid(self, expected: str) -> TemplateInvalid:
        return TemplateInvalid(f"{self._text}: expected {expected} at character {self._position + 1}.")
