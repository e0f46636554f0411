"""A source that would end the process, or fill its memory, is refused before a library gets it."""

from __future__ import annotations

import re

import pytest
from clarion_server.adapters.rendering.building.elements import Skeleton
from clarion_server.adapters.rendering.building.jinja_tags import masked, tags_of
from clarion_server.adapters.rendering.building.open_elements import REPAIRED
from clarion_server.adapters.rendering.building.pipeline import build_part
from clarion_server.adapters.rendering.building.style_growth import longest_styles
from clarion_server.adapters.rendering.content_kind import BuiltPart, Part
from clarion_server.adapters.rendering.templates.escaping import Escaping
from clarion_server.domain.content.transform import Transform
from clarion_server.domain.finding import Severity
from css_inline import CSSInliner
from hypothesis import given
from hypothesis import strategies as st

#: With so many elements in each other the libraries overflow their stack.
MANY = 20_000
RED = "<style>p{color:red}</style>"


def building(source: str, transform: Transform) -> BuiltPart:
    return build_part(Part("html", source, Escaping.HTML, transform))


def refused(source: str, transform: Transform) -> str:
    """Returns what the one finding says, which is an error with advice."""
    built = building(source, transform)
    (finding,) = built.findings
    assert (finding.code, finding.severity, bool(finding.remedy)) == ("TRANSFORM_FAILED", Severity.ERROR, True)
    assert built.source.text == source
    return finding.message


