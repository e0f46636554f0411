"""The elements and style sheets of an HTML source with tags of Jinja2: what the inlining of styles needs of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape, unescape

from clarion_server.adapters.rendering.building.jinja_tags import Blocks, JinjaTag
from clarion_server.adapters.rendering.building.open_elements import OpenElements
from clarion_server.adapters.rendering.building.style_rules import static_rules
from clarion_server.adapters.rendering.html.scanner import Attribute, Tag, Text, scan
from clarion_server.adapters.rendering.html.source import BLOCK, COMMENT, VALUE

#: Is the attribute that numbers the elements of a skeleton.
NUMBER = "data-clarion-element"

_TAGS = re.compile(f"{BLOCK}.*{BLOCK}|{VALUE}[^{VALUE}]*{VALUE}", re.DOTALL)
_SILENT = re.compile(f"{COMMENT}[^{COMMENT}]*{COMMENT}")
_NAME = re.compile(r"[a-z_:][-a-z0-9_:.]*")
_DOCTYPE = re.compile(r"\s*<!doctype\s", re.IGNORECASE)
_SELECTED = frozenset({"class", "id"})
_MEDIA = frozenset({None, "", "all", "screen"})


@dataclass(frozen=True, slots=True)
class Element:
    """Is a start tag."""

    tag: Tag
    style: Attribute | None
    has_dynamic_style: bool
    """Says whether it depends on a tag that it has a `style` at all."""
    has_dynamic_name: bool
    """Says whether its class or its id comes out of a tag."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """Is a `style` element whose rules hold for what people see."""

    number: int
    """Is that of its element."""
    start: int
    text: str
    """Is as it was written."""
    rules: str
    """Holds those that can be inlined."""
    dynamic_at: int
    """Says where the first other one is, in the source; -1 means that there is none."""

    @property
    def is_static(self) -> bool:
        return self.rules == self.text


class Skeleton:
    """Is a mail without its texts and without tags of Jinja2: numbered elements and the style sheets."""

    def __init__(self, html: str, tags: Sequence[JinjaTag]) -> None:
        """`html` is masked."""
        self.elements: list[Element] = []
        self.sheets: list[Sheet] = []
        self.remote_sheets: list[Tag] = []
        self.open = OpenElements()
        self.depth_places: list[int] = []
        """Says for each number of elements that are open at once which start tag first comes to it, in the source."""
        self.added_count = 0
        """Is how many elements a parser makes of end tags alone, at most."""
        self._html = html
        self._blocks = Blocks(tags)
        doctype = "<!DOCTYPE html>" if _DOCTYPE.match(html) else ""
        self.html = doctype + "".join(self._pieces())

    def _pieces(self) -> Iterator[str]:
        sheet: Tag | None = None
        for token in scan(self._html):
            if isinstance(token, Tag):
                sheet = token if token.name == "style" and not token.is_end else None
                yield self._end(token) if token.is_end else self._start(token)
            elif token.element == "style" and sheet is not None and sheet.value_of("media") in _MEDIA:
                yield self._rules(token)

    def _end(self, tag: Tag) -> str:
        self.open.end(tag.name)
        self.added_count += tag.name in {"br", "p"}
        return f"</{tag.name}>"

    def _start(self, tag: Tag) -> str:
        if tag.name == "link":
            if "stylesheet" in (tag.value_of("rel") or "").lower().split():
                self.remote_sheets.append(tag)
            return ""
        element = self._element(tag)
        self.elements.append(element)
        self.open.start(tag.name)
        if self.open.depth > len(self.depth_places):
            self.depth_places.append(tag.start)
        attributes = "".join(_written(each) for each in tag.attributes if self._is_written(tag, each))
        return f'<{tag.name} {NUMBER}="{len(self.elements) - 1}"{attributes}>'

    def _element(self, tag: Tag) -> Element:
        style = next((each for each in tag.attributes if each.name == "style"), None)
        has_dynamic_name = any(
            self._is_conditional(tag, each) or bool(_TAGS.search(each.value))
            for each in tag.attributes
            if each.name in _SELECTED
        )
        return Element(tag, style, style is not None and self._is_dynamic(tag, style), has_dynamic_name)

    def _is_dynamic(self, tag: Tag, style: Attribute) -> bool:
        return self._is_conditional(tag, style) or (not style.is_quoted and bool(_TAGS.search(style.value)))

    def _is_conditional(self, tag: Tag, attribute: Attribute) -> bool:
        return self._blocks.depth(attribute.start) != self._blocks.depth(tag.start)

    def _is_written(self, tag: Tag, attribute: Attribute) -> bool:
        """Returns whether selectors may look at an attribute."""
        is_plain = _NAME.fullmatch(attribute.name) is not None and attribute.name not in {"style", NUMBER}
        return is_plain and not self._is_conditional(tag, attribute)

    def _rules(self, text: Text) -> str:
        def is_conditional(position: int) -> bool:
            return self._blocks.depth(text.start + position) > 0

        rules, dynamic_at = static_rules(text.text, is_conditional)
        at = -1 if dynamic_at < 0 else text.start + dynamic_at
        self.sheets.append(Sheet(len(self.elements) - 1, text.start, text.text, rules, at))
        return rules


def _written(attribute: Attribute) -> str:
    value = _TAGS.sub("\ufffd", _SILENT.sub("", attribute.value))
    return f' {attribute.name}="{escape(unescape(value))}"'
