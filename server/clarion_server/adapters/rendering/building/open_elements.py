"""Bounds how many elements an HTML parser has open at once, whatever it repairs.

Libraries that walk a tree recursively end the process where it is too deep. Which elements a parser closes by itself is
a matter of many pages. Here those of a source are counted so that none which it may have open is left out: an element
that is not closed as in the rules below counts as open for ever. Sources that close their elements are counted exactly.
"""

from __future__ import annotations

from collections.abc import Mapping

#: Is what an HTML parser may have open in place of one element that is counted: an end tag here also closes paragraphs,
#: items of lists and parts of tables that a parser may keep, and of these at most so many stand within each other.
REPAIRED = 6

#: Elements that hold nothing.
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
)
#: Elements of which a document has one.
_SINGLE = frozenset({"body", "head", "html"})
#: Elements that a parser adds where a source leaves them out.
IMPLIED = _SINGLE | {"colgroup", "p", "tbody", "tr"}
#: Elements without which nothing is in SVG or MathML, where other rules hold.
_FOREIGN = frozenset({"math", "svg"})
#: Those of `_VOID` and `_SINGLE` that end SVG and MathML.
_ALWAYS_HTML = frozenset({"body", "br", "embed", "head", "hr", "img", "meta"})

_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_LISTS = frozenset({"dd", "dl", "dt", "li", "ol", "ul"})
_BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "center", "details", "div", "fieldset", "figcaption", "figure"}
    | {"footer", "header", "main", "nav", "section", "summary", *_HEADINGS, *_LISTS}
)
_ROW_GROUPS = frozenset({"tbody", "tfoot", "thead"})
_CELLS = frozenset({"td", "th"})
_OF_TABLES = frozenset({"table", "tr", *_ROW_GROUPS, *_CELLS})
#: Elements that a start tag closes when they were opened last.
_CLOSED_BY: Mapping[str, frozenset[str]] = {
    "p": _BLOCKS | {"form", "hr", "p", "pre"},
    "li": frozenset({"li"}),
    "dd": frozenset({"dd", "dt"}),
    "dt": frozenset({"dd", "dt"}),
}
_CLOSED_BY_IN_HTML: Mapping[str, frozenset[str]] = {
    **_CLOSED_BY,
    "option": frozenset({"optgroup", "option"}),
    "tr": _ROW_GROUPS | {"tr"},
    **dict.fromkeys(_CELLS, _ROW_GROUPS | _CELLS | {"tr"}),
    **dict.fromkeys(_ROW_GROUPS, _ROW_GROUPS),
}
#: Elements that the end tag of another one closes too.
_UNCLOSED = frozenset({"li", "p"})
_UNCLOSED_IN_TABLES = (_OF_TABLES | _UNCLOSED) - {"table"}
#: Holds those that a parser opens again in each paragraph after the one that did not close them.
_FORMATTING = frozenset(
    {"a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"}
)


class OpenElements:
    """Takes the tags of a source in their order."""

    def __init__(self) -> None:
        self.depth = self.formatting_depth = 0
        """The most elements, and the most of those that format text, that are open at once."""
        self._open: list[str] = []
        self._formatting = 0
        self._has_foreign = False

    def start(self, name: str) -> None:
        closed_by = _CLOSED_BY if self._has_foreign else _CLOSED_BY_IN_HTML
        while self._open and name in closed_by.get(self._open[-1], ()):
            self._open.pop()
        if name in _VOID | _SINGLE and (name in _ALWAYS_HTML or not self._has_foreign):
            return
        self._has_foreign = self._has_foreign or name in _FOREIGN
        self._open.append(name)
        self._formatting += name in _FORMATTING
        self.depth = max(self.depth, len(self._open))
        self.formatting_depth = max(self.formatting_depth, self._formatting)

    def end(self, name: str) -> None:
        last, closed = len(self._open) - 1, self._closed_with(name)
        while last >= 0 and self._open[last] != name and self._open[last] in closed:
            last -= 1
        if last >= 0 and self._open[last] == name:
            del self._open[last:]
            self._formatting -= name in _FORMATTING

    def _closed_with(self, name: str) -> frozenset[str]:
        if name in _OF_TABLES and not self._has_foreign:
            return _UNCLOSED_IN_TABLES
        return _UNCLOSED if name in _BLOCKS | _OF_TABLES else frozenset()
