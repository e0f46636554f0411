"""Review of HTML: where values stand, what addresses lead to, and whether there is anything to see."""

from __future__ import annotations

import pytest
from clarion_server.domain.finding import FindingCode

from tests.unit.rendering.contents import COMPILER, codes, definition, object_schema, reviewed

SCHEMA = object_schema(
    required=("name", "total", "url", "rows"),
    name={"type": "string"},
    total={"type": "number"},
    url={"type": "string"},
    rows={"type": "array", "items": {"type": "string"}},
)


@pytest.mark.parametrize(
    "html",
    [
        '<a href="{{ context.url }}">x</a>',
        "<a href='{{ context.url }}?a={{ context.name }}'>x</a>",
        '<td title="{{ context.name }}" align=left>x</td>',
        '<option {% if context.total > 3 %}selected{% endif %} value="{{ context.name }}">x</option>',
        "<td width={% if context.total > 3 %}100{% else %}200{% endif %}>x</td>",
        '<a {% if context.total %}href="https://a.example"{% else %}href="https://b.example"{% endif %}>x</a>',
        "<p>{{ context.name }} < {{ context.total }}</p>",
        "<!-- <p {{ context.name }}> --><p>x</p>",
        "<style>p { color: {{ context.name }} }</style><p>x</p>",
        "<style>{# the colours of the house #}p { color: red }</style><p>x</p>",
        "<style>{% raw %}@media{#a{color:red}}{% endraw %}</style><p>x</p>",
        '<script type="application/ld+json">{"name": {{ context.name | tojson }}, "n": 1}</script><p>x</p>',
        "<script>let x = {{ context.rows | default([]) | tojson }}</script><p>x</p>",
        "<title>{{ context.name }}</title><p>x</p>",
        '<img src="https://a.example/x.png" alt="">',
        '<img src="{{ context.url }}" {% if context.total %}alt="x"{% endif %}>',
        '<img src="data:image/png;base64,AAAA" alt="{{ context.name }}">',
        '<table background="https://a.example/{{ context.name }}.png"><tr><td>x</td></tr></table>',
        '<form action="https://a.example/answer"><input type="image" src="https://a.example/x.png"></form>',
    ],
)
def test_values_in_their_places_and_whole_addresses_pass(html: str) -> None:
    assert reviewed(html, SCHEMA) == []


@pytest.mark.parametrize(
    ("html", "said"),
    [
        ("<a href={{ context.url }}>x</a>", "`href` has no quotes"),
        ("<td width=a{{ context.total }}b>x</td>", "`width` has no quotes"),
        ("<td {{ context.name }}>x</td>", "outside of an attribute's value"),
        ("<td data-{{ context.name }}='1'>x</td>", "outside of an attribute's value"),
        ("<h{{ context.total }}>x</h1>", "outside of an attribute's value"),
        ('<script type="application/ld+json">{"name": "{{ context.name }}"}</script>x', "escaped for HTML"),
        ("<script>\n\nlet x = {{ context.total }}</script>x", "escaped for HTML"),
        ("<script>{{ (context.name | tojson) ~ 'x' }}</script>x", "escaped for HTML"),
        ("<script>{% if context.total %}{{ context.name }}{% endif %}</script>x", "escaped for HTML"),
        ('<script>{"name": "{{ context.name | tojson }}"}</script>x', "has its own quotes"),
    ],
)
def test_a_value_that_could_be_taken_for_markup_or_code_is_an_error(html: str, said: str) -> None:
    (finding,) = reviewed(f"<p>\n{html}", SCHEMA)
    assert codes([finding]) == ["E TEMPLATE_UNSAFE"]
    assert said in finding.message
    assert finding.line == 2 + html.count("\n")


def test_a_comment_of_the_template_in_css_is_not_dropped_silently() -> None:
    dropped = "<style>\n@media(min-width:1px){#a{color:red}#}\np{color:blue}</style><p>x</p>"
    (finding,) = reviewed(dropped)
    assert (finding.code, finding.line) == (FindingCode.TEMPLATE_SYNTAX, 2)
    assert "{% raw %}" in finding.remedy