@pytest.mark.parametrize(
    "html",
    [
        "<svg>" + "<td>" * MANY,
        "<math>" + "<tr>" * MANY,
        "<svg>" + "<source>" * MANY,
        "<optgroup>" * MANY,
        "<li><dd>" * (MANY // 2),
        "<div><object></div></object>" * (MANY // 2),
        "<span><div></span></div>" * (MANY // 2),
        "<div/>" * MANY,
    ],
    ids=["cells in SVG", "rows in MathML", "sources in SVG", "groups", "items", "scopes", "misnested", "slashes"],
)
def test_elements_that_a_parser_keeps_open_are_counted_however_they_seem_to_be_closed(html: str) -> None:
    assert "on more than 200 levels" in refused(RED + html + "<p>x", Transform.INLINE_CSS)


@pytest.mark.parametrize(
    ("source", "transform", "line"),
    [
        (f"{RED}\n" + "<div>\n" * 300 + "</div>" * 300, Transform.INLINE_CSS, 202),
        (f"{RED}\n" + "<p>x</p>\n" * 300 + "<b>x\n" * 300, Transform.INLINE_CSS, 502),
        ("<mjml><mj-body><mj-section><mj-column><mj-text>\n" + "<b>\n" * 200, Transform.MJML, 97),
    ],
    ids=["closed", "left open", "MJML"],
)
def test_the_line_is_told_from_which_on_too_many_elements_are_open(
    source: str, transform: Transform, line: int
) -> None:
    assert [finding.line for finding in building(source, transform).findings] == [line]


@pytest.mark.parametrize(
    "inner",
    [
        "<mj-text>" + "<b x=/>" * MANY + "</b>" * MANY + "</mj-text>",
        "<mj-raw><script>" + "<b>" * MANY + "</b>" * MANY + "</script></mj-raw>",
        "<mj-text><title>" + "<b>" * MANY + "</b>" * MANY + "</title></mj-text>",
        "<mj-text><textarea>" + "<b>" * MANY + "</b>" * MANY + "</textarea></mj-text>",
        "<mj-text>" + "<b><!-- </b> -->" * MANY + "</mj-text>",
        "<mj-text>" + "<b x='</b>'>" * MANY + "</mj-text>",
    ],
    ids=["unquoted slashes", "script", "title", "textarea", "ends in comments", "ends in values"],
)
def test_elements_of_mjml_are_counted_as_xml_has_them(inner: str) -> None:
    mjml = f"<mjml><mj-body><mj-section><mj-column>{inner}</mj-column></mj-section></mj-body></mjml>"
    assert "on more than 100 levels" in refused(mjml, Transform.MJML)


@pytest.mark.parametrize(
    ("html", "style"),
    [
        ("<p>" * 10_000, "p"),
        ("</p>" * 10_000, "p"),
        ("<i class='A b'></i>" * 10_000, "td, i.a.b:hover"),
        ("<i id=a></i>" * 10_000, "div > #a"),
        ("<i></i>" * 10_000, ":not(b)"),
        ("<i></i>" * 10_000, "\\69"),
        ("<i></i>" * 10_000, "@layer x{i"),
        ("<i></i>" * 10_000, "u{background:url(/*)} i"),
        ("<table><td></td></table>" * 10_000, "tbody"),
    ],
)
def test_long_rules_for_many_elements_are_refused_before_they_are_written(html: str, style: str) -> None:
    rules = f"<style>{style} {{font-family:{'a' * 19_000}}}}}</style>"
    assert "too many elements and rules" in refused(rules + html, Transform.INLINE_CSS)


def test_a_long_sheet_for_a_long_mail_is_inlined_where_few_elements_get_each_rule() -> None:
    rules = "".join(f".c{n}{{color:red;background:url('a/*{n}.png')}}" for n in range(600))
    media = "@media (max-width: 600px) {" + ".m { margin: 0 }" * 600 + "}"
    sheet = f"<style>/* {{ */{rules}{media}</style>"
    html = sheet + "".join(f'<p class="c{n} d">x</p>' for n in range(600))
    assert building(html, Transform.INLINE_CSS).findings == ()


ALL = "<mj-head><mj-attributes><mj-all color='%s' /></mj-attributes></mj-head>"
CLASS = "<mj-head><mj-attributes><mj-class name='a' color='%s' /></mj-attributes></mj-head>"
SECTION = "<mj-section><mj-column><mj-text mj-class='a'>x</mj-text></mj-column></mj-section>"
SOCIAL = "<mj-section><mj-column><mj-social color='%s'>%%s</mj-social></mj-column></mj-section>"
LINK = '<mj-social-element name="github" href="https://a.example">x</mj-social-element>'


@pytest.mark.parametrize(
    ("mjml", "repeated"),
    [
        (f"<mjml>{ALL}<mj-body>%%s</mj-body></mjml>", SECTION),
        (f"<mjml><mj-body>%%s</mj-body>{CLASS}</mjml>", SECTION),
        (f"<mjml><mj-body>{SOCIAL}</mj-body></mjml>", LINK),
    ],
    ids=["all", "class", "around"],
)
def test_long_attributes_for_many_elements_are_refused_before_they_are_copied(mjml: str, repeated: str) -> None:
    assert "too many attributes" in refused(mjml % ("a" * 50_000) % (repeated * 400), Transform.MJML)
    assert building(mjml % "red" % (repeated * 400), Transform.MJML).findings == ()


def test_what_grows_with_the_square_of_a_carousel_is_refused() -> None:
    image = '<mj-carousel-image src="https://a.example/x.png" alt="x" />'
    mjml = (
        "<mjml><mj-body><mj-section><mj-column><mj-carousel>%s</mj-carousel></mj-column></mj-section></mj-body></mjml>"
    )
    assert building(mjml % (image * 100), Transform.MJML).findings == ()
    assert "images in carousels" in refused(mjml % (image * 101), Transform.MJML)


HTML = [
    "p",
    "li",
    "dd",
    "dt",
    "div",
    "span",
    "b",
    "a",
    "object",
    "button",
    "option",
    "optgroup",
    "form",
    "h1",
    "br",
    "x",
]
OTHERS = ["table", "tr", "td", "th", "tbody", "caption", "col", "select", "template", "svg", "math", "foreignObject"]
SOUPS = st.lists(st.tuples(st.sampled_from([*HTML, *OTHERS]), st.booleans()), max_size=40)
VOID = frozenset({"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"})


def depth_of(html: str) -> int:
    """Returns how deep the tree is of which a serialiser has written this."""
    depth = deepest = 0
    for end, name in re.findall(r"<(/?)([a-zA-Z][^\s>]*)", html):
        depth += -1 if end else name not in VOID
        deepest = max(deepest, depth)
    return deepest


@given(SOUPS, st.sampled_from([1, 30]))
def test_no_tree_is_deeper_than_what_is_counted_allows(soup: list[tuple[str, bool]], times: int) -> None:
    html = "".join(f"</{name}>" if is_end else f"<{name}>" for name, is_end in soup) * times
    skeleton = Skeleton(masked(html, tags_of(html)), [])
    assert depth_of(CSSInliner().inline(skeleton.html)) <= REPAIRED * (skeleton.open.depth + 1) + 2


SELECTORS = ["p", ".a", "#b", "*", "p.a", "p > b", "td, b", ":not(i)", "@media all{p", "@layer x{b", "@import x"]
REST = ["{color:red}", "{margin:1px 2px}", "{a:b", "{", "}", ";", "/*", "*/", '"', "'", "url(", ")", "\\", "\n"]
STYLES = st.lists(st.sampled_from([*SELECTORS, *REST]), max_size=12).map("".join)
MAILS = st.lists(st.sampled_from(["<p class=a>", "</p>", "<b id=b>", "</b>", "<td>", "<table>", "x"]), max_size=8)


@given(STYLES, MAILS.map("".join))
def test_elements_get_no_more_than_the_bound_says(style: str, mail: str) -> None:
    html = f"<style>p{{color:red}}{style}</style>{mail}"
    skeleton = Skeleton(masked(html, []), [])
    inlined = CSSInliner(load_remote_stylesheets=False).inline(skeleton.html)
    written = sum(len(each) for each in re.findall(r' style="([^"]*)"', inlined))
    # Spaces behind colons and semicolons, and the quotes of names, are not counted.
    bound = longest_styles(skeleton) * (1 + skeleton.open.formatting_depth)
    assert written <= 2 * bound
