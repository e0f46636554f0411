"""No template and no data hold the process for long or fill its memory."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
from clarion_server.application.ports.content import RenderingFailed

from tests.unit.rendering.contents import text_of

BIG = {"text": "x" * 100_000, "list": list(range(5_000)), "n": 10**9}

#: Would fill the memory in one step.
HUGE = [
    "{{ 'a' * 10**9 }}",
    "{{ 'a' * context.n }}",
    "{{ context.n * 'a' }}",
    "{{ [0] * context.n }}",
    "{{ 10 ** context.n }}",
    "{{ 9 ** 9 ** 9 ** 9 }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '%s' % context.text }}",
    "{{ range(context.n) | list | length }}",
    "{% for i in range(context.n) %}{% endfor %}",
    "{{ context.text | replace('x', context.text) }}",
    "{{ context.text | replace('', context.text) }}",
    "{{ context.list | join(context.text) }}",
    "{% set a = context.text %}" + "{% set a = a ~ a %}" * 40 + "{{ a | length }}",
    "{% set a = context.text %}" + "{% set a = a + a %}" * 40 + "{{ a | length }}",
    "{% set a = context.list %}" + "{% set a = a + a %}" * 40 + "{{ a | length }}",
    "{% set a = context.n %}" + "{% set a = a * a %}" * 40 + "{{ a }}",
    "{{ 1.5 | round(1000000) }}",
    "{{ '1e999999' | money('EUR') }}",
    "{{ 1 | number(1000000) }}",
    "{{ context.text | number }}",
]

#: Would go on for long.
LONG = [
    "{% for i in range(1000) %}{% for j in range(1000) %}x{% endfor %}{% endfor %}",
    "{% for i in range(1000) %}{% for j in range(1000) %}{% endfor %}{% endfor %}",
    "{% for i in range(50000) %}{% set x = context.list | sort %}{% endfor %}",
    "{% for i in range(50000) %}{% if context.list == context.list | reverse %}{% endif %}{% endfor %}",
    "{% for i in range(50000) %}{% if 'y' in context.text %}{% endif %}{% endfor %}",
    "{% for i in range(50000) %}{% set x = context.list[1:] %}{% endfor %}",
    "{% set x = context.list | sort %}" * 1_900,
    "{% if context.text | upper == 'X' %}{% endif %}" * 1_400,
]


@pytest.mark.parametrize("template", HUGE)
def test_what_would_fill_the_memory_is_refused_before_it_is_made(template: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(RenderingFailed) as caught:
            text_of(template, BIG)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 16 * 1024 * 1024
    assert caught.value.line == 1


@pytest.mark.parametrize("template", LONG)
def test_what_would_go_on_for_long_is_stopped(template: str) -> None:
    with pytest.raises(RenderingFailed, match=r"too much data|times|takes longer"):
        text_of(template, BIG)


@pytest.mark.parametrize(
    ("template", "context"),
    [
        ("{% for i in range(1000) %}{% for j in range(90) %}{% endfor %}{% endfor %}done", {}),
        ("{% for x in context.rows %}{{ x.name }}, {{ x.price | money('EUR') }}\n{% endfor %}done", None),
        ("{{ context.text ~ context.text ~ context.text }}done", {"text": "x" * 200_000}),
        ("{{ 2 ** 64 * 3 % 7 }}done", {}),
    ],
)
def test_generous_contents_are_served(template: str, context: dict[str, Any] | None) -> None:
    rows = [{"name": f"Tea {number}", "price": number} for number in range(2_000)]
    assert text_of(template, {"rows": rows} if context is None else context).endswith("done")


def test_the_output_is_bounded_while_it_grows() -> None:
    with pytest.raises(RenderingFailed, match="longer than 1,048,576 characters"):
        text_of("{{ context.text }}" * 11, BIG)


def test_one_part_leaves_the_next_its_full_budget() -> None:
    template = "{% for i in range(60000) %}{% endfor %}done"
    assert [text_of(template) for _ in range(3)] == ["done"] * 3
