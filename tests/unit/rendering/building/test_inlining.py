"""INLINE_CSS writes the rules of style sheets into elements, and changes nothing else."""

from __future__ import annotations

import pytest
from clarion_server.domain.content.transform import Transform
from clarion_server.domain.finding import Severity

from tests.unit.rendering.building.built import found, inlined, inlining

RED = "<style>p{color:red}.a{margin:0}</style>"


def without_sheet(html: str) -> str:
    return html.partition("</style>")[2] or html


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>x</p>", '<p style="color: red">x</p>'),
        ('<p class="a">x</p>', '<p style="color: red;margin: 0" class="a">x</p>'),
        ('<p style="color:blue">x</p>', '<p style="color: red;color:blue">x</p>'),
        ("<p style='color:blue'>x</p>", "<p style='color: red;color:blue'>x</p>"),
        ("<p style=color:blue>x</p>", '<p style="color: red;color:blue">x</p>'),
        ("<p style>x</p>", '<p style="color: red">x</p>'),
        ('<p style="">x</p>', '<p style="color: red">x</p>'),
        ("<P>x<p\n  id=1>y", '<P style="color: red">x<p style="color: red"\n  id=1>y'),
        ("<div>x</div>", "<div>x</div>"),
        ("<!-- <p> --><p/>", '<!-- <p> --><p style="color: red"/>'),
    ],
)
def test_an_element_gets_the_declarations_of_its_rules_before_its_own(html: str, expected: str) -> None:
    assert without_sheet(inlined(f"{RED}{html}")) == expected


def test_apostrophes_do_not_end_a_style_in_apostrophes() -> None:
    html = """<style>p{font-family:"Open Sans"}</style><p style='margin:0'>x</p>"""
    assert inlined(html).endswith("<p style='font-family: &#39;Open Sans&#39;;margin:0'>x</p>")


def test_a_declaration_that_is_important_stays_so() -> None:
    assert 'style="color: red !important;color:blue"' in inlined(
        '<style>p{color:red !important}</style><p style="color:blue">x</p>'
    )


def test_a_sheet_loses_what_stands_in_the_elements_and_keeps_the_rest_and_its_lines() -> None:
    html = """<style>
      p { color: red }
      a:hover { color: blue }
      @media (max-width: 600px) { p { margin: 0 } }
      .unused { color: green }
    </style>
    <p>{{ context.name }}</p>"""
    built = inlined(html)
    sheet = built[: built.index("</style>")]
    assert all(rest in sheet for rest in ("a:hover", "@media (max-width: 600px)", ".unused"))
    assert "red" not in sheet
    assert built.split("\n")[6:] == ['    <p style="color: red">{{ context.name }}</p>']


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<style>p{color:red}</style><p>x</p>", '<p style="color: red">x</p>'),
        (
            '<head>\n<STYLE\n type="text/css">\np{color:red}\n</style >\n</head><p>x</p>',
            '<head>\n\n\n\n\n</head><p style="color: red">x</p>',
        ),
        (
            "<style>p{color:red}</style><p>x</p><style>b{margin:0}i{margin:0}</style><b>y</b>",
            '<p style="color: red">x</p><style>i { margin: 0; }</style><b style="margin: 0">y</b>',
        ),
        ("<style></style><p>x</p>", "<style></style><p>x</p>"),
        (
            '<style title="{{ context.x }}">p{color:red}</style><p>x</p>',
            '<style title="{{ context.x }}"></style><p style="color: red">x</p>',
        ),
    ],
    ids=["whole", "with its lines", "one of two", "an author's own", "with tags in it"],
)
def test_a_sheet_of_which_nothing_is_left_goes(html: str, expected: str) -> None:
    assert inlined(html) == expected


@pytest.mark.parametrize(
    "rest",
    [
        '<!--[if mso]><table><tr><td class="a"><![endif]-->',
        "{{ context.begin | safe }}<tr><td></td></tr>",
    ],
    ids=["an element for Outlook alone", "an element that an HTML parser drops"],
)
def test_a_sheet_stays_whole_where_an_element_needs_it_that_cannot_get_its_rules(rest: str) -> None:
    html = f'{RED}<p class="a">x</p>{rest}'
    assert inlined(html) == html.replace('<p class="a">', '<p style="color: red;margin: 0" class="a">')


