"""MJML becomes HTML in which the tags of the template mean what they meant."""

from __future__ import annotations

import importlib
import importlib.util
import re

import pytest
from clarion_server.adapters.rendering.building.jinja_tags import TagKind, tags_of
from clarion_server.adapters.rendering.building.pipeline import build_part
from clarion_server.adapters.rendering.content_kind import BuiltPart, Part
from clarion_server.adapters.rendering.templates.escaping import Escaping
from clarion_server.application.ports.content import RenderingFailed
from clarion_server.domain.content.email import EmailContent, RenderedEmail
from clarion_server.domain.content.transform import Transform
from clarion_server.domain.finding import Severity

from tests.unit.rendering.contents import COMPILER, campaign, codes, object_schema, personalisation

MAIL = """<mjml><mj-head><mj-title>{{ context.name }}</mj-title></mj-head><mj-body>
{% if context.count < 5 %}{# few #}
<mj-section background-color="{{ context.color }}"><mj-column>
{% for item in [1, 2] %}
<mj-text css-class="a" color='{{ context.color }}'>Hello {{ item }} & {{ context.name }}<br>
<img src="https://a.example/{{ item }}.png" alt=x {% if item > 1 %}title="{{ item }}"{% endif %}></mj-text>
{% endfor %}
<mj-button href="https://a.example/?a=1&amp;b={{ context.name | urlencode }}"
  background-color="{{ context.color }}">Go</mj-button>
<mj-table>{% for item in [1] %}<tr><td>{{ item }}</td></tr>{% endfor %}</mj-table>
</mj-column></mj-section>
{% endif %}
</mj-body></mjml>
"""
SCHEMA = object_schema(
    name={"type": "string"}, color={"type": "string"}, count={"type": "number"}, required=("name", "color", "count")
)
CONTEXT = {"name": "Jane", "color": "#123456", "count": 1}


def built(mjml: str) -> BuiltPart:
    return build_part(Part("html", mjml, Escaping.HTML, Transform.MJML))


def body(inner: str) -> str:
    return f"<mjml><mj-body><mj-section><mj-column>{inner}</mj-column></mj-section></mj-body></mjml>"


def test_a_mail_comes_out_with_its_values_where_they_were() -> None:
    definition = campaign(EmailContent("x", MAIL, transform=Transform.MJML), schema=SCHEMA)
    assert codes(COMPILER.review(definition)) == []
    email = COMPILER.compile_content(definition, 0, "a").render(personalisation(CONTEXT))
    assert isinstance(email, RenderedEmail)
    for text in (
        "<title>Jane</title>",
        "Hello 2 & Jane<br",
        'src="https://a.example/2.png"',
        'title="2"',
        'href="https://a.example/?a=1&amp;b=Jane"',
        'bgcolor="#123456"',
        "<tr><td>1</td></tr>",
        '<html lang="en" dir="ltr"',
    ):
        assert text in email.html
    assert 'title="1"' not in email.html
    assert "clarionzq" not in email.html


def test_each_tag_keeps_its_line_whatever_mjml_makes_of_it() -> None:
    author = {tag.text: MAIL.count("\n", 0, tag.start) + 1 for tag in tags_of(MAIL)}
    source = built(MAIL).source
    texts = [tag.text for tag in tags_of(source.text) if tag.kind is not TagKind.SILENT]
    for text in ("{{ context.name | urlencode }}", "{% if context.count < 5 %}", "{% endif %}"):
        assert source.lines[len(texts) - 1 - texts[::-1].index(text)] == author[text]


def test_values_in_texts_and_links_stay_byte_for_byte_in_their_place_and_order() -> None:
    text = (
        '<mj-text color="{{ c }}">\n{% if n < 5 %}<a href="{{ u }}?a=1&b={{ v }}" style="color: {{ c }}">{{ v }}'
        "{{- u -}}</a>{% else %}{{ v | default('<p>') }} &amp; {{ u }}{% endif %}</mj-text>"
    )
    html = built(body(text + '<mj-button href="{{ u }}?x={{ v }}">{{ v }}</mj-button>')).source.text
    inner = text[text.index("{% if") : text.index("</mj-text>")]
    assert inner in html
    assert 'href="{{ u }}?x={{ v }}"' in html
    assert html.count("{{ v }}") == 4
    assert html.index(inner) < html.index("?x={{ v }}")


