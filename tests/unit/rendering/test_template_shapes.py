"""Templates of one shape differ in their words alone, so that review proves each shape once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from clarion_server.adapters.rendering.review.template_shape import shape_of
from clarion_server.adapters.rendering.templates.environment import ENVIRONMENTS
from clarion_server.adapters.rendering.templates.escaping import Escaping
from clarion_server.adapters.rendering.templates.structure import parse_template
from clarion_server.domain.campaigns.campaign_definition import ContentVariant
from clarion_server.domain.campaigns.targeting import TargetingRule
from clarion_server.domain.content.email import EmailContent
from clarion_server.domain.finding import Finding
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import nodes

from tests.unit.rendering.calls import counted_calls, processor_time
from tests.unit.rendering.contents import COMPILER, definition, object_schema

SCHEMA = object_schema(required=("name",), name={"type": "string"})
LANGUAGES = ("af", "cs", "da", "de", "es", "et", "fi", "fr", "hu", "it", "lt", "lv", "nl", "pl", "pt", "ro", "sk", "sv")


def parsed(source: str) -> Any:
    """Returns what the tree of a template says without its words; the reason when it cannot be parsed."""
    tree, _ = parse_template(source, ENVIRONMENTS[Escaping.NONE])
    if tree is None:
        return None
    for text in tree.find_all(nodes.TemplateData):
        text.data = "x" if text.data.strip() else " "
    return tree


TAGS = (
    *(
        "{{ context.name }}",
        "{{- context.name -}}",
        "{{ '}}' }}",
        '{{ "{%" ~ \'"\' }}',
        "{{ {'a': {}}.a }}",
        "{{ a }}}",
    ),
    *(
        "{% if context.name %}",
        "{% endif %}",
        "{%- endif +%}",
        "{% raw %}",
        "{% endraw %}",
        "{% set a = 1 %}",
        "{# c #}",
    ),
    *("{#- '", "{{", "{%", "{#", "}}", "%}", "#}", "'", '"', "{{ 1 % 2 }}", "{% set b = '%}' %}", "{{ '\\'}}' }}"),
)
BLANKS = ("", " ", "\n", "\r\n", " \t")
WORDS = ("word", "w\nw", "{", "}", "%", "#", "{ %", "'", '"', "-", " raw ", "\\", "}}", "%}")
#: Holds a text and one that may stand in its place.
TEXTS = st.one_of(*(st.tuples(st.sampled_from(each), st.sampled_from(each)) for each in (BLANKS, WORDS)))


@given(st.lists(st.tuples(TEXTS, st.sampled_from(TAGS)), max_size=6), TEXTS)
def test_templates_of_one_shape_have_one_tree_but_for_their_words(
    pieces: list[tuple[tuple[str, str], str]], end: tuple[str, str]
) -> None:
    one, other = ("".join([*(texts[side] + tag for texts, tag in pieces), end[side]]) for side in (0, 1))
    if (shape := shape_of(one)) is not None and shape == shape_of(other):
        assert parsed(one) == parsed(other)


@pytest.mark.parametrize("source", ["{#", "{{ a }}{#}", "{# c #}{# #", "{# {{ a }} {% if b %}"])
def test_a_comment_that_does_not_end_has_no_shape(source: str) -> None:
    assert shape_of(source) is None
    assert shape_of(f"{source} #}}") is not None


def test_comments_that_do_not_end_are_read_once() -> None:
    """Within much more than the time that as many take which end, and a fraction of that for reading the rest again."""
    without_end, with_end = "{#" * 30_000, "{##}" * 15_000
    assert processor_time(lambda: shape_of(without_end)) < 20 * processor_time(lambda: shape_of(with_end))


def test_words_and_lines_have_no_part_in_a_shape_and_values_have() -> None:
    shape = shape_of("Hello {{ context.name }},\nthank you.")
    assert shape == shape_of("Guten\n\nTag, {{ context.name }}! Danke.") == "x{{ context.name }}x"
    assert shape != shape_of("Hello {{ context.surname }}, thank you.")
    assert shape != shape_of("Hello {{ context.name }}")
    assert shape_of("{{ 'Hello' }}") != shape_of("{{ 'Hallo' }}")


@pytest.mark.parametrize(
    "source",
    [
        *("{% raw %}{{ a }}{% endraw %}", "{{ {'a': 1} }}", "{{ 'a }}", "{{{ a }}", "{{% set a = 1 %}", "{# a", "a{"),
        "x" * 70_000,
    ],
)
def test_a_template_whose_words_may_be_part_of_a_tag_has_no_shape(source: str) -> None:
    assert shape_of(source) is None


def reviewed(*contents: EmailContent, subject: str = "Subject") -> list[Finding]:
    """Returns the findings of a campaign with a content in each language."""
    campaign = definition(subject=subject, html="<p>Hello {{ context.name }}</p>", schema=SCHEMA)
    variants = tuple(ContentVariant(LANGUAGES[index], content) for index, content in enumerate(contents))
    return COMPILER.review(replace(campaign, actions=(replace(campaign.actions[0], variants=variants),)))


def test_a_fault_is_told_of_each_template_of_a_shape() -> None:
    found = reviewed(
        EmailContent("Hallo {{ context.nmae }}", "<p>Hallo {{ context.name }}</p>"),
        EmailContent("\nBonjour {{ context.nmae }}", "<p>Bonjour {{ context.name }}</p>"),
    )
    assert [(each.code.value, each.field, each.line) for each in found] == [
        ("VARIABLE_NOT_IN_SCHEMA", "actions[0].variants[0].email.subject", 1),
        ("VARIABLE_NOT_IN_SCHEMA", "actions[0].variants[1].email.subject", 2),
    ]


def test_the_html_of_each_template_of_a_shape_is_looked_at() -> None:
    found = reviewed(
        EmailContent("Hallo", "<p>Hallo {{ context.name }}</p>"),
        EmailContent("Bonjour", "<p>a</p><script>{{ context.name }}</script>"),
        EmailContent("Hej", "<a href=/x>{{ context.name }}</a>"),
    )
    assert [(each.code.value, each.field) for each in found] == [
        ("TEMPLATE_UNSAFE", "actions[0].variants[1].email.html"),
        ("LINK_INVALID", "actions[0].variants[2].email.html"),
    ]


def test_a_shape_that_one_part_may_have_is_no_proof_for_another_one() -> None:
    found = reviewed(EmailContent("Hallo {{ context.name | safe }}", "<p>{{ context.name }}</p>"), subject="A")
    again = reviewed(EmailContent("Hallo", "Hallo {{ context.name | safe }}"), subject="A {{ context.name | safe }}")
    assert {each.field for each in found} == {"actions[0].variants[0].email.subject"}
    assert {each.field for each in again} == {"actions[0].email.subject", "actions[0].variants[0].email.html"}


def test_a_part_that_only_blanks_are_left_of_is_found_beside_others() -> None:
    found = reviewed(
        EmailContent("Hallo", "<p>x</p>", "Hallo"),
        EmailContent("Hej", "<p>x</p>", " "),
        EmailContent("Hei", "<p>x</p>", "a"),
    )
    assert [(each.code.value, each.field) for each in found] == [("CONTENT_EMPTY", "actions[0].variants[1].email.text")]


def calls_for(count: int) -> int:
    html = "<p>{} {{{{ context.name }}}} {{% if context.name == 'x' %}}<b>{}</b>{{% endif %}}</p>"
    contents = [EmailContent(f"{each} {{{{ context.name }}}}", html.format(each, each)) for each in LANGUAGES[:count]]
    with counted_calls() as calls:
        assert reviewed(*contents) == []
    return calls()


def test_another_language_of_a_template_costs_a_small_part_of_the_first() -> None:
    calls_for(1)  # Python and Babel load what they need.
    first, of_each = calls_for(1), (calls_for(17) - calls_for(1)) / 16
    assert of_each < first / 4


def test_a_part_that_contents_share_is_read_once() -> None:
    shared = definition(subject="a", html="<p><a href='https://a.test'>{{ context.name }}</a></p>" * 100, schema=SCHEMA)

    def calls_with(count: int) -> int:
        variants = tuple(ContentVariant(tag, EmailContent(tag), "") for tag in LANGUAGES[:count])
        campaign = replace(shared, actions=(replace(shared.actions[0], variants=variants),))
        with counted_calls() as calls:
            COMPILER.review(campaign)
        return calls()

    calls_with(1)
    assert calls_with(17) < 1.5 * calls_with(1)


def test_contents_in_other_words_do_not_use_up_the_steps_of_a_review() -> None:
    long = "{} " + "{{{{ context.name }}}} " * 400
    rules = tuple(TargetingRule(f"r{index}", "true") for index in range(8))
    variants = tuple(
        ContentVariant(tag, EmailContent(f"{tag} {rule.id}", text=long.format(tag)), rule.id)
        for rule in rules
        for tag in ("en", *LANGUAGES)
    )
    campaign = definition(text=long.format("en"), schema=SCHEMA)
    campaign = replace(campaign, actions=(replace(campaign.actions[0], variants=variants, rules=rules),))
    assert {each.code.value for each in COMPILER.review(campaign)} == {"RULE_NEVER"}