def test_a_comment_in_css_that_does_not_end_has_the_remedy_in_its_finding() -> None:
    (finding,) = reviewed("<style>\n@media(min-width:1px){#a{color:red}}</style><p>x</p>")
    assert (finding.code, finding.line) == (FindingCode.TEMPLATE_SYNTAX, 2)
    assert "{% raw %}" in finding.remedy


@pytest.mark.parametrize(
    ("html", "said"),
    [
        ('<img src="logo.png" alt="">', "is relative"),
        ('<img src="/logo.png?n={{ context.name }}" alt="">', "is relative"),
        ('<img src="//a.example/logo.png" alt="">', "is relative"),
        ('<img src="cid:logo" alt="">', "names no file of the message"),
        ('<img src="" alt="">', "has no address"),
        ("<img src=logo.png alt>", "is relative"),
        ('<td background="stripes.png">x</td>', "is relative"),
        ('<body background="cid:stripes">x</body>', "names no file of the message"),
        ('<form action="/answer">x</form>', "is relative"),
        ('<form action="javascript:alert(1)">x</form>', "has the scheme `javascript:`"),
        ('<input type="image" src="x.png">', "is relative"),
        ('<button formaction="/x">x</button>', "is relative"),
    ],
)
def test_an_address_that_leads_nowhere_from_a_mail_is_an_error(html: str, said: str) -> None:
    (finding,) = reviewed(f"<p>\n\n{html}", SCHEMA)
    assert (codes([finding]), finding.line) == (["E LINK_INVALID"], 3)
    assert said in finding.message


@pytest.mark.parametrize(
    "html",
    [
        "{# nothing #}",
        "  \n&nbsp;&#160;",
        "<!-- nothing -->",
        "<html><head><title>Order</title><style>p { color: red }</style></head><body></body></html>",
        "<p>{% if context.total %} {% endif %}</p>",
        "{% set x = context.name %}<div></div>",
        "<div>\n</div>{% for row in context.rows %}<br>{% endfor %}",
    ],
)
def test_html_that_shows_nothing_whatever_the_data_is_an_error(html: str) -> None:
    assert codes(reviewed(html, SCHEMA)) == ["E CONTENT_EMPTY"]


@pytest.mark.parametrize(
    "html", ["x", "{{ context.name }}", "<hr>", '<p><img src="https://a.example/x.png" alt=""></p>']
)
def test_html_that_may_show_something_passes(html: str) -> None:
    assert reviewed(html, SCHEMA) == []


@pytest.mark.parametrize("template", ["{# nothing #}", " \n ", "{% if context.total %} {% endif %}"])
def test_another_part_that_writes_nothing_is_an_error_of_its_own(template: str) -> None:
    parts = {"subject": template, "html": "x", "text": template, "headers": {"X-Order": template}}
    findings = COMPILER.review(definition(schema=SCHEMA, **parts))  # type: ignore[arg-type]  # of different kinds
    assert codes(findings) == ["E CONTENT_EMPTY"] * 3
    assert [finding.field.rpartition("email.")[2] for finding in findings] == ["subject", "text", "headers.X-Order"]


@pytest.mark.parametrize("image", ["<img src='https://a.example/x.png'>", "<IMG\n title='x' src='{{ context.url }}'/>"])
def test_an_image_without_alt_is_a_warning(image: str) -> None:
    (finding,) = reviewed(f"<p>\n{image}", SCHEMA)
    assert (codes([finding]), finding.line) == (["W IMAGE_WITHOUT_ALT"], 2)


def test_html_that_mail_clients_cut_off_is_a_warning() -> None:
    assert codes(reviewed("é" * 50_000, SCHEMA)) == []
    (finding,) = reviewed("é" * 50_000 + "x", SCHEMA)
    assert (codes([finding]), "100,001" in finding.message) == (["W HTML_LARGE"], True)


def test_lines_are_those_of_the_source_behind_tags_that_swallow_line_breaks() -> None:
    (finding,) = reviewed("<p>\n{%- if context.total -%}\n\n<a href='x'>x</a>{%- endif %}</p>", SCHEMA)
    assert finding.line == 4