def test_a_value_in_a_text_that_would_move_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    compiler = importlib.import_module("mjml")
    make = compiler.mjml2html

    def swapping(xml: str) -> str:
        """Stands for a compiler that writes what is said first behind what is said last."""
        first, second = re.findall("clarionzqt[0-9]x", xml)
        html: str = make(xml.replace(first, "?").replace(second, first).replace("?", second))
        return html

    monkeypatch.setattr(compiler, "mjml2html", swapping)
    (finding,) = built(body("<mj-text>{{ a }} {{ b }}</mj-text>")).findings
    assert finding.code == "TRANSFORM_CHANGED_TEMPLATE"
    moving = body('<mj-text color="{{ a }}" font-size="{{ b }}">x</mj-text>')
    assert built(moving).findings == ()


def test_a_failure_names_the_authors_line() -> None:
    definition = campaign(EmailContent("x", body("\n<mj-text>\n{{ context.a }}</mj-text>"), transform=Transform.MJML))
    with pytest.raises(RenderingFailed) as failed:
        COMPILER.compile_content(definition, 0, "a").render(personalisation({}))
    assert (failed.value.line, failed.value.detail) == (3, "`context.a` is missing")


@pytest.mark.parametrize(("n", "line"), [(0, 1), (1, 4)])
def test_blocks_may_stand_around_a_mail(n: int, line: int) -> None:
    mail = body("<mj-text>{{ x }}</mj-text>")
    mjml = (
        f"{{% set x = 1 / context.n %}}\n{{# a comment #}}<!-- and another -->{mail}\n\n{{% set y = 1 / context.m %}}"
    )
    definition = campaign(EmailContent("x", mjml, transform=Transform.MJML))
    with pytest.raises(RenderingFailed) as failed:
        COMPILER.compile_content(definition, 0, "a").render(personalisation({"n": n, "m": 0}))
    assert failed.value.line == line


def test_a_value_around_a_mail_is_refused() -> None:
    assert [each.code for each in built("{{ context.name }}" + body("")).findings] == ["TRANSFORM_CHANGED_TEMPLATE"]


def test_review_names_the_lines_of_the_source() -> None:
    content = EmailContent("x", body('\n<mj-image src="https://a.example/x.png" />\n<mj-button href="x">y</mj-button>'))
    found = COMPILER.review(campaign(EmailContent("x", content.html, transform=Transform.MJML)))
    assert {(finding.code, finding.line) for finding in found} == {("IMAGE_WITHOUT_ALT", 2), ("LINK_INVALID", 3)}


@pytest.mark.parametrize(
    ("mjml", "code", "line"),
    [
        (body("\n<mj-text>a < b</mj-text>"), "TRANSFORM_FAILED", 2),
        (body("\n<mj-text><b>x</mj-text>"), "TRANSFORM_FAILED", 2),
        (body('<mj-text>x</mj-text>\n<mj-include path="/etc/passwd" />'), "TRANSFORM_FAILED", 0),
        ("<p>no MJML</p>", "TRANSFORM_FAILED", 0),
        (body("<mj-text>" + "<b>" * 150 + "x" + "</b>" * 150 + "</mj-text>"), "TRANSFORM_FAILED", 1),
        (body("\n<mj-text unknown='{{ context.a }}'>x</mj-text>"), "TRANSFORM_CHANGED_TEMPLATE", 2),
        (body("\n<mj-text {% if context.a %}color='red'{% endif %}>x</mj-text>"), "TRANSFORM_CHANGED_TEMPLATE", 2),
    ],
)
def test_what_mjml_cannot_take_is_refused(mjml: str, code: str, line: int) -> None:
    (finding,) = built(mjml).findings
    assert (finding.code, finding.severity, finding.line) == (code, Severity.ERROR, line)
    assert built(mjml).source.text == mjml


def test_without_the_extra_the_finding_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        "clarion_server.adapters.rendering.building.mjml.find_spec", lambda name: None if name == "mjml" else find(name)
    )
    (finding,) = built(MAIL).findings
    assert (finding.code, finding.severity) == ("TRANSFORM_FAILED", Severity.ERROR)
    assert "clarion[mjml]" in finding.remedy
