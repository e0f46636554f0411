"""Writes the rules of style sheets into the elements that they hold for, for mail clients that drop style sheets.

`css-inline` says which declarations an element gets. It sees a skeleton: the elements and the sheets, without texts and
without tags of Jinja2. Of what it returns, the declarations alone go into the author's source, at the place of each
element's `style`. So nothing else of the source changes, whatever an HTML parser makes of it, and each tag stays in its
line.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from css_inline import CSSInliner

from clarion_server.adapters.rendering.building.elements import NUMBER, Element, Skeleton
from clarion_server.adapters.rendering.building.jinja_tags import JinjaTag, masked
from clarion_server.adapters.rendering.building.source import Source, error, warning
from clarion_server.adapters.rendering.building.style_growth import longest_styles
from clarion_server.domain.finding import Finding, FindingCode

#: `css-inline` works recursively and holds Python's lock. The most work takes about half a second.
_DEEPEST = 200
_MOST_ELEMENTS = 100_000
#: Limits the work, as characters of rules times elements.
_MOST_WORK = 200_000_000
#: Is the most characters that all elements get together: many times as many as the longest template has.
_LONGEST_STYLES = 16_000_000
_MOST_FINDINGS = 20
_START_TAG = re.compile(r'<([^\s<>/]+)((?: [^\s=<>"]+="[^"]*")+)>')
_NUMBER = re.compile(f' {NUMBER}="([0-9]+)"')
_STYLE = re.compile(' style="([^"]*)"')
#: Elements that Outlook alone sees, and `css-inline` does not.
_CONDITIONAL = re.compile(
    r"<!--\[if(?:(?!-->).)*?<(?!xml|o:|meta|style|noscript)[a-z](?:(?!-->).)*-->", re.IGNORECASE | re.DOTALL
)
_SHEET_END = re.compile(r"</style[^<>{}]*>", re.IGNORECASE)
_TAG_START = re.compile(r"\{[{%#]")
_INLINER = CSSInliner(keep_style_tags=True, load_remote_stylesheets=False, remove_inlined_selectors=True)

#: A piece of the source by its beginning and end, and what takes its place.
_Edit = tuple[int, int, str]


def inlined(source: Source, tags: Sequence[JinjaTag]) -> Source:
    """Returns the source with its rules inlined. `tags` are those of its text.

    A sheet loses what was inlined, unless some element may still need it: one whose class comes out of a tag, one that
    Outlook alone sees, or one that an HTML parser drops because its table comes out of a tag.
    """
    html = masked(source.text, tags)
    skeleton = Skeleton(html, tags)
    found = list(_remote_sheets(skeleton, source, tags))
    if not any(sheet.rules.strip() for sheet in skeleton.sheets):
        return source.with_findings(*found, *_dynamic_sheets(skeleton, source, tags))
    if skeleton.open.depth > _DEEPEST:
        message = f"The styles cannot be inlined: elements stand within each other on more than {_DEEPEST} levels."
        remedy = "Close each element, and put fewer into each other; or set `transform` to NONE."
        line = source.line_at(skeleton.depth_places[_DEEPEST], tags)
        return source.with_findings(*found, error(FindingCode.TRANSFORM_FAILED, line, message, remedy))
    if _is_too_much(skeleton):
        message = "The styles cannot be inlined: there are too many elements and rules."
        remedy = "Close each element, and split the mail or its style sheets up; or set `transform` to NONE."
        return source.with_findings(*found, error(FindingCode.TRANSFORM_FAILED, 0, message, remedy))
    result = _Inlined(_INLINER.inline(skeleton.html))
    dynamic = [
        *_dynamic_sheets(skeleton, source, tags),
        *islice(_dynamic_elements(skeleton, result, source, tags), _MOST_FINDINGS),
    ]
    sheets: dict[int, _Edit] = {}
    if not dynamic and _is_whole(skeleton, result) and not _CONDITIONAL.search(html):
        sheets = dict(_sheet_edits(skeleton, result, source.text))
    edits = [*_style_edits(skeleton, result, sheets), *sheets.values()]
    return replace(source, text=_edited(source.text, edits)).with_findings(*found, *dynamic)


def _is_too_much(skeleton: Skeleton) -> bool:
    # An HTML parser opens formatting that was not closed again in each paragraph.
    repeated = 1 + skeleton.open.formatting_depth
    elements = (len(skeleton.elements) + skeleton.added_count) * repeated
    work = elements * sum(len(sheet.rules) for sheet in skeleton.sheets)
    if elements > _MOST_ELEMENTS or work > _MOST_WORK:
        return True
    return work > _LONGEST_STYLES and repeated * longest_styles(skeleton) > _LONGEST_STYLES


def _is_whole(skeleton: Skeleton, result: _Inlined) -> bool:
    """Returns whether every element got what the sheets say, so that they need not say it any longer."""
    return len(result.seen) == len(skeleton.elements) and not result.has_others


class _Inlined:
    """Is what `css-inline` made of a skeleton."""

    def __init__(self, html: str) -> None:
        self.styles: dict[int, str] = {}
        """Holds what each element gets, as the value of an attribute in double quotes."""
        self.rests: dict[int, str] = {}
        """Holds what is left of each sheet, by the number of its element."""
        self.seen: set[int] = set()
        """Holds the elements that an HTML parser lets stand where they are."""
        self.has_others = False
        """Says whether something went to an element that the parser added."""
        for start_tag in _START_TAG.finditer(html):
            number, style = _NUMBER.search(start_tag[2]), _STYLE.search(start_tag[2])
            if number is None:
                self.has_others = self.has_others or style is not None
                continue
            self.seen.add(int(number[1]))
            if style is not None:
                self.styles.setdefault(int(number[1]), style[1].strip().rstrip(";"))
            if start_tag[1] == "style":
                self.rests[int(number[1])] = html[start_tag.end() : html.find("</style>", start_tag.end())]


def _style_edits(skeleton: Skeleton, result: _Inlined, sheets: Container[int]) -> Iterator[_Edit]:
    """`sheets` are the numbers of elements that may go; `*` is about them too."""
    for number, style in result.styles.items():
        element = skeleton.elements[number]
        if style and not element.has_dynamic_style and number not in sheets:
            yield _style_edit(element, style)


def _style_edit(element: Element, style: str) -> _Edit:
    """Puts what an element gets before its own declarations, which then hold where both say something."""
    own = element.style
    if own is None:
        return element.tag.name_end, element.tag.name_end, f' style="{style}"'
    if own.value_start < 0:
        at = own.start + len(own.name)
        return at, at, f'="{style}"'
    if not own.is_quoted:
        declarations = own.value.replace('"', "&quot;")
        return own.value_start, own.value_start + len(own.value), f'"{style};{declarations}"'
    # In the other quotes it would end at an apostrophe.
    style = style.replace("'", "&#39;") if own.quote == "'" else style
    return own.value_start, own.value_start, (f"{style};" if own.value.strip() else style)


def _sheet_edits(skeleton: Skeleton, result: _Inlined, text: str) -> Iterator[tuple[int, _Edit]]:
    """Leaves out of each sheet what now stands in the elements, and the whole sheet when nothing is left of it. The
    line breaks stay. Yields the edits with the numbers of the sheets' elements.
    """
    for sheet in skeleton.sheets:
        rest = result.rests.get(sheet.number, sheet.text)
        end = sheet.start + len(sheet.text)
        # What Jinja2 would read as a tag stood within `raw` or was written otherwise.
        if sheet.is_static and rest != sheet.text and not _TAG_START.search(rest):
            start, end_tag = skeleton.elements[sheet.number].tag.start, _SHEET_END.match(text, end)
            if not rest.strip() and end_tag and not _TAG_START.search(text[start : sheet.start]):
                yield sheet.number, (start, end_tag.end(), "\n" * text.count("\n", start, end_tag.end()))
            else:
                yield sheet.number, (sheet.start, end, _with_lines(rest, sheet.text.count("\n")))


def _with_lines(css: str, count: int) -> str:
    lines = css.strip().split("\n", count)
    lines[-1] = lines[-1].replace("\n", " ")
    return "\n".join(lines) + "\n" * (count - len(lines) + 1)


def _edited(text: str, edits: list[_Edit]) -> str:
    pieces, at = [], 0
    for start, end, new in sorted(edits):
        pieces += [text[at:start], new]
        at = end
    return "".join([*pieces, text[at:]])


def _remote_sheets(skeleton: Skeleton, source: Source, tags: Sequence[JinjaTag]) -> Iterator[Finding]:
    places = [tag.start for tag in skeleton.remote_sheets]
    places += [sheet.start for sheet in skeleton.sheets if "@import" in sheet.text]
    for place in places[:_MOST_FINDINGS]:
        message = "The style sheet is elsewhere: nothing is fetched, so none of it is inlined."
        remedy = "Write its rules into a `style` element."
        yield warning(FindingCode.STYLE_REMOTE, source.line_at(place, tags), message, remedy)


def _dynamic_sheets(skeleton: Skeleton, source: Source, tags: Sequence[JinjaTag]) -> Iterator[Finding]:
    for sheet in skeleton.sheets:
        if sheet.dynamic_at >= 0:
            message = "A rule that holds a tag stays in the style sheet. What is inlined is stronger than it is."
            remedy = "Write the value into `style` attributes, or `!important` behind it."
            yield warning(FindingCode.STYLE_DYNAMIC, source.line_at(sheet.dynamic_at, tags), message, remedy)


def _dynamic_elements(
    skeleton: Skeleton, result: _Inlined, source: Source, tags: Sequence[JinjaTag]
) -> Iterator[Finding]:
    for number, element in enumerate(skeleton.elements):
        name, line = element.tag.name, source.line_at(element.tag.start, tags)
        if element.has_dynamic_name:
            message = f"The class or id of `<{name}>` comes out of a tag: rules for what it becomes are not inlined."
            remedy = "Choose between whole elements with `{% if %}`, or write the declarations into `style`."
            yield warning(FindingCode.STYLE_DYNAMIC, line, message, remedy)
        if element.has_dynamic_style and number in result.styles:
            message = f"A condition decides whether `<{name}>` has a `style`, so that no rule is inlined into it."
            remedy = 'Put the condition into the value: `style="{% if … %}…{% endif %}"`.'
            yield warning(FindingCode.STYLE_DYNAMIC, line, message, remedy)
