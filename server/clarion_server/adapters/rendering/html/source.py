"""Makes the HTML of a template without data: its text, with a mark in place of each tag of the template."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from jinja2 import TemplateSyntaxError

from clarion_server.adapters.rendering.templates.environment import ENVIRONMENTS
from clarion_server.adapters.rendering.templates.escaping import Escaping
from clarion_server.adapters.rendering.templates.source_limits import MOST_TOKENS

#: No characters of HTML. A mark stands on both sides of the names that a template's tag holds.
VALUE = "\ufdd0"
BLOCK = "\ufdd1"
COMMENT = "\ufdd2"
MARKS = f"{VALUE}{BLOCK}{COMMENT}"

_MARKED = re.compile(f"([{MARKS}])[^{MARKS}]*\\1")
_BLOCKS = re.compile(f"([{BLOCK}{COMMENT}])[^{MARKS}]*\\1")
_FOREIGN_MARKS = re.compile(f"[{MARKS}]")
#: Tokens of Jinja2's lexer that begin a tag, and the mark that the tag gets.
_BEGINNINGS = {"variable_begin": VALUE, "block_begin": BLOCK, "comment_begin": COMMENT}
_ENDINGS = frozenset({"variable_end", "block_end", "comment_end"})
_RAW = frozenset({"raw_begin", "raw_end"})
_SIGNS_OF_PATHS = frozenset({".", "|"})
_BRACKETS = frozenset({"(", ")"})
_TO_JSON = "|tojson"


def html_of(source: str) -> str:
    """Returns the HTML with marks, and with the line breaks of the source. It ends where the template's syntax does."""
    return "".join(_pieces(source))


def without_marks(html: str) -> str:
    """Returns HTML without characters that a scanner would take for marks."""
    return _FOREIGN_MARKS.sub("\ufffd", html)


def without_names(html: str, mark: str) -> str:
    """Replaces each mark with its names by `mark` alone."""
    return _MARKED.sub(mark, html)


def without_blocks(html: str) -> str:
    """Removes the marks of what writes nothing itself."""
    return _BLOCKS.sub("", html)


def writes_json(names: str) -> bool:
    """Returns whether a value with these names in its mark passes through `tojson` last."""
    return names.endswith(_TO_JSON)


def _pieces(source: str) -> Iterator[str]:
    line, mark, names = 1, "", ""
    try:
        for token_line, kind, text in islice(ENVIRONMENTS[Escaping.HTML].lex(source), MOST_TOKENS):
            if kind in _BEGINNINGS:
                mark, names = _BEGINNINGS[kind], ""
            elif mark and kind not in _ENDINGS:
                names += _names_in(kind, text)
            else:
                # The lexer strips line breaks beside `{%-`, and those within tags are not among the names.
                yield "\n" * (token_line - line)
                written = _written(kind, text, mark, names)
                yield written
                line, mark = token_line + written.count("\n"), ""
    except TemplateSyntaxError:
        return


def _names_in(kind: str, text: str) -> str:
    """Returns the names, with the signs between them and a space for what else is between them.

    Of a comment it is the first character.
    """
    if kind == "comment":
        return text[:1].strip()
    if kind == "name" or text in _SIGNS_OF_PATHS:
        return text
    return "" if kind == "whitespace" or text in _BRACKETS else " "


def _written(kind: str, text: str, mark: str, names: str) -> str:
    if kind in _RAW:
        return BLOCK * 2
    return f"{mark}{_FOREIGN_MARKS.sub('', names)}{mark}" if mark else _FOREIGN_MARKS.sub("\ufffd", text)
