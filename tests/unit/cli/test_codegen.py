"""Tests the types that a context schema becomes, and what cannot be said by types."""

from __future__ import annotations

from typing import Any

import pytest
from clarion_server.transport.cli.codegen.python import python_module
from clarion_server.transport.cli.codegen.reading import read_contract, schema_hash
from clarion_server.transport.cli.codegen.typescript import typescript_module
from clarion_server.transport.cli.failures import CommandFailed

#: Names that are no identifiers of Python or TypeScript, and a field that may be absent, null or both.
ODD = {
    "type": "object",
    "required": ["class", "400"],
    "additionalProperties": False,
    "properties": {
        "class": {"type": "string"},
        "from-date": {"type": "string", "format": "date"},
        "app.prop": {"type": "number"},
        "400": {"type": "integer"},
        "x": {"type": ["string", "null"]},
        "__private": {"type": "boolean"},
    },
}


def an_object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def python(schema: dict[str, Any] | None) -> str:
    return python_module(read_contract("order-confirmed", 3, schema))


def typescript(schema: dict[str, Any] | None) -> str:
    return typescript_module(read_contract("order-confirmed", 3, schema))


@pytest.mark.parametrize(
    ("part", "of_python", "of_typescript"),
    [
        ({"type": "string", "minLength": 1}, "str", "string"),
        ({"type": "integer"}, "int", "number"),
        ({"type": ["number", "null"]}, "float | None", "number | null"),
        ({"enum": ["a", 1, True, None]}, "Literal['a', 1, True, None]", '"a" | 1 | true | null'),
        ({"const": "a"}, "Literal['a']", '"a"'),
        ({"type": "array", "items": {"type": "string"}}, "list[str]", "readonly string[]"),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, "list[Literal['a', 'b']]", 'readonly ("a" | "b")[]'),
        ({"type": "object"}, "dict[str, JsonValue]", "{ readonly [name: string]: JsonValue }"),
        (
            {"type": "object", "additionalProperties": {"type": "integer"}},
            "dict[str, int]",
            "{ readonly [name: string]: number }",
        ),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "str | None", "string | null"),
        ({"oneOf": [{"type": "string"}, {"type": "string"}]}, "str", "string"),
        ({}, "JsonValue", "JsonValue"),
        ({"type": ["array", "null"]}, "list[JsonValue] | None", "readonly JsonValue[] | null"),
    ],
)
def test_each_construct_has_its_equal(part: dict[str, Any], of_python: str, of_typescript: str) -> None:
    schema = {**an_object(a=part), "required": ["a"]}
    assert f"    a: {of_python}\n" in python(schema)
    assert f'  readonly "a": {of_typescript};\n' in typescript(schema)
    assert f"    a: NotRequired[{of_python}]\n" in python(an_object(a=part))
    assert f'  readonly "a"?: {of_typescript};\n' in typescript(an_object(a=part))


def test_types_are_named_by_their_path_and_a_clash_is_counted() -> None:
    item = an_object(price={"type": "number"})
    schema = an_object(
        order=an_object(items={"type": "array", "items": item}, address=an_object(city={"type": "string"})),
        **{"order-item": an_object(note={"type": "string"}), "orderItem": an_object(note={"type": "string"})},
    )
    names = [each.name for each in read_contract("order-confirmed", 1, schema).objects]
    assert names == [
        "OrderConfirmedContextOrderAddress",
        "OrderConfirmedContextOrderItem",
        "OrderConfirmedContextOrder",
        "OrderConfirmedContextOrderItem2",
        "OrderConfirmedContextOrderItem3",
        "OrderConfirmedContext",
    ]


def test_references_are_followed() -> None:
    schema = {**an_object(a={"$ref": "#/$defs/money"}), "$defs": {"money": an_object(cents={"type": "integer"})}}
    assert "class OrderConfirmedContextA(TypedDict):\n    cents: NotRequired[int]\n" in python(schema)


def test_names_that_are_no_identifiers_stay_as_they_are_on_the_wire() -> None:
    assert "        'from-date': NotRequired[str],\n" in python(ODD)
    assert "        'class': str,\n" in python(ODD)
    assert '  readonly "class": string;\n' in typescript(ODD)
    assert '  readonly "400": number;\n' in typescript(ODD)


@pytest.mark.parametrize("name", ["str", "list", "dict", "Literal", "JsonValue", "NotRequired", "\ufb01eld", "\u017f"])
def test_a_name_that_python_reads_otherwise_in_a_class_stays_as_it_is_on_the_wire(name: str) -> None:
    module = python(an_object(**{name: {"type": "string"}, "other": {"type": "array"}}))
    made: dict[str, Any] = {"__name__": "made"}
    exec(compile(module, "made", "exec"), made)
    assert sorted(made["OrderConfirmedContext"].__annotations__) == sorted([name, "other"])
    assert f"        {name!r}: NotRequired[str],\n" in module


def test_a_module_says_which_schema_it_is_of() -> None:
    assert f'SCHEMA_HASH = "{schema_hash(ODD)}"' in python(ODD)
    assert "VERSION = 3\n" in python(ODD)
    assert schema_hash({"a": 1, "b": 2}) == schema_hash({"b": 2, "a": 1}) != schema_hash({"a": 1})


def test_a_campaign_without_a_schema_takes_an_empty_context() -> None:
    assert "class OrderConfirmedContext(TypedDict):\n    pass\n" in python(None)


@pytest.mark.parametrize(
    ("part", "path"),
    [
        ({"type": "asd"}, "context.a"),
        ({"not": {"type": "string"}}, "context.a"),
        ({"minLength": 3}, "context.a"),
        ({"allOf": [{"type": "string"}, {"minLength": 3}]}, "context.a"),
        ({"type": "array", "prefixItems": [{"type": "string"}]}, "context.a"),
        ({"type": "array", "items": {"type": "asd"}}, "context.a[]"),
        ({"type": "object", "patternProperties": {"x": {}}}, "context.a"),
        ({**an_object(b={"type": "string"}), "additionalProperties": {"type": "string"}}, "context.a"),
        (an_object(b={"const": 1.5}), "context.a.b"),
        ({"anyOf": [{"type": "string"}, {"type": "asd"}]}, "context.a(anyOf 2)"),
        ({"$ref": "#/$defs/missing"}, "context.a"),
        ({"$ref": "#/properties/a"}, "context.a"),
    ],
)
def test_a_construct_without_an_equal_fails_with_its_path(part: dict[str, Any], path: str) -> None:
    with pytest.raises(CommandFailed) as refused:
        python(an_object(a=part))
    assert [problem.where for problem in refused.value.problems] == [path]


def test_all_constructs_without_an_equal_are_told_at_once() -> None:
    with pytest.raises(CommandFailed) as refused:
        typescript(an_object(a={"type": "asd"}, b=an_object(**{"from date": {"not": {}}})))
    assert [problem.where for problem in refused.value.problems] == ["context.a", 'context.b["from date"]']