def test_what_html_parsers_repair_stays_as_it_was_written() -> None:
    html = f"{RED}<table>{{% for item in context.items %}}<tr><td><p>{{{{ item }}}}{{% endfor %}}</table><b><p>x</b>y"
    tail = without_sheet(inlined(html))
    assert tail == without_sheet(html).replace("<p>", '<p style="color: red">')


@pytest.mark.parametrize("media", ["print", "screen and (max-width: 600px)", "{{ context.media }}"])
def test_a_sheet_for_other_media_is_not_inlined(media: str) -> None:
    html = f'<style media="{media}">p{{color:red}}</style><p>x</p>'
    assert inlining(html).source.text == html


def test_a_source_without_rules_stays_as_it_is() -> None:
    assert inlining("<p>x\r\n</p>").source.text == "<p>x\r\n</p>"


@pytest.mark.parametrize("transform", list(Transform))
def test_a_template_that_cannot_be_read_is_left_to_review(transform: Transform) -> None:
    del transform
    assert inlining(f"{RED}<p>{{{{ x</p>").findings == ()


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (f'{RED}\n<p class="{{{{ context.kind }}}}">x</p>', [("STYLE_DYNAMIC", 2)]),
        (f'{RED}\n<p\nid="a{{% if context.x %}}b{{% endif %}}">x</p>', [("STYLE_DYNAMIC", 2)]),
        (f'{RED}\n<p {{% if context.x %}}class="a"{{% endif %}}>x</p>', [("STYLE_DYNAMIC", 2)]),
        (f'{RED}\n<p {{% if context.x %}}style="margin:0"{{% endif %}}>x</p>', [("STYLE_DYNAMIC", 2)]),
        ("<style>p{color:red}\n\nb{color: {{ context.c }}}</style><p>x", [("STYLE_DYNAMIC", 3)]),
        ("<style>{% if context.c %}p{color:red}{% endif %}</style><p>x", [("STYLE_DYNAMIC", 1)]),
        ("{% if context.c %}\n<style>p{color:red}</style>{% endif %}<p>x", [("STYLE_DYNAMIC", 2)]),
        (f'<link rel="stylesheet" href="https://a.test/x.css">{RED}<p>x', [("STYLE_REMOTE", 1)]),
        ("<style>@import url(https://a.test/x.css);p{color:red}</style><p>x", [("STYLE_REMOTE", 1)]),
    ],
)
def test_what_cannot_be_inlined_is_told_by_its_line(html: str, expected: list[tuple[str, int]]) -> None:
    assert found(html) == expected
    assert all(finding.severity is Severity.WARNING for finding in inlining(html).findings)


@pytest.mark.parametrize(
    "attribute", ['title="{{ context.x }}"', 'class="a" {# class="b" #}', '{% if context.x %}width="1"{% endif %}']
)
def test_tags_elsewhere_in_an_element_are_in_nobodys_way(attribute: str) -> None:
    assert '<p style="color: red' in inlined(f"{RED}<p {attribute}>x</p>")


def test_a_rule_under_a_condition_stays_in_the_sheet_and_the_others_are_inlined() -> None:
    html = "<style>p{color:red}{% if context.x %}p{margin:0}{% endif %}b{color:green}</style><p>x</p><b>y</b>"
    built = inlining(html).source.text
    assert built.endswith('<p style="color: red">x</p><b style="color: green">y</b>')
    assert built.startswith(html[: html.index("<p>")])


def test_what_stood_within_raw_cannot_become_a_tag() -> None:
    (finding,) = inlining("""{% raw %}<style>p{content:"{{ x }}"}</style>{% endraw %}<p>x</p>""").findings
    assert (finding.code, finding.severity) == ("TRANSFORM_CHANGED_TEMPLATE", Severity.ERROR)


@pytest.mark.parametrize(
    "html",
    [
        RED + "<div>" * 300,
        RED + "<b><i>" * 3_000 + "<p>x" * 3_000,
        "<style>" + "*{color:red}" * 10_000 + "</style>" + "<i></i>" * 30_000,
    ],
    ids=["elements within elements", "formatting that stays open", "rules times elements"],
)
def test_what_would_take_too_long_is_refused_beforehand(html: str) -> None:
    (finding,) = inlining(html).findings
    assert (finding.code, finding.severity) == ("TRANSFORM_FAILED", Severity.ERROR)
    assert inlining(html).source.text == html
