"""The transform MJML: makes HTML of a source in MJML, by the engine MRML.

MRML reads XML. In the place of each tag of Jinja2 it gets a token that is harmless there: a comment between elements,
an attribute between attributes, and a word in texts and values. Afterwards each token becomes its tag again, and the
line of each tag is that of the author's.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.util import find_spec

from lxml import etree  # type: ignore[import-untyped]  # lxml ships no types

from clarion_server.adapters.rendering.building.jinja_tags import JinjaTag, TagKind, masked
from clarion_server.adapters.rendering.building.mjml_growth import DEEPEST, MjmlTooLarge, check_growth, too_deep
from clarion_server.adapters.rendering.building.source import Source, error
from clarion_server.adapters.rendering.html.scanner import Attribute, Tag, scan
from clarion_server.domain.finding import Finding, FindingCode

#: Elements that hold elements of MJML and no text of their own.
_STRUCTURE = frozenset(
    {"mjml", "mj-accordion", "mj-accordion-element", "mj-attributes", "mj-body", "mj-carousel", "mj-column", "mj-group"}
    | {"mj-head", "mj-hero", "mj-navbar", "mj-section", "mj-social", "mj-wrapper"}
)
_VOID = frozenset({"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"})
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
#: MRML says of each mail that its language is undetermined. What the content speaks is written when it is sent.
_LANGUAGE = re.compile(r' (?:lang="und"|dir="auto")')
_POSITION = re.compile(", line [0-9]+, column [0-9]+$")
#: Says what may stand around a mail: comments, and the marks of tags that write nothing.
_MARKS = "|".join(f"{kind.value}x*{kind.value}" for kind in (TagKind.BLOCK, TagKind.SILENT))
_AROUND = re.compile(f"<!--.*?-->|{_MARKS}", re.DOTALL)
#: Holds the places of tags: between elements of MJML, between attributes, in values of MJML's attributes and the title,
#: and in texts and values of HTML.
_STRUCTURAL, _IN_TAG, _OF_MJML, _TEXT = "STRUCTURAL", "IN_TAG", "OF_MJML", "TEXT"

#: A piece of the source by its beginning and end, and what takes its place.
_Edit = tuple[int, int, str]


def transformed(source: Source, tags: Sequence[JinjaTag]) -> Source:
    """Returns the source as HTML. `tags` are those of its text."""
    if find_spec("mjml") is None:
        remedy = "Install the extra `mjml` where the service runs: `pip install clarion[mjml]`."
        return source.with_findings(_failed(0, "This service has no MJML.", remedy))
    from mjml import mjml2html  # noqa: PLC0415 - an extra, which most services do not have

    try:
        document = _Document(source.text, tags)
        xml = document.xml()
        check_growth(xml)
    except MjmlTooLarge as refusal:
        line = 0 if refusal.at is None else source.line_at(refusal.at, tags)
        return source.with_findings(_failed(line, refusal.message, refusal.remedy))
    try:
        html = mjml2html(xml)
    except ValueError as refusal:
        return source.with_findings(_fault(xml, str(refusal)))
    return _put_back(source, tags, document, _LANGUAGE.sub("", html))


class _Document:
    """Is a source as XML with tokens."""

    def __init__(self, text: str, tags: Sequence[JinjaTag]) -> None:
        """Raises MjmlTooLarge."""
        self._text = text
        self._tags = tags
        html = masked(text, tags)
        self.word = _unused_word(text)
        self._starts: list[int] = []
        """Says where places begin, in their order; the next list has what they are."""
        self._places: list[str] = []
        self._edits: list[_Edit] = []
        comments = [found.span() for found in _COMMENT.finditer(html)]
        self._comment_starts = [start for start, _ in comments]
        self._comment_ends = [end for _, end in comments]
        self._read(html)
        self.start, self.end = _root_of(html)
        """Say where the element `mjml` begins and ends. What stands around it, such as what a layout sets, is kept."""

    def is_before(self, tag: JinjaTag) -> bool:
        """Returns whether a tag stands before the element `mjml`."""
        return tag.start < self.start

    def is_behind(self, tag: JinjaTag) -> bool:
        return tag.start >= self.end

    def may_move(self, tag: JinjaTag) -> bool:
        """Returns whether MJML may write a tag several times, or behind later ones: a value of one of its attributes,
        such as a colour, which it writes once for each mail client that needs it in another form, or of the title.
        """
        return tag.kind is TagKind.VALUE and self._place(tag.start) == _OF_MJML

    def xml(self) -> str:
        edits = [*self._edits, *(self._token(number) for number in range(len(self._tags)))]
        pieces, at = [], 0
        for start, end, new in sorted(edits):
            pieces += [self._text[at:start], new]
            at = end
        return "".join([*pieces, self._text[at:]])

    def _token(self, number: int) -> _Edit:
        tag = self._tags[number]
        if self.is_before(tag) or self.is_behind(tag):
            # Its lines stay, by which faults are told.
            return tag.start, tag.end, "\n" * self._text.count("\n", tag.start, tag.end)
        place = self._place(tag.start)
        if place == _STRUCTURAL:
            return tag.start, tag.end, f"<!--{self.word}s{number}x-->"
        return tag.start, tag.end, f' {self.word}a{number}x="" ' if place == _IN_TAG else f"{self.word}t{number}x"

    def _place(self, position: int) -> str:
        before = bisect_right(self._starts, position) - 1
        place = self._places[before] if before >= 0 else _STRUCTURAL
        comment = bisect_left(self._comment_starts, position) - 1
        is_commented = comment >= 0 and position < self._comment_ends[comment]
        return _TEXT if place == _STRUCTURAL and is_commented else place

    def _read(self, html: str) -> None:
        open_names: list[str] = []
        for token in scan(html):
            if not isinstance(token, Tag):
                continue
            if token.is_end:
                if token.name in open_names:
                    del open_names[len(open_names) - 1 - open_names[::-1].index(token.name) :]
            else:
                self._read_start(token, html)
                if token.name not in _VOID and html[token.end - 2] != "/":
                    open_names.append(token.name)
                    if len(open_names) > DEEPEST:
                        raise too_deep(token.start)
            self._begin(token.end, _place_within(open_names[-1] if open_names else "mjml"))

    def _read_start(self, tag: Tag, html: str) -> None:
        self._begin(tag.start, _IN_TAG)
        place = _OF_MJML if tag.name.startswith("mj") else _TEXT
        for attribute in tag.attributes:
            if attribute.value_start >= 0:
                self._begin(attribute.value_start, place)
                self._begin(attribute.value_start + len(attribute.value), _IN_TAG)
            self._edits += _as_xml(attribute)
        if tag.name in _VOID and html[tag.end - 2] != "/":
            self._edits.append((tag.end - 1, tag.end - 1, "/"))

    def _begin(self, position: int, place: str) -> None:
        self._starts.append(position)
        self._places.append(place)


def _place_within(name: str) -> str:
    """Returns the place of what stands in an element. MJML writes the title of a mail into an attribute too."""
    if name == "mj-title":
        return _OF_MJML
    return _STRUCTURAL if name in _STRUCTURE else _TEXT


def _root_of(html: str) -> tuple[int, int]:
    """Returns where the element `mjml` begins and ends, when blocks and comments alone stand around it. Otherwise the
    beginning and the end of the source, which MRML then refuses.
    """
    roots = [token for token in scan(html) if isinstance(token, Tag) and token.name == "mjml"]
    start = next((tag.start for tag in roots if not tag.is_end), 0)
    end = next((tag.end for tag in reversed(roots) if tag.is_end), 0)
    is_bare = start < end and not _AROUND.sub("", html[:start] + html[end:]).strip()
    return (start, end) if is_bare else (0, len(html))


def _as_xml(attribute: Attribute) -> Iterator[_Edit]:
    """Yields what an attribute lacks in XML: a value, and quotes around it."""
    if attribute.value_start < 0:
        if attribute.name.isascii():
            at = attribute.start + len(attribute.name)
            yield at, at, '=""'
    elif not attribute.is_quoted:
        start, end = attribute.value_start, attribute.value_start + len(attribute.value)
        yield start, start, '"'
        yield end, end, '"'


def _unused_word(text: str) -> str:
    word = "clarionzq"
    while word in text:
        word += "q"
    return word


def _put_back(source: Source, tags: Sequence[JinjaTag], document: _Document, html: str) -> Source:
    word = document.word
    pattern = re.compile(f'<!--{word}s([0-9]+)x-->|{word}a([0-9]+)x=""|{word}t([0-9]+)x')
    written = [number for number, tag in enumerate(tags) if document.is_before(tag)]

    def tag_of(token: re.Match[str]) -> str:
        written.append(int(token[1] or token[2] or token[3]))
        return tags[written[-1]].text

    text = source.text[: document.start] + pattern.sub(tag_of, html) + source.text[document.end :]
    written += [number for number, tag in enumerate(tags) if document.is_behind(tag)]
    if not _are_in_order(tags, document, written):
        missing = next((number for number in range(len(tags)) if number not in written), None)
        line = source.line_at(tags[missing].start, tags) if missing is not None else 0
        message = "MJML would leave a tag out, repeat it or move it to where it means something else."
        remedy = "Put tags around or into elements of MJML, and values into their texts and attributes."
        return source.with_findings(error(FindingCode.TRANSFORM_CHANGED_TEMPLATE, line, message, remedy))
    lines = tuple(source.line_at(tags[each].start, tags) for each in written if tags[each].kind is not TagKind.SILENT)
    return replace(source, text=text, lines=lines)


def _are_in_order(tags: Sequence[JinjaTag], document: _Document, written: Sequence[int]) -> bool:
    """Returns whether each tag was written once and in its order, apart from those that may move within their blocks.
    `written` are the numbers of the tags.
    """
    numbers = range(len(tags))
    moving = {number for number in numbers if document.may_move(tags[number])}
    fixed, expected = ([each for each in some if each not in moving] for some in (written, numbers))
    return fixed == expected and _parts(tags, written) == _parts(tags, numbers)


def _parts(tags: Sequence[JinjaTag], written: Sequence[int]) -> list[tuple[frozenset[int], int]]:
    """Returns each tag that is no value, in their order, with the values before it."""
    parts: list[tuple[frozenset[int], int]] = []
    values: set[int] = set()
    for number in written:
        if tags[number].kind is TagKind.VALUE:
            values.add(number)
        else:
            parts.append((frozenset(values), number))
            values = set()
    return [*parts, (frozenset(values), -1)]


def _fault(xml: str, refusal: str) -> Finding:
    """Returns what is wrong with a source that MRML cannot read. The position is that of the parser of XML."""
    try:
        etree.fromstring(xml.replace("&", "&amp;").encode(), etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as fault:
        remedy = "Close each element, and write `&lt;` for `<`."
        return _failed(fault.lineno or 0, f"The MJML is no XML: {_POSITION.sub('', fault.msg)}.", remedy)
    return _failed(0, f"MJML cannot be read: {refusal}.", "Write elements as MJML's documentation says.")


def _failed(line: int, message: str, remedy: str) -> Finding:
    return error(FindingCode.TRANSFORM_FAILED, line, message, remedy)
