"""Derives the text part of a mail from its HTML, where the author wrote no text."""

from __future__ import annotations

import re
from typing import Any

from lxml import etree, html  # type: ignore[import-untyped]  # lxml ships no types

from clarion_server.adapters.rendering.evaluation.budget import Budget
from clarion_server.adapters.rendering.evaluation.values import RenderRefused

#: A `<meta>` may name another encoding than this one. Without `huge_tree` deeply nested text would be dropped.
_PARSER = html.HTMLParser(encoding="utf-8", huge_tree=True)

#: The parser silently drops what lies deeper than 2,048 elements.
_DEEPEST = 2_000
#: These are the prices of a character, and of what comes on top for a blank to be tidied up, a tag and a link.
_CHAR = 8
_BLANK = 70
_TAG = 2_000
_LINK = 2_000

#: White space that HTML shows as one space, but for single spaces, which stay as they are.
_BLANKS = re.compile(r"[ \t\r\n\f]{2,}|[\t\r\n\f]")
_BLANKS_AT_LINE_END = re.compile(r" +\n")
_BLANK_LINES = re.compile(r"\n{3,}")

_NEVER_SHOWN = frozenset({"head", "script", "style", "template", "title"})
_PARAGRAPHS = frozenset(
    {"blockquote", "dl", "figure", "form", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "ol", "p", "pre", "table", "ul"}
)
_LINES = frozenset(
    {"address", "article", "aside", "caption", "center", "dd", "div", "dt", "figcaption", "footer", "header", "li"}
    | {"main", "nav", "section", "tr"}
)
_CELLS = frozenset({"td", "th"})

#: Stands for a line break of `<pre>` while those around it are tidied up. HTML holds no such character.
_KEPT_BREAK = "\0"
_STYLE_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def plain_text(source: str, budget: Budget | None = None) -> str:
    """Returns what a reader of the HTML sees: paragraphs, `- ` before list entries, a link's address behind its text.

    The cells of a table row stand on one line. White space follows the rules of HTML. Raises RenderRefused.
    """
    (budget or Budget()).spend(_price(source))
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


def _price(source: str) -> int:
    blanks = sum(map(source.count, ("  ", "\t", "\r", "\n", "\f")))
    links = source.count("<a") + source.count("<A")
    return len(source) * _CHAR + blanks * _BLANK + source.count("<") * _TAG + links * _LINK


class _Writer:
    """Writes the text while it is led through the elements of a document."""

    __slots__ = ("_depth", "_hidden_depth", "_link_starts", "_pieces", "_pre_depth")

    def __init__(self) -> None:
        self._pieces = ["\n"]
        self._depth = 0
        self._hidden_depth = 0
        self._pre_depth = 0
        self._link_starts: list[int] = []

    def text(self) -> str:
        text = _BLANKS_AT_LINE_END.sub("\n", "".join(self._pieces))
        text = _BLANK_LINES.sub("\n\n", text).strip("\n")
        return text.replace(f"{_KEPT_BREAK}\n", "\n").replace(_KEPT_BREAK, "\n").rstrip() + "\n"

    def start(self, node: Any) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise RenderRefused("the HTML is nested too deeply to derive a text from it")
        if self._hidden_depth or _is_hidden(node):
            self._hidden_depth += 1
            return
        self._open(node.tag, node)
        self._add(node.text)

    def end(self, node: Any) -> None:
        self._depth -= isinstance(node.tag, str)
        if self._hidden_depth and isinstance(node.tag, str):
            self._hidden_depth -= 1
        elif not self._hidden_depth:
            self._close(node.tag, node)
        if not self._hidden_depth:
            self._add(node.tail)

    def _open(self, tag: str, node: Any) -> None:
        self._break(tag)
        self._pre_depth += tag == "pre"
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
        self._pre_depth -= tag == "pre"
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

    def _add(self, text: str | None) -> None:
        if not text:
            return
        if self._pre_depth:
            text = text.replace("\r\n", "\n").replace("\n", _KEPT_BREAK)
        else:
            text = _BLANKS.sub(" ", text)
            if self._pieces[-1].endswith((" ", "\n")):
                text = text.removeprefix(" ")
        if text:
            self._pieces.append(text)

    def _at_line_start(self) -> bool:
        return self._pieces[-1].endswith(("\n", _KEPT_BREAK))


def _is_hidden(node: Any) -> bool:
    if node.tag in _NEVER_SHOWN or node.get("hidden") is not None:
        return True
    style = node.get("style")
    return style is not None and _display(style) == "none"


def _display(style: str) -> str:
    """Returns the value of `display` that wins: the last one, or the last that is important."""
    winner, is_important = "", False
    for declaration in _STYLE_COMMENT.sub("", style).lower().split(";"):
        name, _, value = declaration.partition(":")
        if name.strip() != "display":
            continue
        value, mark, _ = value.partition("!")
        if mark or not is_important:
            winner, is_important = value.strip(), bool(mark)
    return winner
