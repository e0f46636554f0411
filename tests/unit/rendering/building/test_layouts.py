"""Styles are inlined and MJML is compiled in what layouts, fragments and contents become together."""

from __future__ import annotations

import re

import pytest
from clarion_server.adapters.rendering.building.flattening import flatten
from clarion_server.adapters.rendering.building.jinja_tags import TagKind, normalised, tags_of
from clarion_server.adapters.rendering.building.pipeline import build_part
from clarion_server.adapters.rendering.content_kind import BuiltPart, Part
from clarion_server.adapters.rendering.templates.escaping import Escaping
from clarion_server.application.ports.content import Fragments
from clarion_server.domain.content.email import EmailContent, RenderedEmail
from clarion_server.domain.content.transform import Transform
from clarion_server.domain.finding import Severity

from tests.unit.rendering.contents import COMPILER, campaign, object_schema, personalisation
from tests.unit.rendering.fragments import fragment, published

LINK = '<a href="{{ u }}?a=1&b={{ v }}">{{ v }}</a>'
CONTENT = """{% extends "fragments/base" %}
{% set c = context.c %}
{% block main %}
<p class="big" style="color: {{ context.c }}">Hi</p>
{% for n in [1, 9] %}{% if n < 5 %}
{% with u=context.u, v="x&y" | urlencode %}{% include 'fragments/link' %}{% endwith %}
{% else %}<b title='{{ n }}' {% if n > 8 %}lang="{{ n }}"{% endif %}>{{ n }}</b>{% endif %}{% endfor %}
{{ super() }}
{% endblock %}"""
HTML_BASE = """<html><head>
<style>p { margin: 0 } .big { font-size: {{ context.n }}px } a { color: {{ c }} }</style></head>
<body>{# a layout #}<table><tr>{% block main %}<td><p class=big>Base</p></td>{% endblock %}</tr></table>
{%- raw %}{{ kept }}{% endraw %}</body></html>"""
MJML_BASE = """<mjml><mj-head><mj-style inline="inline">p { margin: 0 }</mj-style></mj-head><mj-body>{# a layout #}
<mj-section background-color="{{ c }}"><mj-column><mj-text>{% block main %}<p>Base</p>{% endblock %}</mj-text>
<mj-button href="{{ context.u }}?a=1&amp;b=2">Go</mj-button></mj-column></mj-section></mj-body></mjml>"""
SCHEMA = object_schema(c={"type": "string"}, u={"type": "string"}, n={"type": "number"}, required=("c", "u", "n"))
CONTEXT = {"c": "#123456", "u": "https://a.example/", "n": 12}
#: Holds the tags of content whose places matter most, as their authors wrote them.
WRITTEN = ("{{ context.c }}", "{% for n in [1, 9] %}", "{% if n < 5 %}", "{% if n > 8 %}", "{{ n }}")


def pieces(base: str) -> Fragments:
    return published(fragment("link", LINK, "u", "v"), fragment("base", base, "c"))


def built(base: str, transform: Transform) -> BuiltPart:
    return build_part(Part("html", CONTENT, Escaping.HTML, transform), pieces(base))


def flat(base: str) -> str:
    flattened = flatten(CONTENT, Escaping.HTML, pieces(base).get)
    assert flattened.refusals == ()
    return normalised(flattened.text)


def test_styles_of_a_layout_are_inlined_with_every_tag_byte_for_byte_in_its_place_and_line() -> None:
    part, before = built(HTML_BASE, Transform.INLINE_CSS), flat(HTML_BASE)
    assert Severity.ERROR not in [each.severity for each in part.findings]
    after = part.source.text
    assert after != before
    assert [tag.text for tag in tags_of(after)] == [tag.text for tag in tags_of(before)]
    assert [after.count("\n", 0, tag.start) for tag in tags_of(after)] == [
        before.count("\n", 0, tag.start) for tag in tags_of(before)
    ]
    # What stands between two tags is what stood there, but for the style sheet and the attribute `style`.
    assert unstyled(after) == unstyled(before)
    for text in WRITTEN:
        assert text in after
    assert 'href="{{ u }}?a=1&b={{ v }}"' in after


def unstyled(source: str) -> str:
    source = re.sub(r"<style>.*?</style>", "", source, flags=re.DOTALL)
    return re.sub(r"\s*style=(\"[^\"]*\"|'[^']*')", "", source)


def test_mjml_keeps_every_tag_of_a_layout_byte_for_byte_and_those_that_do_something_in_their_order() -> None:
    part, before = built(MJML_BASE, Transform.MJML), flat(MJML_BASE)
    assert Severity.ERROR not in [each.severity for each in part.findings]
    after = tags_of(part.source.text)
    doing = [tag.text for tag in tags_of(before) if tag.kind is TagKind.BLOCK]
    assert [tag.text for tag in after if tag.kind is TagKind.BLOCK] == doing
    assert {tag.text for tag in after if tag.kind is TagKind.VALUE} == {
        tag.text for tag in tags_of(before) if tag.kind is TagKind.VALUE
    }
    assert 'href="{{ u }}?a=1&amp;b={{ v }}"' in part.source.text or 'href="{{ u }}?a=1&b={{ v }}"' in part.source.text


@pytest.mark.parametrize(("base", "transform"), [(HTML_BASE, Transform.INLINE_CSS), (MJML_BASE, Transform.MJML)])
def test_a_mail_shows_the_values_of_its_layout_fragments_and_content(base: str, transform: Transform) -> None:
    definition = campaign(EmailContent("x", CONTENT, transform=transform), schema=SCHEMA)
    fragments = pieces(base)
    content = COMPILER.compile_content(definition, 0, "a", fragments=fragments)
    email = content.render(personalisation(CONTEXT))
    assert isinstance(email, RenderedEmail)
    assert re.search(r'<a href="https://a\.example/\?a=1&(amp;)?b=x%26y"[^>]*>x%26y</a>', email.html)
    assert re.search(r"<b title=.9.\s+lang=\"9\"[^>]*>9</b>", email.html)
    assert "color: #123456" in email.html
    assert "Base" in email.html


def test_the_rules_of_html_hold_for_the_fragments_of_a_mail_in_mjml_too() -> None:
    base = "<mjml><mj-body>{% block main %}{% endblock %}</mj-body></mjml>"
    section = """<mj-section><mj-column>
<mj-text><a {{ context.u }}="x">Hi</a></mj-text>
<mj-image src="https://a.example/x.png" /></mj-column></mj-section>"""
    html = """{% extends "fragments/base" %}
{% block main %}{% include "fragments/section" %}{% endblock %}"""
    fragments = published(fragment("base", base), fragment("section", section))
    definition = campaign(EmailContent("x", html, transform=Transform.MJML), schema=SCHEMA)
    found = {(each.code, each.line, each.way) for each in COMPILER.review(definition, fragments=fragments)}
    assert ("TEMPLATE_UNSAFE", 2, ("fragments/section@1:2",)) in found
    assert ("IMAGE_WITHOUT_ALT", 2, ("fragments/section@1:3",)) in found
    assert "CONTENT_EMPTY" not in {code for code, _, _ in found}
    whole = campaign(EmailContent("x", html.replace("section", "link2"), transform=Transform.MJML), schema=SCHEMA)
    plain = "<mj-section><mj-column><mj-text>{{ context.c }}</mj-text></mj-column></mj-section>"
    fragments = published(fragment("base", base), fragment("link2", plain))
    built = COMPILER.build(whole, fragments)
    # Also when an earlier version is activated again.
    assert COMPILER.review(whole, built=built, fragments=fragments) == []
