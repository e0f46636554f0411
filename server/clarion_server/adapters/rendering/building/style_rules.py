"""Splits a style sheet into its rules, as far as is needed to tell those that hold tags of Jinja2 from the others."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from clarion_server.adapters.rendering.html.source import BLOCK, COMMENT, VALUE

_TOKEN = re.compile(
    rf"""/\*.*?(?:\*/|\Z)|"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?|{BLOCK}[^{BLOCK}]*{BLOCK}|[{{}};]|\\.""",
    re.DOTALL,
)
_TAG = re.compile(f"[{VALUE}{BLOCK}]")
_SILENT = re.compile(f"{COMMENT}[^{COMMENT}]*{COMMENT}")


def static_rules(sheet: str, is_conditional: Callable[[int], bool]) -> tuple[str, int]:
    """Returns the rules that neither hold a tag nor depend on one, and where the first other one is: -1 for nowhere.

    `is_conditional` tells whether a position in the sheet depends on a condition.
    """
    pieces, first = [], -1
    for start, end in _chunks(sheet):
        text = sheet[start:end]
        if not _TAG.search(text) and not is_conditional(start):
            pieces.append(text)
        elif first < 0:
            first = start + len(text) - len(text.lstrip())
    return _SILENT.sub(" ", "".join(pieces)), first


def _chunks(sheet: str) -> Iterator[tuple[int, int]]:
    """Yields the beginning and the end of each rule, and of each block that stands between rules."""
    start = depth = 0
    for token in _TOKEN.finditer(sheet):
        sign = token[0][0]
        depth = max(0, depth + (sign == "{") - (sign == "}"))
        is_between = sign == BLOCK and not sheet[start : token.start()].strip()
        if not depth and (is_between or sign in "};"):
            yield start, token.end()
            start = token.end()
    yield start, len(sheet)
