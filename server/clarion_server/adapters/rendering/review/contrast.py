"""Finds texts that are hard to read before their background, where the elements write both colours out."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from html import unescape

from clarion_server.adapters.rendering.html.scanner import Tag, Text
from clarion_server.adapters.rendering.html.source import VALUE, without_blocks
from clarion_server.adapters.rendering.inference.report import Report
from clarion_server.adapters.rendering.review.colours import Colour, contrast, read_colour
from clarion_server.domain.finding import FindingCode

#: WCAG 2.2, success criterion 1.4.3: for texts, and for large ones (18 points, or 14 points in bold).
_LEAST, _LEAST_OF_LARGE = 4.5, 3.0
_LARGE_PX, _LARGE_BOLD_PX, _PX_PER_PT = 24.0, 18.5, 4 / 3
_LARGE_ELEMENTS = frozenset({"h1", "h2"})
_BOLD_ELEMENTS = frozenset({"b", "strong", "h1", "h2", "h3", "h4", "th"})
_VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"})
#: The next one of the same kind closes them.
_CLOSED_BY_NEXT = frozenset({"dd", "dt", "li", "option", "p", "td", "th", "tr"})
_MOST_OPEN = 500
_DECLARATION = re.compile(r"\s*([-\w]+)\s*:([^;]*)")
_SIZE = re.compile(r"\s*([0-9.]{1,6})(px|pt)", re.IGNORECASE)
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(?![.\d])|max-height\s*:\s*0|font-size\s*:\s*[01](?:px)?\s*(?:;|\Z)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Look:
    """It says how the text of an element looks, as far as that is written out."""

    name: str = ""
    colour: Colour | None = None
    background: Colour | None = None
    is_large: bool = False
    is_bold: bool = False
    is_hidden: bool = False
    line: int = 0
    """It is the line of the tag that sets a colour last."""

    @property
    def is_complete(self) -> bool:
        """Returns whether both colours of a text that shows are known."""
        return self.colour is not None and self.background is not None and not self.is_hidden


class ContrastReview:
    """Looks at the tokens of a template in their order, and reports each pair of colours once."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._open = [_Look()]
        self._seen: set[tuple[Colour, Colour, bool]] = set()

    def look_at(self, token: Tag | Text) -> None:
        if isinstance(token, Text):
            look = self._open[-1]
            if look.is_complete and not token.element and unescape(without_blocks(token.text)).strip():
                self._check(look)
        elif token.is_end:
            self._close(token.name)
        elif token.name not in _VOID and len(self._open) < _MOST_OPEN:
            if token.name in _CLOSED_BY_NEXT and self._open[-1].name == token.name:
                self._open.pop()
            self._open.append(_look_of(token, self._open[-1]))

    def _close(self, name: str) -> None:
        for depth in range(len(self._open) - 1, 0, -1):
            if self._open[depth].name == name:
                del self._open[depth:]
                return

    def _check(self, look: _Look) -> None:
        assert look.colour is not None
        assert look.background is not None
        pair = (look.colour, look.background, look.is_large)
        ratio, least = contrast(look.colour, look.background), _LEAST_OF_LARGE if look.is_large else _LEAST
        if ratio < least and pair not in self._seen:
            self._seen.add(pair)
            colours = f"{_written(look.colour)} on {_written(look.background)}"
            message = f"The contrast of the text to its background is {ratio:.1f}:1 ({colours})."
            remedy = f"Take a darker or a lighter colour: WCAG asks for {least:g}:1 at least."
            self._report.warning(FindingCode.CONTRAST_LOW, look.line, message, remedy)


def _look_of(tag: Tag, around: _Look) -> _Look:
    look = _Look(
        tag.name,
        # Mail clients give links a colour of their own.
        None if tag.name == "a" else around.colour,
        around.background,
        around.is_large or tag.name in _LARGE_ELEMENTS,
        around.is_bold or tag.name in _BOLD_ELEMENTS,
        around.is_hidden,
        around.line,
    )
    return _with_attributes(look, tag) if tag.attributes else look


def _with_attributes(look: _Look, tag: Tag) -> _Look:
    style = tag.value_of("style") or ""
    if _HIDDEN.search(style) is not None or tag.value_of("hidden") is not None:
        look = replace(look, is_hidden=True)
    if (colour := tag.value_of("color")) is not None:
        look = replace(look, colour=read_colour(colour), line=tag.line)
    if (background := tag.value_of("bgcolor")) is not None:
        look = replace(look, background=read_colour(background), line=tag.line)
    if tag.value_of("background") is not None:
        look = replace(look, background=None)
    for name, value in _DECLARATION.findall(style):
        look = _with_declaration(look, name.lower(), value.replace("!important", ""), tag.line)
    return look


def _with_declaration(look: _Look, name: str, value: str, line: int) -> _Look:
    if name == "color":
        return look if value.strip() == "inherit" else replace(look, colour=read_colour(value), line=line)
    if name in {"background", "background-color"}:
        # What shows through, or a picture, is unknown.
        return replace(look, background=read_colour(value), line=line)
    if name == "background-image":
        return replace(look, background=None)
    if name == "font-weight":
        return replace(look, is_bold=value.strip() in {"bold", "bolder", "600", "700", "800", "900"})
    if name == "font-size" and VALUE not in value and (size := _SIZE.match(value)):
        pixels = float(size[1]) * (_PX_PER_PT if size[2].lower() == "pt" else 1)
        return replace(look, is_large=pixels >= (_LARGE_BOLD_PX if look.is_bold else _LARGE_PX))
    return look


def _written(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
