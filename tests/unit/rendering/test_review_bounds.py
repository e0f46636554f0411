"""Review answers hostile templates and schemas after little work, and stops when nobody waits for it."""

from __future__ import annotations

import asyncio
from threading import Event
from typing import Any

import pytest
from clarion_server.application.background import WorkCancelled, check_cancelled, run_in_background
from clarion_server.domain.finding import Finding

from tests.unit.rendering.calls import counted_calls
from tests.unit.rendering.contents import codes, object_schema, reviewed

TEXT = {"type": "string"}
SCHEMA = object_schema(
    required=("name", "tags"), name=TEXT, tags={"type": "array", "items": TEXT}, note=TEXT, prices={"type": "object"}
)
MOST_CALLS = 4_000_000
"""Calls of functions. Python makes some five to ten million in a second."""


def reviewed_quickly(template: str, schema: Any = SCHEMA) -> list[Finding]:
    with counted_calls() as calls:
        findings = reviewed(template, schema)
    assert calls() < MOST_CALLS
    assert len(findings) <= 300
    return findings


#: A quadratic effort shows here as well as in the longest template that is accepted.
LARGE = 48 * 1024


def filled(piece: str) -> str:
    return piece * (LARGE // len(piece))


SOURCES = {
    "a list that doubles": "{% set a = context.tags %}" + "{% set a = a + a %}" * 200 + "{{ a | join }}",
    "lists in lists": "{% set a = context.tags %}" + "{% set a = [a, [a]] %}" * 200 + "{{ a | length }}",
    "objects in objects": "{% set a = 1 %}" + "{% set a = {'x': a, 'y': [a], 'z': a} %}" * 200 + "{{ a.x | length }}",
    "many variables": "".join(f"{{% set x{i} = context.name %}}" for i in range(600)),
    "many conditions": "".join(
        f"{{% if context.name == '{i}' %}}{{% set a = [{i}] %}}{{% endif %}}" for i in range(500)
    ),
    "many unknown names": "".join(f"{{{{ context.name{i} }}}}" for i in range(600)),
    "many unknown filters": "".join(f"{{{{ 1 | upperr{i} }}}}" for i in range(600)),
    "a long sum": "{{ " + filled("1+") + "1 }}",
    "a sum that is as long as a template may be": "{{ 1" + "+1" * 4_000 + " }}",
    "many filters one behind the other": "{{ 1" + "|string" * 4_000 + " }}",
    "a long path": "{{ a" + filled(".a") + " }}",
    "a long number": "{{ 1" + filled(".1") + " }}",
    "tags that do not end": filled("{{"),
    "comments that do not end": filled("{#"),
    "HTML comments that do not end": filled("<!--"),
    "HTML tags that do not end": filled("<a "),
    "HTML attributes": "<a " + filled("a=b ") + ">x</a>",
    "HTML quotes that do not end": filled("<a href='"),
    "HTML declarations": filled("<![CDATA["),
    "HTML instructions": filled("<?"),
    "HTML end tags": filled("</"),
    "HTML references": filled("&a"),
    "scripts": filled("<script>"),
    "wrong links": filled("<a href=/x>"),
    "wrong images": filled("<img src=/x>"),
    "values without quotes": "<a " + "a={{ context.name }} " * 800 + ">",
}


@pytest.mark.parametrize("template", SOURCES.values(), ids=SOURCES)
def test_any_template_is_reviewed_after_little_work(template: str) -> None:
    reviewed_quickly(template)


def one_of(count: int, schema: Any) -> Any:
    return {"anyOf": [{**schema, "description": str(index)} for index in range(count)]}


MEMBER = {"type": "object", "properties": {"b": TEXT}}
BRANCHES = {"anyOf": [{"required": ["b"]}, {"properties": {"b": TEXT}}]}
SCHEMAS = {
    "many alternatives": ("{{ context.a }}" * 500, object_schema(a=one_of(900, TEXT), required=("a",))),
    "members of alternatives": ("{{ context.a.b }}" * 500, object_schema(a=one_of(600, MEMBER), required=("a",))),
    "a long enum": ("{{ context.a }}" * 500, object_schema(a={"enum": list(range(9_000))}, required=("a",))),
    "many required names": (
        "".join(f"{{{{ context.a{i} }}}}" for i in range(500)),
        {"type": "object", "required": [f"a{i}" for i in range(1_500)]},
    ),
    "many patterns of names": (
        "".join(f"{{{{ context.a{i} }}}}" for i in range(500)),
        {"type": "object", "patternProperties": {f"^b{i}": {} for i in range(2_000)}},
    ),
    "any member": (
        "{% for k in context.a %}{{ context.a[k] }}{% endfor %}" * 200,
        object_schema(a={"type": "object", "properties": {f"p{i}": TEXT for i in range(1_500)}}),
    ),
    "unknown keywords": ("x", object_schema(a={f"propertees{i}": 1 for i in range(2_500)})),
    "what is no schema": ("x", {"type": "object", "properties": {f"a{i}": {"type": "strin"} for i in range(2_000)}}),
    "a chain of references": (
        "x",
        {
            "type": "object",
            "$defs": {f"a{i}": {"$ref": f"#/$defs/a{i + 1}"} for i in range(900)} | {"a900": {}},
            "properties": {"x": {"$ref": "#/$defs/a0"}},
        },
    ),
    "references to lists": (
        "x",
        {"type": "object", "anyOf": [True] * 2_000, "allOf": [{"$ref": "#/anyOf/1999"}] * 2_000},
    ),
}


@pytest.mark.parametrize(("template", "schema"), SCHEMAS.values(), ids=SCHEMAS)
def test_any_schema_is_reviewed_after_little_work(template: str, schema: dict[str, Any]) -> None:
    reviewed_quickly(template, schema)


def test_what_is_too_complicated_to_be_reviewed_is_refused_and_not_let_pass() -> None:
    combinations = object_schema(a={"allOf": [BRANCHES] * 300}, required=("a",))
    assert "E TEMPLATE_UNSAFE" in codes(reviewed_quickly("{{ context.a.b }}" * 900, combinations))


def test_a_list_that_grows_in_branches_keeps_what_is_known_of_its_entries() -> None:
    grown = "{% set a = [] %}" + "{% if context.note %}{% set a = a + [context.name] %}{% endif %}" * 50
    assert reviewed(grown + "{{ a | join(', ') }}", SCHEMA) == []
    assert codes(reviewed(grown + "{{ (a + [context.tags]) | join }}", SCHEMA)) == ["E VARIABLE_NOT_PRINTABLE"]


@pytest.mark.parametrize("template", [SOURCES["many conditions"], SOURCES["wrong links"], "{{ context.name }}" * 2_000])
async def test_a_review_that_nobody_waits_for_stops(template: str) -> None:
    begun, ended = Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    outcomes: list[type[BaseException] | None] = []

    def work() -> None:
        begun.set()
        wait_until_cancelled()
        try:
            reviewed(template, SCHEMA)
            outcomes.append(None)
        except WorkCancelled:
            outcomes.append(WorkCancelled)
        loop.call_soon_threadsafe(ended.set)

    task = asyncio.create_task(run_in_background(work))
    await asyncio.to_thread(begun.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await ended.wait()
    assert outcomes == [WorkCancelled]


def wait_until_cancelled() -> None:
    waiting = Event()
    while True:
        try:
            check_cancelled()
        except WorkCancelled:
            return
        waiting.wait(0.001)


async def test_work_in_the_background_returns_and_raises_as_if_it_were_called() -> None:
    assert await run_in_background(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        await run_in_background(lambda: 1 // 0)
    check_cancelled()
