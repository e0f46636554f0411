"""Measures a template while it is read, before a tree is made of it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from jinja2 import TemplateSyntaxError
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

from clarion_server.application.background import check_cancelled

#: A template has at most this many names, operators, filters, tags and texts, whose review takes a third of a second.
MOST_NODES = 10_000
#: Holds the levels of brackets in brackets and nodes in nodes; Python's own compiler gives up at about a hundred
#: brackets.
DEEPEST = 60
MOST_TOKENS = 4 * MOST_NODES
_LONGEST_NAME = 200
_TOKENS_BETWEEN_CHECKS = 1_000
_TAG_BEGINNINGS = frozenset({"block_begin", "variable_begin"})
_OPENING = frozenset({"lbrace", "lbracket", "lparen"})
_CLOSING = frozenset({"rbrace", "rbracket", "rparen"})


class TemplateTooLarge(TemplateSyntaxError):
    """The template goes beyond a limit; nothing is wrong with its syntax."""


#: Is the author's line of each tag of the source that is parsed now, when building moved them.
_LINES: ContextVar[tuple[int, ...]] = ContextVar("lines", default=())


@contextmanager
def tag_lines(lines: tuple[int, ...]) -> Iterator[None]:
    """Lets the parser number the tags of a built source by the author's lines. Nothing is renumbered without lines."""
    token = _LINES.set(lines)
    try:
        yield
    finally:
        _LINES.reset(token)


class SourceLimits(Extension):
    """Stops the parser at the first token beyond a limit, and gives tags the lines of their author's source."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        depth = 0
        lines = _LINES.get()
        for count, token in enumerate(_renumbered(stream, lines) if lines else stream, 1):
            if not count % _TOKENS_BETWEEN_CHECKS:
                check_cancelled()
            depth += (token.type in _OPENING) - (token.type in _CLOSING)
            if count > MOST_TOKENS:
                message = f"The template has more than {MOST_TOKENS:,} names, signs, tags and texts."
                raise TemplateTooLarge(message, token.lineno)
            if depth > DEEPEST:
                raise TemplateTooLarge("The template is nested too deeply.", token.lineno)
            if token.type == "name" and len(token.value) > _LONGEST_NAME:
                raise TemplateTooLarge(f"A name is longer than {_LONGEST_NAME} characters.", token.lineno)
            if token.type == "float" and math.isinf(token.value):  # type: ignore[arg-type] # a float, for this type
                # Jinja2 would write it as the name `inf`.
                raise TemplateTooLarge("A number is larger than a double can hold.", token.lineno)
            yield token


def _renumbered(stream: TokenStream, lines: tuple[int, ...]) -> Iterator[Token]:
    """A text gets the line of the tag before it."""
    numbers, offset = iter(lines), 0
    for token in stream:
        if token.type in _TAG_BEGINNINGS:
            offset = next(numbers, token.lineno) - token.lineno
        yield token._replace(lineno=token.lineno + offset)
