"""Every operation of a template pays before it runs, so no template and no data hold the process or fill its memory."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
from babel import Locale
from clarion_server.adapters.rendering.evaluation.budget import LIMITS, Budget
from clarion_server.adapters.rendering.evaluation.operators import OPERATORS
from clarion_server.adapters.rendering.evaluation.template_tests import TESTS
from clarion_server.adapters.rendering.filters import FILTERS
from clarion_server.adapters.rendering.filters.lists import METHODS
from clarion_server.adapters.rendering.templates.environment import ENVIRONMENTS, LOOP_ATTRIBUTES, ContentEnvironment
from clarion_server.adapters.rendering.templates.escaping import Escaping
from clarion_server.adapters.rendering.templates.template import CompiledTemplate
from clarion_server.application.ports.content import ContentInvalid, RenderingFailed
from clarion_server.domain.content.built_source import BuiltSource

from tests.unit.rendering.calls import counted_calls
from tests.unit.rendering.contents import rendered, text_of

HTML, TEXT, JSON = (ENVIRONMENTS[escaping] for escaping in (Escaping.HTML, Escaping.NONE, Escaping.JSON))

CHARS = 100_000
ENTRIES = 2_000

DATA: dict[str, Any] = {
    "text": "a" * CHARS,
    "same": "b" + "a" * (CHARS - 1),
    "words": "a b " * (CHARS // 4),
    "marks": "&<>'\"" * (CHARS // 5),
    "faces": "😀" * CHARS,
    "greek": "ΐ" * CHARS,
    "short": "a" * 10_000,
    "needle": "a" * 600 + "b" + "a" * 600,
    "digits": "9" * 1_000,
    "n": 2**200,
    "list": list(range(ENTRIES)),
    "other": list(range(ENTRIES)),
    "texts": [f"{'a' * 45}{index:05}" for index in range(ENTRIES)],
    "objects": [{"a": {"b": {"c": index}}, "t": f"x{index}"} for index in range(ENTRIES)],
    "object": {f"k{index}": index for index in range(ENTRIES)},
    "time": "2026-11-22T07:05:00.123Z",
}

#: Expressions with the worst operands for each operation, and at least how many steps of the processor they take in C,
#: where no memory and no call of Python tells of them.
WORST_FILTERS: dict[str, list[tuple[str, int]]] = {
    "abs": [("context.n | abs", 1)],
    "capitalize": [("context.greek | capitalize", CHARS)],
    "count": [("context.list | count", 1)],
    "d": [("nothing | d(context.text)", 0)],
    "date": [("context.time | date('full')", 1)],
    "datetime": [("context.time | datetime('full', tz='Europe/Kyiv')", 1)],
    "default": [("nothing | default(context.text)", 0)],
    "dictsort": [("context.object | dictsort", ENTRIES), ("context.object | dictsort(by='value')", ENTRIES)],
    "e": [("context.marks | e", CHARS)],
    "escape": [("context.marks | escape", CHARS)],
    "first": [("context.list | first", 1)],
    "float": [("context.digits | float", 1)],
    "groupby": [("context.objects | groupby('a.b.c')", ENTRIES), ("context.objects | groupby('t')", ENTRIES)],
    "int": [("context.digits[:70] | int", 1), ("'f0f0' | int(0, 16)", 1)],
    "items": [("context.object | items", ENTRIES)],
    "join": [("context.texts | join(context.short[:400])", ENTRIES), ("context.list | join", ENTRIES)],
    "last": [("context.list | last", 1)],
    "length": [("context.text | length", 1)],
    "list": [("context.list | list", ENTRIES)],
    "lower": [("context.greek | lower", CHARS)],
    "map": [("context.objects | map(attribute='a.b.c')", ENTRIES), ("context.texts | map('upper')", ENTRIES)],
    "max": [("context.texts | max", ENTRIES), ("context.objects | max(attribute='a.b.c')", ENTRIES)],
    "min": [("context.texts | min", ENTRIES)],
    "money": [("context.digits[:30] | money('XQQ')", 1)],
    "number": [("context.digits[:30] | number(12)", 1)],
    "percent": [("context.digits[:30] | percent(12)", 1)],
    "reject": [("context.list | reject('divisibleby', 3)", ENTRIES)],
    "rejectattr": [("context.objects | rejectattr('a.b.c', 'odd')", ENTRIES)],
    "replace": [
        ("context.text | replace('a', 'bb')", CHARS),
        ("context.text | replace('', '-')", CHARS),
        ("context.short | replace(context.needle, '')", 8_800 * 600),
        ("context.marks | safe | replace('&', '<')", CHARS),
    ],
    "reverse": [("context.list | reverse", ENTRIES), ("context.faces | reverse", CHARS)],
    "round": [("2.5 | round(12, 'ceil')", 1)],
    "safe": [("context.text | safe", 1)],
    "select": [
        ("context.texts | select('in', context.texts[:200])", ENTRIES * 200),
        ("context.list | select", ENTRIES),
    ],
    "selectattr": [("context.objects | selectattr('a.b.c')", ENTRIES)],
    "sort": [
        ("context.texts | sort(reverse=true)", ENTRIES * 11),
        ("context.objects | sort(attribute='a.b.c,t')", 2 * ENTRIES * 11),
    ],
    "string": [("context.text | string", 0)],
    "sum": [("context.list | sum", ENTRIES), ("context.objects | sum(attribute='a.b.c')", ENTRIES)],
    "time": [("context.time | time('full')", 1)],
    "title": [("context.words | title", CHARS)],
    "tojson": [("context.faces[:50000] | tojson", CHARS // 2), ("context.objects | tojson", ENTRIES)],
    "trim": [("context.text | trim('0123456789a')", 11 * CHARS)],
    "truncate": [("context.words | truncate(90000, end=context.short)", 1)],
    "unique": [("context.texts | unique", ENTRIES)],
    "upper": [("context.greek | upper", CHARS)],
    "urlencode": [("context.faces | urlencode", CHARS)],
    "wordcount": [("context.words | wordcount", CHARS // 2)],
}
_COMPARED = [("context.text is {} context.same", CHARS), ("context.list is {} context.other", ENTRIES)]
_LOOKED_AT = [("context.list is {}", 0), ("context.text is {}", 0)]
WORST_TESTS: dict[str, list[tuple[str, int]]] = {
    **dict.fromkeys(("eq", "equalto", "ge", "greaterthan", "gt", "le", "lessthan", "lt", "ne"), _COMPARED),
    **dict.fromkeys(("boolean", "defined", "false", "float", "integer", "iterable", "mapping"), _LOOKED_AT),
    **dict.fromkeys(("none", "number", "sequence", "string", "true", "undefined"), _LOOKED_AT),
    "even": [("context.n is {}", 1)],
    "odd": [("context.n is {}", 1)],
    "divisibleby": [("context.n is {} 7", 1)],
    "in": [
        ("context.needle is {} context.short", 8_800 * 600),
        ("context.list is {} context.objects", ENTRIES),
        ("'x' is {} context.object", 1),
    ],
}
WORST_OPERATORS: dict[str, list[tuple[str, int]]] = {
    "+": [
        ("context.n {} 1", 1),
        ("context.list {} context.list", ENTRIES),
        ("context.text {} context.faces", CHARS),
        ("(context.text | safe) {} context.marks", CHARS),
    ],
    "%": [("context.n {} 7", 1)],
    "*": [("(2 ** 100) {} (2 ** 100)", 1)],
    "**": [("2 {} 120", 1)],
    "-": [("context.n {} 1", 1)],
    "/": [("context.n {} 7", 1)],
    "//": [("context.n {} 7", 1)],
}
WORST_METHODS = {name: [(f"context.object{name}", ENTRIES)] for name in METHODS}
#: Says what the syntax does without a name.
WORST_SYNTAX = [
    ("context.text ~ context.faces", 2 * CHARS),
    ("context.marks ~ (context.text | safe)", 2 * CHARS),
    ("context.list == context.other", ENTRIES),
    ("context.text < context.same", CHARS),
    ("1 < context.list | length < 3", 1),
    ("context.needle in context.short", 8_800 * 600),
    ("context.objects not in [context.list]", ENTRIES),
    ("context.faces[1:]", CHARS),
    ("context.list[::-1]", ENTRIES),
    ("range(2000)", 2_000),
    ("[context.n, context.n, context.n]", 3),
    ("{'a': context.n, 'b': context.n}", 2),
]


WORST_CASES = [
    *(case for cases in (*WORST_FILTERS.values(), *WORST_METHODS.values(), WORST_SYNTAX) for case in cases),
    *(
        (expression.format(name), steps)
        for name, cases in (WORST_TESTS | WORST_OPERATORS).items()
        for expression, steps in cases
    ),
]


def test_there_is_a_worst_case_for_everything_that_a_template_can_run() -> None:
    assert WORST_FILTERS.keys() == FILTERS.keys()
    assert WORST_TESTS.keys() == {name for name in TESTS if name.isidentifier()}
    assert WORST_OPERATORS.keys() == OPERATORS.keys() == HTML.intercepted_binops
    assert WORST_METHODS.keys() == METHODS.keys()
    assert TEXT.globals.keys() == HTML.globals.keys() == {"range"}
    # Each tells about the turn that a loop is at, or gives one of its arguments.
    assert {"cycle", "first", "last", "length", "previtem", "nextitem"} < LOOP_ATTRIBUTES
    assert not {"changed", "depth"} & LOOP_ATTRIBUTES


class Cost:
    """Renders a template, and measures what a machine of any speed measures alike: memory, and calls of functions."""

    def __init__(self, source: str, environment: ContentEnvironment = HTML) -> None:
        variables = {**HTML.globals, "context": DATA, "profile": {}}
        budget = Budget()
        template = CompiledTemplate("html", BuiltSource(source), environment)
        locale = Locale.parse("en")
        template.render(variables, locale, Budget())  # What is prepared once is no cost of the second time.
        with counted_calls() as calls:
            template.render(variables, locale, Budget())
        self.calls = calls()
        tracemalloc.start()
        try:
            template.render(variables, locale, budget)
        finally:
            self.memory = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        self.work = LIMITS.work - budget.work


#: Says what the render itself takes, whatever the template.
FIXED_MEMORY = 50_000
FIXED_CALLS = 300
LEAST_WORK_OF_A_CALL = 20


@pytest.mark.parametrize(("expression", "steps"), WORST_CASES)
def test_an_operation_pays_for_its_memory_its_calls_and_its_steps(expression: str, steps: int) -> None:
    cost = Cost("{% set kept = " + expression + " %}")
    assert cost.memory <= FIXED_MEMORY + cost.work
    assert cost.calls <= FIXED_CALLS + cost.work / LEAST_WORK_OF_A_CALL
    assert cost.work >= steps // 4


@pytest.mark.parametrize(
    ("expression", "steps"),
    [
        ("context.objects", ENTRIES),
        ("context.list", ENTRIES),
        ("context.object", ENTRIES),
        ("context.text", CHARS),
        ("context.faces[:50000]", CHARS // 2),
        ("context.text | replace('a', '\\x01')", CHARS),
    ],
)
def test_writing_json_pays_for_its_memory_its_calls_and_its_steps(expression: str, steps: int) -> None:
    cost = Cost("{{ " + expression + " }}", JSON)
    assert cost.memory <= FIXED_MEMORY + cost.work
    assert cost.calls <= FIXED_CALLS + cost.work / LEAST_WORK_OF_A_CALL
    assert cost.work >= steps // 4


@pytest.mark.parametrize("body", ["", "{{ i }}", "{% if i %}{{ context.n }}{% endif %}", "<p>static</p>" * 20])
def test_a_loop_pays_for_its_turns_by_what_they_do(body: str) -> None:
    cost = Cost("{% for i in context.list %}" + body + "{% endfor %}")
    assert cost.memory <= FIXED_MEMORY + cost.work
    assert cost.calls <= FIXED_CALLS + cost.work / LEAST_WORK_OF_A_CALL


DOUBLED = "{% set a = [1] %}{% set b = [1] %}" + "{% set a = [a, a] %}{% set b = [b, b] %}" * 50
DOUBLED_TUPLE = "{% set t = (1, 2) %}" + "{% set t = (t, t) %}" * 50
LONG = {"a": "a" * 950_000, "b": "b" * 950_000, "hex": "f" * 95_000, "object": {f"k{i}": i for i in range(15_000)}}
CODES = [f"{a}{b}{c}" for a in "ABCDE" for b in "ABCDE" for c in "ABCDE"]

#: Would hold the process or fill its memory, if they ran.
HOSTILE = [
    "{{ context.a | trim(context.b) }}",
    "{% set a = context.hex | int(0, 16) %}{{ a % a }}",
    "{{ [" + "context.object.items(), " * 600 + "1] | length }}",
    "{{ [" + "range(99999), " * 80 + "1] | length }}",
    "{{ [" + "context.a ~ '😀', " * 30 + "1] | length }}",
    "{{ 'a' * 10**9 }}",
    "{{ [0] * 10**9 }}",
    "{{ 9 ** 9 ** 9 ** 9 }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '%1000000000d' is even }}",
    "{{ '%1000000000d' is odd }}",
    "{{ '%1000000000d' is divisibleby(1) }}",
    "{{ range(10**9) | length }}",
    "{{ range(0, 10**30) | length }}",
    DOUBLED + "{{ a == b }}",
    DOUBLED + "{{ a < b }}",
    DOUBLED + "{{ a in [b] }}",
    DOUBLED + "{{ a is eq(b) }}",
    DOUBLED + "{{ [a, b] | unique | length }}",
    DOUBLED + "{{ a | tojson }}",
    DOUBLED + "{{ a }}",
    DOUBLED_TUPLE + "{{ context[t] }}",
    DOUBLED_TUPLE + "{{ t in context.object }}",
    DOUBLED_TUPLE + "{{ [t, t] | sort | length }}",
    "{% set a = context.a[:9] %}" + "{% set a = a ~ a %}" * 40 + "{{ a }}",
    "{% set a = [1] %}" + "{% set a = a + a %}" * 40 + "{{ a | length }}",
    "{% set a = 9 %}" + "{% set a = a * a %}" * 40 + "{{ a }}",
    "{% for i in range(9000) %}{% for j in range(9000) %}{% endfor %}{% endfor %}",
    "{% for i in range(90000) %}" + "{{ context.object.k1 }}" * 20 + "{% endfor %}",
    "{% for i in range(9000) %}{% if context.a == context.b %}{% endif %}{% endfor %}",
    "{% for i in range(9000) %}{{ context.a[:90000] == context.a[:90000] ~ '' }}{% endfor %}",
    "{{ context.object | map('default', context.a) | map('upper') | join | length }}",
    "{{ context.object | sort(attribute='" + "a," * 300 + "') }}",
    "{{ context.object | map(attribute='" + "a." * 200_000 + "') | first }}",
    "{{ context.a | int }}",
    "{{ context.a | float }}",
    "{{ context.a | number }}",
    "{{ 1 | date(tz=context.a) }}",
    "{{ 1.5 | round(1000000) }}",
    "{{ '1e999999' | money('EUR') }}",
    "{% for code in codes %}{{ 1 | money(code) }}{% endfor %}",
    "{{ context.a }}" * 2,
    "{{ context.a | string | tojson | tojson }}" * 40,
    "{% for i in range(9000) %}{{ context.a ~ '😀' }}{% endfor %}",
    "{% for i in range(9000) %}{{ context.object | dictsort | tojson }}{% endfor %}",
]


@pytest.mark.parametrize("template", HOSTILE, ids=lambda template: template[:80])
@pytest.mark.parametrize("environment", [HTML, TEXT, JSON], ids=["html", "text", "json"])
def test_what_would_hold_the_process_is_refused_before_it_runs(template: str, environment: Any) -> None:
    variables = {**environment.globals, "context": LONG, "profile": {}, "codes": CODES}
    compiled = CompiledTemplate("html", BuiltSource(template), environment)
    tracemalloc.start()
    try:
        with pytest.raises(RenderingFailed):
            compiled.render(variables, Locale.parse("en"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 40_000_000


@pytest.mark.parametrize(
    "template",
    [
        "{{ 0x" + "f" * 5_000 + " // 3 }}",
        "{{ 1 + " + "9" * 100 + " }}",
        "{{ 'a' in 'ab' in 'abc' }}",
        "{{ 1 < 2 in [2] }}",
        "{{ " + "x" * 300 + " }}",
        "{{ " + "(" * 70 + "1" + ")" * 70 + " }}",
        "{{ 1" + " + 1" * 3_000 + " }}",
        "{{ 1" + " | string" * 3_000 + " }}",
    ],
    ids=lambda template: template[:40],
)
def test_what_cannot_be_bounded_is_refused_before_it_is_compiled(template: str) -> None:
    with pytest.raises(ContentInvalid):
        text_of(template)


@pytest.mark.parametrize(
    ("template", "context"),
    [
        ("{% for i in range(1000) %}{% for j in range(90) %}{% endfor %}{% endfor %}done", {}),
        ("{% for x in context.rows %}{{ x.name }}, {{ x.price | money('EUR') }}\n{% endfor %}done", None),
        ("{{ context.rows | sort(attribute='name') | map(attribute='name') | join(', ') }}done", None),
        ("{{ context.text ~ context.text ~ context.text }}done", {"text": "x" * 200_000}),
        ("{{ 2 ** 64 * 3 % 7 }}done", {}),
    ],
)
def test_generous_contents_are_served(template: str, context: dict[str, Any] | None) -> None:
    rows = [{"name": f"Tea {number}", "price": number} for number in range(2_000)]
    assert text_of(template, {"rows": rows} if context is None else context).endswith("done")


def test_a_text_is_derived_from_the_html_of_a_large_mail() -> None:
    rows = "<tr><td>Tea</td><td>3 cups</td><td><a href='https://shop.example/tea'>again</a></td></tr>\n" * 700
    assert rendered(html=f"<table>{rows}</table>").text.count("Tea") == 700


def test_no_text_is_derived_from_html_of_very_many_tags() -> None:
    with pytest.raises(RenderingFailed, match="too much work"):
        rendered(html="{% for i in range(20000) %}<b>x</b>{% endfor %}")


def test_the_output_is_bounded_while_it_grows() -> None:
    with pytest.raises(RenderingFailed, match="longer than 1,048,576 characters"):
        text_of("{{ context.text }}" * 11, {"text": "x" * 100_000})


def test_the_parts_of_a_message_share_one_budget() -> None:
    half = "{% for i in range(1000) %}{% for j in range(150) %}{% endfor %}{% endfor %}x"
    assert rendered(text=half).text == "x"
    with pytest.raises(RenderingFailed, match="too much work"):
        rendered(text=half, html=half)


def test_one_message_leaves_the_next_its_full_budget() -> None:
    template = "{% for i in range(1000) %}{% for j in range(90) %}{% endfor %}{% endfor %}done"
    assert [text_of(template) for _ in range(3)] == ["done"] * 3
