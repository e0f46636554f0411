"""Tests the filters that are not about locales, and what they return."""

from __future__ import annotations

import pytest
from clarion_server.adapters.rendering.evaluation.template_tests import TESTS
from clarion_server.adapters.rendering.filters import FILTERS
from clarion_server.adapters.rendering.inference.filter_rules import FILTER_RULES
from clarion_server.adapters.rendering.inference.test_rules import TEST_RULES

from tests.unit.rendering.contents import text_of

CONTEXT = {
    "name": " jane doe ",
    "tags": ["b", "a", "b"],
    "items": [
        {"name": "Tea", "price": 3, "city": "Lyon"},
        {"name": "Cup", "price": 1.5, "city": "Bonn", "note": "blue"},
        {"name": "Pot", "price": 2, "city": "Lyon"},
    ],
    "prices": {"b": 2, "a": 1},
}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ context.name | trim | title }}", "Jane Doe"),
        ("{{ context.name | upper | trim }}", "JANE DOE"),
        ("{{ 'JANE' | lower }}|{{ 'jANE' | capitalize }}", "jane|Jane"),
        ("{{ 'a-b-c' | replace('-', '+') }}|{{ 'a-b-c' | replace('-', '', 1) }}", "a+b+c|ab-c"),
        ("{{ 12 | replace('1', '2') }}", "22"),
        ("{{ 'one two three' | truncate(9) }}", "one..."),
        ("{{ 'one two' | wordcount }}", "2"),
        ("{{ 'a b/c' | urlencode }}", "a%20b/c"),
        ("{{ '7' | int + 1 }}|{{ '1.5' | float }}|{{ 'x' | int(3) }}", "8|1.5|3"),
        ("{{ -2 | abs }}|{{ 2.345 | round(2) }}|{{ 2.5 | round(method='floor') }}", "2|2.35|2"),
        ("{{ 7 | string ~ 1 }}", "71"),
        ("{{ context.tags | length }}|{{ context.name | length }}", "3|10"),
        ("{{ context.tags | first }}{{ context.tags | last }}", "bb"),
        ("{{ context.tags | sort | join(',') }}|{{ context.tags | unique | join(',') }}", "a,b,b|b,a"),
        ("{{ context.tags | reverse | join }}|{{ 'abc' | reverse }}", "bab|cba"),
        ("{{ context['items'] | map(attribute='name') | join(', ') }}", "Tea, Cup, Pot"),
        ("{{ context['items'] | map(attribute='note', default='-') | join(' ') }}", "- blue -"),
        ("{{ context.tags | map('upper') | join }}", "BAB"),
        ("{{ context['items'] | sum(attribute='price') }}|{{ [1, 2] | sum(start=3) }}", "6.5|6"),
        ("{{ context['items'] | join(', ', attribute='city') }}", "Lyon, Bonn, Lyon"),
        ("{{ context['items'] | selectattr('note') | map(attribute='name') | join }}", "Cup"),
        ("{{ context['items'] | rejectattr('note', 'defined') | list | length }}", "2"),
        ("{{ context['items'] | selectattr('price', 'gt', 2) | map(attribute='name') | join }}", "Tea"),
        ("{{ [1, 2, 3] | select('odd') | join }}{{ [1, 2, 3] | reject('odd') | join }}", "132"),
        ("{{ context['items'] | sort(attribute='city,price') | map(attribute='name') | join(' ') }}", "Cup Pot Tea"),
        ("{{ (context['items'] | max(attribute='price')).name }}{{ [3, 1] | min }}", "Tea1"),
        (
            "{% for c, xs in context['items'] | groupby('city') %}{{ c }}:{{ xs | length }} {% endfor %}",
            "Bonn:1 Lyon:2 ",
        ),
        ("{% for k, v in context.prices | dictsort %}{{ k }}{{ v }}{% endfor %}", "a1b2"),
        ("{% for k, v in context.prices | items %}{{ k }}{{ v }}{% endfor %}", "b2a1"),
        ("{{ context.tags[1:] | join }}{{ 'abc'[:2] }}", "abab"),
        ("{% for x in context.tags %}{{ loop.cycle('odd', 'even') }} {% endfor %}", "odd even odd "),
        (
            "{% for x in context.tags %}{{ loop.index }}/{{ loop.length }}{{ '' if loop.last else ',' }}{% endfor %}",
            "1/3,2/3,3/3",
        ),
        ("{{ '' | default('x') }}|{{ '' | default('x', true) }}", "|x"),
        ("{% for i in range(1, 6, 2) %}{{ i }}{% endfor %}{% for i in range(2.0) %}{{ i }}{% endfor %}", "13501"),
    ],
)
def test_filters_return(template: str, text: str) -> None:
    assert text_of(template, CONTEXT) == text


def test_review_has_a_rule_for_every_filter_and_test_and_for_no_other() -> None:
    assert FILTER_RULES.keys() == FILTERS.keys()
    assert TEST_RULES.keys() == TESTS.keys()
