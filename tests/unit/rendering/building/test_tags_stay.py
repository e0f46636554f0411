"""Whatever the HTML around them, the tags of a template stay byte for byte, in their order and in their lines."""

from __future__ import annotations

import os

import pytest
from clarion_server.adapters.rendering.building.jinja_tags import Blocks, masked, normalised, tags_of
from clarion_server.adapters.rendering.templates.environment import ENVIRONMENTS
from clarion_server.adapters.rendering.templates.escaping import Escaping
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import TemplateSyntaxError

from tests.unit.rendering.building.built import inlining

EXAMPLES = 20_000 if os.environ.get("CLARION_SOAK") else 200

VALUES = ("{{ u }}", '{{ "}}" }}', "{{- a['%}'] -}}", "{{ {'a': {'b': 1}}.a }}", "{{ x\n| default('<p>') }}")
BLOCKS = ("{% if n < 5 %}", "{%- for a in b -%}\n", "{% set x = 1 %}", "{% endif %}", "{%- endfor %}", "{% else %}")
SILENT = ("{# { #}", "{#- <style> -#}", "{% raw %}{{ no }}{% endraw %}", "{%- raw -%} {% no %} {%- endraw %}")
PLACES = (
    '<a href="%s?a=1&b=%s">',
    "<p style='color: %s'>",
    '<p style="%s">',
    '<td class="a %s"',
    "<i %s>",
    "<style>p { color: %s } .a { margin: 0 }</style>",
    "<style>%s b { x: y }</style>",
    "<title>%s</title>",
    "<!-- %s -->",
    "<script>%s</script>",
    "%s",
    "<%s",
    '"%s',
)
TEXTS = (
    "<p>",
    '<b class="a">',
    "</b>",
    "<table>",
    "<tr><td>",
    "\n",
    "\r\n",
    "x",
    "<style>b{y:z}*{c:d}</style>",
    "{",
    "}}",
)
TAGS = st.sampled_from([*VALUES, *BLOCKS, *SILENT])
PIECES = st.one_of(
    st.sampled_from(TEXTS),
    st.builds(
        lambda place, tag, other: place.replace("%s", tag, 1).replace("%s", other), st.sampled_from(PLACES), TAGS, TAGS
    ),
)
SOURCES = st.lists(PIECES, max_size=25).map("".join)


def read(source: str) -> list[tuple[str, int]] | None:
    """Returns the tags with their lines; None when the source is no template."""
    source = normalised(source)
    try:
        return [(tag.text, source.count("\n", 0, tag.start)) for tag in tags_of(source)]
    except TemplateSyntaxError:
        return None


@pytest.mark.soak
@settings(max_examples=EXAMPLES, deadline=None)
@given(SOURCES)
def test_tags_stay_as_they_were_when_styles_are_inlined(source: str) -> None:
    assert read(inlining(f"<style>p{{a:b}}</style><p>{source}").source.text) == read(
        f"<style>p{{a:b}}</style><p>{source}"
    )


def jinjas_tokens(source: str) -> list[str]:
    """Returns what is in the tags, as Jinja2 reads it."""
    texts, tag = [], ""
    for _, token, text in ENVIRONMENTS[Escaping.HTML].lexer.tokeniter(source, None):
        if tag or token != "data":
            tag += text
        if token.endswith("_end") or token == "raw_begin":
            texts.append(tag.rstrip())
            tag = ""
    return texts


@settings(max_examples=EXAMPLES, deadline=None)
@given(SOURCES)
def test_the_tags_are_those_that_jinja2_reads_and_their_marks_are_as_long(source: str) -> None:
    source = normalised(source)
    try:
        tags = tags_of(source)
    except TemplateSyntaxError:
        return
    assert [tag.text for tag in tags] == jinjas_tokens(source)
    html = masked(source, tags)
    assert len(html) == len(source)
    assert all(html[tag.start] == html[tag.end - 1] == tag.kind.value for tag in tags)


def test_only_what_stands_in_a_block_depends_on_it() -> None:
    source = "a{% set x = 1 %}b{% if x %}c{% for y in x %}d{% endfor %}e{% else %}f{% endif %}g"
    blocks = Blocks(tags_of(source))
    assert [blocks.depth(source.index(f"{letter}{{")) for letter in "abcdef"] == [0, 0, 1, 2, 1, 1]
    assert blocks.depth(len(source)) == 0
