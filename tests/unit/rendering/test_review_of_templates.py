"""Review of a template's syntax, its structure, its filters and its links."""

from __future__ import annotations

import pytest
from clarion_server.domain.finding import FindingCode, Severity

from tests.unit.rendering.contents import COMPILER, codes, definition, object_schema, reviewed

SCHEMA = object_schema(
    required=("name", "total", "tags", "url"),
    name={"type": "string"},
    total={"type": "number"},
    tags={"type": "array", "items": {"type": "string"}},
    url={"type": "string"},
)


@pytest.mark.parametrize(
    ("template", "line"),
    [
        ("<p>\n{{ context.name", 2),
        ("<p>\n\n{% if context.name %}", 3),
        ("<p>\n{% endif %}", 2),
        ("{% for x in %}{% endfor %}", 1),
        ("\n\n{{ context.name | }}", 3),
        ("\n{% do context.name %}", 2),
        ("{{ 'a }}", 1),
        ("\n{{ " + "9" * 5_000 + " }}", 2),
    ],
)
def test_a_syntax_error_is_found_in_its_line(template: str, line: int) -> None:
    (finding,) = reviewed(template, SCHEMA)
    assert (finding.severity, finding.code, finding.line) == (Severity.ERROR, FindingCode.TEMPLATE_SYNTAX, line)


@pytest.mark.parametrize(
    ("pieces", "found"),
    [
        # The template, what it puts out, and the numbers.
        (10_000 - 2, []),
        (10_000 - 1, ["E TEMPLATE_UNSAFE"]),
    ],
)
def test_a_template_may_be_made_of_so_many_pieces_and_no_more(pieces: int, found: list[str]) -> None:
    assert codes(reviewed("{{1}}" * pieces, SCHEMA)) == found


def test_a_template_of_too_many_pieces_has_one_finding_with_its_line() -> None:
    (finding,) = reviewed("{{ context.unknown | nothing }}\n" * 40 + "{{1}}" * 11_000, SCHEMA)[40:]
    assert (finding.code, finding.line) == (FindingCode.TEMPLATE_UNSAFE, 41)
    assert "10,000" in finding.message


@pytest.mark.parametrize(
    ("template", "line"),
    [
        ("{{ context.unknown | nothing }}\n" * 40 + "{{1}}" * 20_000, 41),
        ("{{ " + "1+" * 200_000 + "1 }}", 1),
        ("{{ a" + ".a" * 200_000 + " }}", 1),
        ("{{ 1" + ".1" * 200_000 + " }}", 1),
        ("\n{{ " + "(" * 5_000, 2),
        ("\n\n{{ " + "a" * 300_000 + " }}", 3),
    ],
    ids=range(6),
)
def test_a_template_is_measured_before_a_tree_is_made_of_it(template: str, line: int) -> None:
    (finding,) = (each for each in reviewed(template, SCHEMA) if each.severity is Severity.ERROR)
    assert (finding.code, finding.line) == (FindingCode.TEMPLATE_UNSAFE, line)


@pytest.mark.parametrize(
    "tag",
    [
        "{% include x %}",
        "{% import 'x' as y %}",
        "{% from 'x' import y %}",
        "{% extends x %}",
        "{% block a %}{% endblock %}",
        "{% macro a() %}{% endmacro %}",
        "{% filter upper %}x{% endfilter %}",
        "{% set x %}x{% endset %}",
        "{% autoescape false %}{% endautoescape %}",
        "{% for x in context.tags recursive %}{% endfor %}",
        "{% set context = 1 %}",
        "{% for loop in context.tags %}{% endfor %}",
        "{% with recipient = 1 %}{% endwith %}",
        "{{ context.name.upper() }}",
        "{{ context.name.format(1) }}",
        "{{ context.items(1) }}",
        "{{ context.name | truncate(*context.tags) }}",
        "{{ range() | length }}",
        "{{ range(1, 2, 3, 4) | length }}",
        "{% for x in context.tags %}{{ loop }}{% endfor %}",
        "{% for x in context.tags %}{{ loop.cycle() }}{% endfor %}",
        "{{ " + "-" * 100 + "context.total }}",
        r"{{ context.name ~ '\ud83d' }}",
        "{% for x in context.tags %}" * 10 + "{% endfor %}" * 10,
    ],
)
def test_what_templates_cannot_do_is_refused_in_its_line(tag: str) -> None:
    findings = reviewed(f"<p>\n{tag}", SCHEMA)
    assert codes(findings) == ["E TEMPLATE_UNSAFE"]
    assert findings[0].line == 2
    assert findings[0].remedy


