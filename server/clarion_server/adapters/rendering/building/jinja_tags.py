"""Finds the tags of Jinja2 in a source, and hides them from what reads HTML."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import accumulate, islice

from clarion_server.adapters.rendering.html.source import BLOCK, COMMENT, MARKS, VALUE
from clarion_server.adapters.rendering.templates.environment import ENVIRONMENTS
from clarion_server.adapters.rendering.templates.escaping import Escaping
from clarion_server.adapters.rendering.templates.source_limits import MOST_TOKENS

_LINE_END = re.compile(r"\r\n|\r")
_TAG_START, _END_OF_RAW = re.compile(r"\{[{%#]"), re.compile(r"\{%[-+]?\s*endraw")
_FOREIGN_MARKS = re.compile(f"[{MARKS}]")
#: Tokens of Jinja2's lexer that are a tag by themselves, and those that end one.
_WHOLE = frozenset({"raw_begin", "raw_end"})
_ENDINGS = frozenset({"block_end", "comment_end", "variable_end", *_WHOLE})
_OPENING = frozenset({"autoescape", "block", "call", "filter", "for", "if", "macro"})


class TagKind(Enum):
    """Is what a tag does, by the mark that hides it."""

    VALUE = VALUE
    """It writes a value."""
    BLOCK = BLOCK
    """It decides what is written."""
    SILENT = COMMENT
    """It is a comment, or the beginning or the end of `raw`."""


_KINDS = {"variable_begin": TagKind.VALUE, "block_begin": TagKind.BLOCK}


@dataclass(frozen=True, slots=True)
class JinjaTag:
    """Is a tag, from its first brace to its last one."""

    kind: TagKind
    start: int
    end: int
    text: str
    word: str
    """Is the first name in it, such as `if`."""


def normalised(source: str) -> str:
    """Returns the source with the line ends that Jinja2 reads."""
    return _LINE_END.sub("\n", source)


def tags_of(source: str) -> list[JinjaTag]:
    """Returns the tags of a normalised source, in their order. Raises TemplateSyntaxError."""
    return list(_tags(source))


def _tags(source: str) -> Iterator[JinjaTag]:
    at, kind, start, word = 0, None, 0, ""
    for _, token, text in islice(ENVIRONMENTS[Escaping.HTML].lexer.tokeniter(source, None), MOST_TOKENS):
        if kind is None:
            # A text may be shorter than in the source: the lexer leaves out white space beside `{%-`.
            if token == "data":  # noqa: S105  (no password)
                continue
            pattern = _END_OF_RAW if token == "raw_end" else _TAG_START  # noqa: S105
            found = pattern.search(source, at)
            assert found is not None, "the lexer found a tag"
            kind, word, start = _KINDS.get(token, TagKind.SILENT), "", found.start()
            at = start
        elif token == "name":  # noqa: S105
            word = word or text
        at += len(text)
        if token in _ENDINGS:
            # The white space that `-%}` takes away belongs to the token, and not to the tag.
            end = at - len(text) + len(text.rstrip())
            yield JinjaTag(kind, start, end, source[start:end], word)
            kind = None


def masked(source: str, tags: Sequence[JinjaTag]) -> str:
    """Returns the source with a mark for each tag that is as long as the tag, and is nothing to HTML and CSS."""
    pieces, at = [], 0
    for tag in tags:
        mark = tag.kind.value
        pieces += [_FOREIGN_MARKS.sub("\ufffd", source[at : tag.start]), mark, "x" * (tag.end - tag.start - 2), mark]
        at = tag.end
    return "".join([*pieces, _FOREIGN_MARKS.sub("\ufffd", source[at:])])


class Blocks:
    """Knows which places of a source are written only under a condition, or any number of times."""

    def __init__(self, tags: Sequence[JinjaTag]) -> None:
        blocks = [tag for tag in tags if tag.kind is TagKind.BLOCK]
        self._starts = [tag.start for tag in blocks]
        self._depths = list(accumulate(map(_step, blocks), initial=0))

    def depth(self, position: int) -> int:
        """Returns in how many blocks a position is."""
        return self._depths[bisect_left(self._starts, position)]


def _step(tag: JinjaTag) -> int:
    # What `with` holds is always written, and once.
    if tag.word.startswith("end") and tag.word != "endwith":
        return -1
    return 1 if tag.word in _OPENING else 0
