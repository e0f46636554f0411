"""The text part of an e-mail whose author wrote HTML alone."""

from __future__ import annotations

import re
from typing import Any

from lxml import etree, html  # type: ignore[import-untyped]  # lxml ships no types

from clarion_server.adapters.rendering.values import RenderRefused

#: Told the encoding, for what a `<meta>` says of it is of no matter here; huge, or it would drop what is nested deeply.
_PARSER = html.HTMLParser(encoding="utf-8", huge_tree=True)

_DEEPEST = 2_000
"""The parser drops what lies deeper than 2,048 elements, without a word."""

_BLANKS = re.compile(r"[ \t\r\n\f]+")
_BLANKS_AT_LINE_END = re.compile(r" +\n")
_BLANK_LINES = re.compile(r"\n{3,}")

_UNSEEN = frozenset({"head", "script", "style", "template", "title"})
_PARAGRAPHS = frozenset(
    {"blockquote", "dl", "figure", "form", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "ol", "p", "pre", "table", "ul"}
)
_LINES = frozenset(
    {"address", "article", "aside", "caption", "center", "dd", "div", "dt", "figcaption", "footer", "header", "li"}
    | {"main", "nav", "section", "tr"}
)
_CELLS = frozenset({"td", "th"})


def plain_text(source: str) -> str:
    """What a reader of the HTML sees: paragraphs, `- ` before list entries, a link's address behind its text.

    The cells of a table row stand on one line. White space follows the rules of HTML. Raises RenderRefused.
    """
    try:
        document = html.document_fromstring(source.encode("utf-8", "replace"), _PARSER)
    except etree.ParserError:
        return ""  # nothing but blanks or comments
    writer = _Writer()
    for event, node in etree.iterwalk(document, events=("start", "end", "comment", "pi")):
        if event == "start":
            writer.start(node)
        else:
            writer.end(node)
    return writer.text()


class _Writer:
    """Follows a walk over the elements of a document."""

    __slots__ = ("_depth", "_link_starts", "_pieces", "_unseen_depth")

    def __init__(self) -> None:
        self._pieces = ["\n"]
        self._depth = 0
        self._unseen_depth = 0
        self._link_starts: list[int] = []

    def text(self) -> str:
        text = _BLANKS_AT_LINE_END.sub("\n", "".join(self._pieces))
        return _BLANK_LINES.sub("\n\n", text).strip() + "\n"

    def start(self, node: Any) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise RenderRefused("the HTML is nested too deeply to derive a text from it")
        if self._unseen_depth or _is_unseen(node):
            self._unseen_depth += 1
            return
        self._open(node.tag, node)
        self._add(node.text, keep_blanks=node.tag == "pre")

    def end(self, node: Any) -> None:
        self._depth -= isinstance(node.tag, str)
        if self._unseen_depth and isinstance(node.tag, str):
            self._unseen_depth -= 1
        elif not self._unseen_depth:
            self._close(node.tag, node)
        if not self._unseen_depth:
            self._add(node.tail)

    def _open(self, tag: str, node: Any) -> None:
        self._break(tag)
        if tag in _CELLS and not self._at_line_start():
            self._pieces.append(" " if self._pieces[-1].endswith(" ") else "  ")
        elif tag == "li":
            self._pieces.append("- ")
        elif tag == "br":
            self._pieces.append("\n")
        elif tag == "img":
            self._add(node.get("alt"))
        elif tag == "a":
            self._link_starts.append(len(self._pieces))

    def _close(self, tag: Any, node: Any) -> None:
        if tag == "a":
            self._add_address(node.get("href"), "".join(self._pieces[self._link_starts.pop() :]).strip())
        self._break(tag)

    def _add_address(self, address: str | None, text: str) -> None:
        if not address or address.startswith("#") or text in {address, address.removeprefix("mailto:")}:
            return
        self._add(f" ({address})" if text else address)

    def _break(self, tag: Any) -> None:
        if tag in _PARAGRAPHS:
            self._pieces.append("\n\n")
        elif tag in _LINES and not self._at_line_start():
            self._pieces.append("\n")

    def _add(self, text: str | None, *, keep_blanks: bool = False) -> None:
        if not text:
            return
        if not keep_blanks:
            text = _BLANKS.sub(" ", text)
            if self._pieces[-1].endswith((" ", "\n")):
                text = text.removeprefix(" ")
        if text:
            self._pieces.append(text)

    def _at_line_start(self) -> bool:
        return self._pieces[-1].endswith("\n")


def _is_unseen(node: Any) -> bool:
    style = node.get("style")
    return node.tag in _UNSEEN or (style is not None and "display:none" in _BLANKS.sub("", style))
