"""Fragments and layouts that are written into one source: its meaning, its lines, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from babel import Locale
from clarion_server.adapters.rendering.building.flattening import Flattened, flatten
from clarion_server.adapters.rendering.building.fragment_refusals import MOST_INCLUDES
from clarion_server.adapters.rendering.templates.environment import ENVIRONMENTS, GLOBALS
from clarion_server.adapters.rendering.templates.escaping import Escaping
from clarion_server.adapters.rendering.templates.template import CompiledTemplate
from clarion_server.application.ports.content import RenderingFailed
from clarion_server.domain.content.built_source import BuiltSource
from clarion_server.domain.content.source_places import place_of
from clarion_server.domain.fragments.fragment import FragmentKind, FragmentVersion
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import DictLoader, Environment, StrictUndefined

from tests.unit.rendering.fragments import fragment, published

CONTEXT = {"items": ["a", "b"], "name": "Jane <3", "n": 2}


def flat(source: str, *fragments: FragmentVersion, escaping: Escaping = Escaping.HTML) -> Flattened:
    return flatten(source, escaping, published(*fragments).get)


def rendered(flattened: Flattened, escaping: Escaping = Escaping.HTML, **context: Any) -> str:
    assert flattened.refusals == ()
    template = CompiledTemplate("html", BuiltSource(flattened.text), ENVIRONMENTS[escaping])
    return template.render({**GLOBALS, "context": {**CONTEXT, **context}}, Locale("en"))


def told(flattened: Flattened) -> list[tuple[str, str, int, tuple[str, ...]]]:
    return [(each.refusal.code, each.refusal.message, each.place.line, each.place.way) for each in flattened.refusals]


BUTTON = fragment("button", '<a href="{{ url }}">{{ label }}</a>', "url", required=("label",))
BASE = fragment("base", "<body>{% block main %}empty{% endblock %}<hr>{% block end %}{% endblock %}</body>", "title")


def test_a_source_without_fragments_stays_as_it_is() -> None:
    source = "{# {% if %} #}<p>{{ context.name }}</p>\r\n"
    assert flat(source) == Flattened(source)


def test_a_fragment_stands_where_it_is_included_with_its_parameters() -> None:
    source = (
        '<p>{% with label=context.name, url="https://x.example" %}{% include "fragments/button" %}{% endwith %}</p>'
    )
    assert rendered(flat(source, BUTTON)) == '<p><a href="https://x.example">Jane &lt;3</a></p>'


def test_a_fragment_sees_no_other_variable_of_what_includes_it() -> None:
    leaf = fragment("leaf", "{{ hidden | default('none') }}{% set hidden = 'own' %}{{ hidden }}")
    source = "{% set hidden = 'outer' %}{% include 'fragments/leaf' %}{{ hidden }}"
    assert rendered(flat(source, leaf)) == "noneownouter"


def test_a_variable_that_a_fragment_sets_ends_with_it() -> None:
    leaf = fragment("leaf", "{% set x = 1 %}{{ x }}")
    assert rendered(flat("{% include 'fragments/leaf' %}{{ x | default('gone') }}", leaf)) == "1gone"


def test_a_parameter_of_an_outer_fragment_alone_is_no_parameter_of_an_inner_one() -> None:
    inner = fragment("inner", "{{ colour | default('none') }}", "colour")
    outer = fragment("outer", "{% include 'fragments/inner' %}")
    assert rendered(flat("{% set colour = 'red' %}{% include 'fragments/outer' %}", inner, outer)) == "none"
    passing = fragment("outer", "{% include 'fragments/inner' %}", "colour")
    assert rendered(flat("{% set colour = 'red' %}{% include 'fragments/outer' %}", inner, passing)) == "red"


def test_names_of_members_arguments_filters_and_tests_are_no_variables() -> None:
    leaf = fragment(
        "leaf",
        "{% set name = context.name | upper %}{% set upper = {'name': 1} %}{{ name }}{{ upper.name }}"
        "{{ name is string }}{% for string in [1] %}{{ string }}{% endfor %}",
    )
    source = "{% set name = 1 %}{% set upper = 1 %}{% set string = 1 %}{% include 'fragments/leaf' %}"
    assert rendered(flat(source, leaf)) == "JANE &lt;31True1"


def test_the_same_fragment_may_stand_twice_and_in_a_loop() -> None:
    source = "{% for label in context.items %}{% include 'fragments/button' %}{% endfor %}" * 2
    button = fragment("button", "[{{ label }}]", required=("label",))
    assert rendered(flat(source, button)) == "[a][b][a][b]"


def test_a_layout_shows_the_blocks_of_the_content_and_its_own() -> None:
    source = '{% extends "fragments/base" %}\n{% block main %}<h1>{{ context.name }}</h1>{% endblock %}\n'
    assert rendered(flat(source, BASE)) == "<body><h1>Jane &lt;3</h1><hr></body>"


def test_super_writes_what_the_layout_has() -> None:
    middle = fragment("middle", "{% extends 'fragments/base' %}{% block main %}<b>{{ super() }}</b>{% endblock %}")
    source = "{% extends 'fragments/middle' %}{% block main %}({{ super() }}){% endblock %}"
    assert rendered(flat(source, BASE, middle)) == "<body>(<b>empty</b>)<hr></body>"


def test_a_layout_gets_its_parameters_by_set_and_changes_them_for_itself_alone() -> None:
    base = fragment(
        "base", "{% set title = title | upper %}<title>{{ title }}</title>{% block main %}{% endblock %}", "title"
    )
    source = "{% extends 'fragments/base' %}{% set title = 'x' %}{% block main %}{{ title }}{% endblock %}"
    assert rendered(flat(source, base)) == "<title>X</title>x"


def test_a_block_sees_no_variable_of_the_layout() -> None:
    base = fragment("base", "{% set x = 'layout' %}{% block main %}{% endblock %}{{ x }}")
    source = "{% extends 'fragments/base' %}{% block main %}{{ x | default('none') }}{% set x = 1 %}{% endblock %}"
    assert rendered(flat(source, base)) == "nonelayout"


def test_white_space_is_taken_away_within_each_source_alone() -> None:
    leaf = fragment("leaf", " {{- context.n -}} ")
    source = "a {% include 'fragments/leaf' %} b {%- include 'fragments/leaf' -%} c"
    assert rendered(flat(source, leaf)) == "a 2 b2c"


def test_a_brace_at_the_end_of_a_fragment_begins_no_tag() -> None:
    leaf = fragment("leaf", "a{")
    assert rendered(flat("{% include 'fragments/leaf' %}{ x {% raw %}{{ y }}{% endraw %}", leaf)) == "a{{ x {{ y }}"


def test_texts_of_a_fragment_have_keys_of_their_own() -> None:
    leaf = fragment(
        "leaf", "{{ t('bye', name=context.name) }}{{ t('a' if context.n else 'b') }}", translations={"en": {}}
    )
    assert "t('fragments/leaf@1:bye', name=context.name)" in flat("{% include 'fragments/leaf' %}", leaf).text
    assert "t(\"fragments/leaf@1:\" ~ ('a' if context.n else 'b'))" in flat("{% include 'fragments/leaf' %}", leaf).text
    plain = fragment("leaf", "{{ t('bye') }}")
    assert "t('bye')" in flat("{% include 'fragments/leaf' %}", plain).text


SOURCES = st.recursive(
    st.sampled_from(["x\n", " {{ context.n }} ", "{# c\n#}", "{{- context.name -}}", "{% raw %}{{{% endraw %}"]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map("".join),
        inner.map(lambda text: f"{{% if context.n -%}} {text} {{%- endif %}}"),
        inner.map(lambda text: f"{{% for i in context['items'] %}}{text}{{{{ i }}}}{{% endfor %}}"),
        st.sampled_from(["{% include 'fragments/a' %}", "{%- include 'fragments/b' -%}\n"]),
    ),
    max_leaves=8,
)


@given(
    SOURCES,
    SOURCES.filter(lambda text: "fragments" not in text),
    SOURCES.filter(lambda text: "'fragments/b" not in text),
)
def test_the_result_means_what_jinja_makes_of_the_sources(content: str, a: str, b: str) -> None:
    block = "{% block main %}" + b.replace("{% include", "{%include") + "{% endblock %}\n"
    for source, base in (
        (content, "-"),
        ("{% extends 'fragments/base' %}" + block, f"<{{% block main %}}{a}{{% endblock %}}>\n"),
    ):
        texts = {"fragments/a": a, "fragments/b": a + b if "fragments" not in b else b, "fragments/base": base}
        loaded = Environment(loader=DictLoader(texts), autoescape=True, undefined=StrictUndefined)
        expected = loaded.from_string(source).render(context=CONTEXT)
        versions = [fragment(name.partition("/")[2], text) for name, text in texts.items()]
        assert rendered(flat(source, *versions)) == expected


@given(
    st.lists(
        st.sampled_from(["\n", "x", "{# \n #}", "{% if 1 -%}\n\n{% endif %}", "{{ 1 }}", "{% include 'fragments/a' %}"])
    )
)
def test_each_line_leads_back_to_where_it_came_from(pieces: list[str]) -> None:
    head = "".join(pieces)
    leaf = fragment("a", "\n {{ 1 }}")
    flattened = flat(
        head + "{{ context.missing }}\n{% include 'fragments/b' %}",
        leaf,
        fragment("b", f"{head}\n{{{{ context.gone }}}}"),
    )
    for name, way in (("missing", ()), ("gone", (f"fragments/b@1:{head.count(chr(10)) + 2}",))):
        context: dict[str, Any] = {"missing": "" if name == "gone" else None, "gone": None}
        with pytest.raises(RenderingFailed) as failed:
            rendered(flattened, **context)
        place = place_of(flattened.stretches, failed.value.line)
        assert (place.line - head.count("\n") - 1, place.way) == (int(name == "gone"), way)


def test_the_way_to_a_fragment_has_the_line_of_each_step() -> None:
    inner = fragment("inner", "\n\n{{ context.gone }}")
    outer = fragment("outer", "\n{% include 'fragments/inner' %}")
    flattened = flat("<p>\n</p>{% include 'fragments/outer' %}", inner, outer)
    with pytest.raises(RenderingFailed) as failed:
        rendered(flattened)
    place = place_of(flattened.stretches, failed.value.line)
    assert (place.line, place.way) == (2, ("fragments/outer@1:2", "fragments/inner@1:3"))


@pytest.mark.parametrize(
    ("source", "code", "words"),
    [
        ("{% include context.name %}", "TEMPLATE_UNSAFE", "as it is"),
        ("{% include 'fragments/' ~ context.name %}", "TEMPLATE_UNSAFE", "as it is"),
        ("{% include ['fragments/button'] %}", "TEMPLATE_UNSAFE", "as it is"),
        ("{% include 'fragments/button' ignore missing %}", "TEMPLATE_UNSAFE", "as it is"),
        ("{% include 'fragments/button' without context %}", "TEMPLATE_UNSAFE", "as it is"),
        ("{% extends context.layout %}", "TEMPLATE_UNSAFE", "as it is"),
        ("<p>{% extends 'fragments/base' %}", "TEMPLATE_UNSAFE", "first tag"),
        ("{% if 1 %}{% extends 'fragments/base' %}{% endif %}", "TEMPLATE_UNSAFE", "first tag"),
        ("{% extends 'fragments/base' %}<p>Lost</p>", "TEMPLATE_UNSAFE", "`<p>Lost</p>` stands outside"),
        ("{% extends 'fragments/base' %}{{ context.n }}", "TEMPLATE_UNSAFE", "outside"),
        ("{% extends 'fragments/base' %}{% block mian %}{% endblock %}", "TEMPLATE_UNSAFE", "no block `mian`"),
        ("{% block main %}{% endblock %}", "TEMPLATE_UNSAFE", "within a layout alone"),
        ("{% extends 'fragments/base' %}{% block main scoped %}{% endblock %}", "TEMPLATE_UNSAFE", "`scoped`"),
        (
            "{% extends 'fragments/base' %}{% set x = 1 %}" + "{% block main %}{% endblock %}" * 2,
            "TEMPLATE_SYNTAX",
            "two",
        ),
        ("{% include 'header.html' %}", "TEMPLATE_UNSAFE", "`header.html`"),
        ("{% include 'fragments/nothing' %}", "FRAGMENT_MISSING", "no published fragment fragments/nothing"),
        ("{% include 'fragments/button@7' %}", "FRAGMENT_MISSING", "fragments/button has no version 7"),
        ("{% include 'fragments/bye' %}", "FRAGMENT_KIND", "of the kind TEXT"),
        ("{% include 'fragments/button' %}", "FRAGMENT_PARAMETER", "needs the parameter `label`"),
        ("{% include 'fragments/button' %", "TEMPLATE_SYNTAX", ""),
        ("{% include 'fragments/strict' %}", "TEMPLATE_UNSAFE", "needs the block `main`"),
        (
            "{% extends 'fragments/base' %}{% block main %}{% block in %}{{ super() }}{% endblock %}{% endblock %}",
            "TEMPLATE_UNSAFE",
            "`super()`",
        ),
    ],
)
def test_what_cannot_be_followed_is_refused(source: str, code: str, words: str) -> None:
    bye = fragment("bye", "Bye", kind=FragmentKind.TEXT)
    strict = fragment("strict", "{% block main required %}{% endblock %}")
    ((found, message, line, way),) = told(flat(source, BUTTON, BASE, bye, strict))
    assert (found, line, way) == (code, 1, ("fragments/strict@1:1",) if "strict" in source else ())
    assert words in message


def test_a_circle_is_refused_with_its_path() -> None:
    a, b = fragment("a", "{% include 'fragments/b' %}"), fragment("b", "\n{% include 'fragments/a' %}")
    ((code, message, line, way),) = told(flat("{% include 'fragments/a' %}", a, b))
    assert (code, line, way) == ("FRAGMENT_CIRCLE", 1, ("fragments/a@1:1", "fragments/b@1:2"))
    assert "fragments/a@1 → fragments/b@1 → fragments/a@1" in message


def test_blocks_that_go_in_a_circle_are_refused() -> None:
    base = fragment("base", "{% block b %}{% block c %}{% endblock %}{% endblock %}")
    source = "{% extends 'fragments/base' %}{% block c %}{% block b %}{{ super() }}{% endblock %}{% endblock %}"
    ((code, *_),) = told(flat(source, base))
    assert code == "FRAGMENT_CIRCLE"


def test_fragments_have_bounds_together() -> None:
    leaf = fragment("leaf", "x")
    assert rendered(flat("{% include 'fragments/leaf' %}" * MOST_INCLUDES, leaf)) == "x" * MOST_INCLUDES
    assert "more than 100" in told(flat("{% include 'fragments/leaf' %}" * (MOST_INCLUDES + 1), leaf))[0][1]
    chain = [fragment(f"f{level}", f"{{% include 'fragments/f{level + 1}' %}}") for level in range(6)]
    assert "deeper" in told(flat("{% include 'fragments/f0' %}", *chain, fragment("f6", "x")))[0][1]
    assert rendered(flat("{% include 'fragments/f2' %}", *chain, fragment("f6", "x"))) == "x"
    large = fragment("large", "x" * 200_000)
    assert "characters" in told(flat("{% include 'fragments/large' %}" * 3, large))[0][1]


def test_the_fragments_that_stand_in_a_source_are_told_once_each() -> None:
    inner, outer = fragment("inner", "x"), fragment("outer", "{% include 'fragments/inner@1' %}" * 2)
    assert flat("{% include 'fragments/outer' %}{% include 'fragments/inner' %}", inner, outer).fragments == (
        outer,
        inner,
    )