def test_several_refusals_are_reported_at_once() -> None:
    findings = reviewed("{% include x %}\n{{ cycler(1) }}\n{{ context.name | uper }}", SCHEMA)
    assert [(finding.code, finding.line) for finding in findings] == [
        (FindingCode.TEMPLATE_UNSAFE, 1),
        (FindingCode.TEMPLATE_UNKNOWN_NAME, 2),
        (FindingCode.TEMPLATE_UNKNOWN_NAME, 3),
    ]


def test_an_if_within_an_expression_needs_an_else() -> None:
    assert codes(reviewed("{{ 'x' if context.name }}", SCHEMA)) == ["E VARIABLE_MAY_BE_MISSING"]


@pytest.mark.parametrize(
    "use",
    [
        "context.total | money",
        "context.total | money('eur')",
        "context.total | money('EUR', 'x')",
        "context.total | money('EUR', currency='EUR')",
        "context.total | money(code='EUR')",
        "context.total | number(99)",
        "context.total | number('2')",
        "context.total | percent(digits=-1)",
        "context.total | date('huge')",
        "context.total | date(format='yyyy')",
        "context.total | datetime(tz='Mars/Olympus')",
        "context.total | round(method='up')",
        "context.name | upper(1)",
        "context.name | replace('a')",
        "context.tags | join(', ', attribute=context.name)",
        "context.tags | map | join",
        "context.tags | map(context.name) | join",
        "context.tags | map(filter='upper') | join",
        "context.tags | selectattr | list | length",
        "{'a': 1} | dictsort(by='age') | length",
        "1 is divisibleby",
        "1 is odd(2)",
    ],
)
def test_an_argument_that_a_filter_or_test_does_not_take_is_found(use: str) -> None:
    found = set(codes(reviewed(f"{{{{ 'y' if ({use}) else 'n' }}}}", SCHEMA)))
    assert "E FILTER_ARGUMENT_INVALID" in found


def test_writing_a_value_as_markup_is_a_warning() -> None:
    assert codes(reviewed("{{ context.name | safe }}", SCHEMA)) == ["W TEMPLATE_UNSAFE"]


def test_every_part_is_reviewed() -> None:
    subject, html, text, header = (f"{{{{ context.{name} }}}}" for name in "abcd")
    findings = COMPILER.review(definition(subject=subject, html=html, text=text, headers={"X-D": header}))
    fields = ["subject", "html", "text", "headers.X-D"]
    assert [finding.field for finding in findings] == [f"actions[0].email.{field}" for field in fields]


def test_an_unsound_schema_is_not_blamed_on_the_templates() -> None:
    assert codes(reviewed("{{ context.name }}", {"type": "objekt"})) == ["E CONTEXT_SCHEMA_INVALID"]


@pytest.mark.parametrize(
    "address",
    [
        "https://shop.example/a?b=c#d",
        "http://shop.example",
        "mailto:help@shop.example",
        "tel:+4912345",
        "#top",
        "{{ context.url }}",
        "{{ context.url }}/orders",
        "https://{{ context.name }}.shop.example/{{ context.total }}",
        "https://shop.example/?q={{ context.name | urlencode }}",
        "{% if context.name %}https://a.example{% else %}https://b.example{% endif %}",
    ],
)
def test_a_link_that_leads_somewhere_or_is_decided_by_the_data_passes(address: str) -> None:
    assert reviewed(f'<p>\n<a href="{address}">x</a>', SCHEMA) == []


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JAVASCRIPT:alert(1)",
        " java\tscript:alert(1)",
        "javascript:{{ context.name }}",
        "data:text/html,x",
        "ftp://shop.example",
        "orders.html",
        "/orders",
        "//shop.example",
        "www.shop.example",
        "https://",
        "https:///orders",
        "http://[::1",
        "https://shop.example/a b",
        "",
    ],
)
def test_a_link_that_leads_nowhere_or_runs_something_is_an_error(address: str) -> None:
    (finding,) = reviewed(f'<p>\n\n<a href="{address}">x</a>', SCHEMA)
    assert codes([finding]) == ["E LINK_INVALID"]
    assert finding.line == 3


def test_the_line_of_a_link_is_counted_through_tags_of_several_lines() -> None:
    (finding,) = reviewed('{% if\n context.name %}{#\n\n#}<a\nhref="x">x</a>{% endif %}', SCHEMA)
    assert finding.line == 4


def test_what_stands_beside_an_operator_has_its_line_as_well() -> None:
    (finding,) = reviewed("<p>\n\n{% if context.name\n in loop %}{% endif %}", SCHEMA)
    assert finding.line == 4
