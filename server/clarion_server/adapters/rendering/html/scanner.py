"""Splits marked HTML into tags and texts, in one pass that takes time in proportion to its length.

It follows the tokenisation of the HTML standard as far as links and values are concerned. With Python's own HTML parser
the time grows with the square of the length of hostile sources.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from itertools import islice

from clarion_server.adapters.rendering.html.source import BLOCK, COMMENT, VALUE
from clarion_server.application.background import check_cancelled

_TAG_NAME = re.compile(r"</?([a-zA-Z][^\s/>]*)")
#: Between attributes, blocks and comments of the template count as white space.
_SKIPPED = f"{BLOCK}[^{BLOCK}]*{BLOCK}|{COMMENT}[^{COMMENT}]*{COMMENT}"
_BETWEEN_ATTRIBUTES = re.compile(f"(?:[\\s/]|{_SKIPPED})*")
_ATTRIBUTE_NAME = re.compile(f"[^\\s/>={BLOCK}{COMMENT}]+")
_EQUALS = re.compile(r"\s*=\s*")
#: Says what most attributes are: a name, and a value in quotes.
_QUOTED = re.compile(f"([^\\s/>={BLOCK}{COMMENT}]++)\\s*+=\\s*+(?:\"([^\"]*+)\"|'([^']*+)')")
_UNQUOTED = re.compile(r"[^\s>]*")
#: Holds the attributes of one tag that are kept, beside those that hold values of the template.
_MOST_ATTRIBUTES = 1_000
_RAW_TEXTS = ("script", "style", "title", "textarea")
_RAW_TEXT_ENDS = {name: re.compile(f"</{name}(?=[\\s/>])", re.IGNORECASE) for name in _RAW_TEXTS}


@dataclass(frozen=True, slots=True)
class Attribute:
    name: str
    value: str
    is_quoted: bool
    quote: str = ""
    start: int = 0
    value_start: int = -1
    """Behind the quote. -1: nothing says what the value is."""

    @property
    def holds_value(self) -> bool:
        return VALUE in self.name or VALUE in self.value


@dataclass(frozen=True, slots=True)
class Tag:
    name: str
    line: int
    is_end: bool
    attributes: list[Attribute] = field(default_factory=list)
    start: int = 0
    name_end: int = 0
    end: int = 0
    """Is the position behind its `>`."""

    def value_of(self, name: str) -> str | None:
        """Returns the value of the first attribute of that name, as browsers do."""
        for each in self.attributes:
            if each.name == name:
                return unescape(each.value)
        return None


@dataclass(frozen=True, slots=True)
class Text:
    text: str
    line: int
    element: str = ""
    """`script`, `style` and the like, whose content is no HTML; empty elsewhere."""
    start: int = 0


def scan(html: str) -> Iterator[Tag | Text]:
    """Yields the tags and texts in their order. Comments are left out, and so is what is not closed at the end."""
    return _Scanner(html).tokens()


class _Scanner:
    def __init__(self, html: str) -> None:
        self._html = html
        self._at = 0
        self._line_ends = [match.start() for match in re.finditer("\n", html)]

    def tokens(self) -> Iterator[Tag | Text]:
        while self._at < len(self._html):
            check_cancelled()
            start = self._html.find("<", self._at)
            if start != self._at:
                yield self._text_until(start)
            elif (name := _TAG_NAME.match(self._html, start)) is not None:
                yield from self._element(name)
            elif self._html.startswith(("<!", "<?", "</"), start):
                self._skip_comment()
            else:
                yield self._text_until(start + 1)

    def _line(self, position: int) -> int:
        return bisect_right(self._line_ends, position - 1) + 1

    def _text_until(self, end: int, element: str = "") -> Text:
        """Ends with the HTML when `end` is -1."""
        start, self._at = self._at, len(self._html) if end < 0 else end
        return Text(self._html[start : self._at], self._line(start), element, start)

    def _skip_comment(self) -> None:
        is_comment = self._html.startswith("<!--", self._at)
        closing, start = ("-->", self._at + 2) if is_comment else (">", self._at)
        end = self._html.find(closing, start)
        self._at = len(self._html) if end < 0 else end + len(closing)

    def _element(self, name: re.Match[str]) -> Iterator[Tag | Text]:
        start, self._at = self._at, name.end()
        read = self._attributes()
        attributes = list(islice(read, _MOST_ATTRIBUTES))
        attributes += [each for each in read if each.holds_value]
        if self._at >= len(self._html) and self._html[-1] != ">":
            return
        is_end = self._html.startswith("</", start)
        tag = Tag(name[1].lower(), self._line(start), is_end, attributes, start, name.end(), self._at)
        yield tag
        if tag.name in _RAW_TEXT_ENDS and not is_end:
            found = _RAW_TEXT_ENDS[tag.name].search(self._html, self._at)
            yield self._text_until(-1 if found is None else found.start(), tag.name)

    def _attributes(self) -> Iterator[Attribute]:
        """Yields the attributes of the tag whose name was read, and leaves its `>` behind."""
        while True:
            self._take(_BETWEEN_ATTRIBUTES)
            if self._at >= len(self._html):
                return
            if self._html[self._at] == ">":
                self._at += 1
                return
            start = self._at
            if (quoted := _QUOTED.match(self._html, start)) is not None:
                self._at = quoted.end()
                group = quoted.lastindex or 0
                quote, value_start = self._html[self._at - 1], quoted.start(group)
                yield Attribute(quoted[1].lower(), quoted[group], True, quote, start, value_start)
                continue
            name = (self._take(_ATTRIBUTE_NAME) or self._next()).lower()
            yield (
                self._attribute(name, start)
                if self._take(_EQUALS)
                else Attribute(name, "", is_quoted=True, start=start)
            )

    def _attribute(self, name: str, start: int) -> Attribute:
        quote, value_start = self._html[self._at : self._at + 1], self._at
        if quote not in {'"', "'"}:
            return Attribute(name, self._take(_UNQUOTED), is_quoted=False, start=start, value_start=value_start)
        end = self._html.find(quote, self._at + 1)
        if end < 0:
            end = len(self._html)
        value, self._at = self._html[self._at + 1 : end], end + 1
        return Attribute(name, value, is_quoted=True, quote=quote, start=start, value_start=value_start + 1)

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._html, self._at)
        if found is None:
            return ""
        self._at = found.end()
        return found[0]

    def _next(self) -> str:
        self._at += 1
        return self._html[self._at - 1]
