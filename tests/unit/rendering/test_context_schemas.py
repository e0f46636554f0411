"""Contexts against their schema, and schemas against the rules."""

from __future__ import annotations

from typing import Any

import pytest
from clarion_server.adapters.rendering.schemas.violations import REASONS
from clarion_server.application.ports.content import ContentInvalid
from clarion_server.domain.finding import FindingCode, Severity
from clarion_server.domain.violation import Violation

from tests.unit.rendering.contents import COMPILER, definition, object_schema

ITEM = {"type": "object", "required": ["sku"], "properties": {"sku": {"type": "string"}, "price": {"type": "number"}}}
ORDER = object_schema(
    required=("id", "items"),
    id={"type": "string", "pattern": "^[A-Z]-[0-9]+$", "maxLength": 10},
    items={"type": "array", "items": ITEM, "minItems": 1, "maxItems": 3},
    state={"enum": ["new", "paid"]},
    email={"type": "string", "format": "email"},
    placed_at={"type": "string", "format": "date-time"},
    count={"type": "integer", "minimum": 1, "maximum": 9, "multipleOf": 2},
)
SCHEMA = object_schema(required=("order",), order=ORDER)


def violations(context: dict[str, Any], schema: dict[str, Any] | None = SCHEMA) -> list[Violation]:
    return COMPILER.compile_schema(schema).violations(context)


def fields(found: list[Violation]) -> set[tuple[str, str]]:
    return {(violation.field, violation.reason) for violation in found}


def test_a_context_that_keeps_every_rule_has_no_violations() -> None:
    order = {"id": "A-1", "items": [{"sku": "x", "price": 1}], "placed_at": "2026-11-22T07:00:00Z", "count": 2.0}
    assert violations({"order": order}) == []


def test_all_violations_are_found_at_once_each_at_its_own_path() -> None:
    order = {
        "id": "secret",
        "items": [{"sku": 1}, {"price": "3"}, "x", {"sku": "a"}],
        "state": "lost",
        "email": "jane",
        "placed_at": "yesterday",
        "count": 11,
        "colour": "red",
        "a.b": 1,
    }
    found = violations({"order": order, "extra": True})
    assert fields(found) == {
        ("extra", "UNKNOWN_FIELD"),
        ("order.colour", "UNKNOWN_FIELD"),
        ('order["a.b"]', "UNKNOWN_FIELD"),
        ("order.id", "MALFORMED"),
        ("order.items", "TOO_MANY"),
        ("order.items[0].sku", "WRONG_TYPE"),
        ("order.items[1].sku", "REQUIRED"),
        ("order.items[1].price", "WRONG_TYPE"),
        ("order.items[2]", "WRONG_TYPE"),
        ("order.state", "NOT_ALLOWED"),
        ("order.email", "MALFORMED"),
        ("order.placed_at", "MALFORMED"),
        ("order.count", "OUT_OF_RANGE"),
    }


def test_a_missing_field_is_named_itself() -> None:
    assert violations({}) == [Violation("order", "REQUIRED", "Must be given.")]


def test_descriptions_speak_of_the_schema_and_never_of_the_value() -> None:
    personal = violations({"order": {"id": "jane@example.com", "items": "jane@example.com", "state": "jane@"}})
    assert len(personal) == 4
    assert not any("jane" in violation.description for violation in personal)
    found = violations({"order": {"id": "A-1", "items": [], "state": "lost", "count": 0}})
    assert {violation.description for violation in found} == {
        "Must have at least 1 entries.",
        "Must be one of new or paid.",
        "Must be at least 1.",
    }


def test_a_wrong_format_is_told_with_a_right_one() -> None:
    (found,) = violations({"x": "2027-01-31 09:00"}, object_schema(x={"type": "string", "format": "date-time"}))
    assert found.description == "Must be a valid date-time, such as 2027-01-31T09:00:00Z."


def test_limits_are_written_without_an_exponent() -> None:
    (found,) = violations({"x": 0}, object_schema(x={"minimum": 5e-05}))
    assert found.description == "Must be at least 0.00005."


@pytest.mark.parametrize(
    ("schema", "value", "reason"),
    [
        ({"const": 1}, 2, "NOT_ALLOWED"),
        ({"minLength": 2}, "a", "TOO_SHORT"),
        ({"maxLength": 1}, "ab", "TOO_LONG"),
        ({"exclusiveMinimum": 1}, 1, "OUT_OF_RANGE"),
        ({"exclusiveMaximum": 1}, 1, "OUT_OF_RANGE"),
        ({"multipleOf": 0.01}, 0.001, "OUT_OF_RANGE"),
        ({"minProperties": 1}, {}, "TOO_FEW"),
        ({"maxProperties": 0}, {"a": 1}, "TOO_MANY"),
        ({"uniqueItems": True}, [1, 1], "DUPLICATE"),
        ({"contains": {"const": 1}}, [2], "NO_MATCH"),
        ({"prefixItems": [True], "items": False}, [1, 2], "UNKNOWN_FIELD"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, 1, "NO_MATCH"),
        ({"oneOf": [{"minimum": 0}, {"minimum": 1}]}, 2, "NO_MATCH"),
        ({"not": {"type": "string"}}, "x", "NOT_ALLOWED"),
        ({"propertyNames": {"maxLength": 1}}, {"ab": 1}, "MALFORMED"),
        ({"properties": {"y": False}}, {"y": 1}, "UNKNOWN_FIELD"),
        ({"unevaluatedProperties": False}, {"y": 1}, "UNKNOWN_FIELD"),
        ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, "REQUIRED"),
    ],
)
def test_each_keyword_has_its_stable_reason(schema: dict[str, Any], value: Any, reason: str) -> None:
    found = violations({"x": value}, object_schema(x=schema))
    assert [violation.reason for violation in found] == [reason]
    assert found[0].reason in REASONS.values()


def test_without_a_schema_the_context_is_empty() -> None:
    assert violations({}, None) == []
    assert fields(violations({"x": 1}, None)) == {("x", "UNKNOWN_FIELD")}


def test_no_more_violations_are_listed_than_anybody_reads() -> None:
    assert len(violations({"x": ["a"] * 1_000}, object_schema(x={"type": "array", "items": {"type": "number"}}))) == 100


def test_a_context_that_is_nested_too_deeply_is_a_violation_not_a_crash() -> None:
    context: dict[str, Any] = {}
    for _ in range(50_000):
        context = {"x": context}
    assert fields(violations(context, object_schema(x={"type": "string"}))) == {("", "TOO_DEEP")}


def test_patterns_take_linear_time() -> None:
    schema = object_schema(x={"type": "string", "pattern": "^(a+)+$"})
    assert fields(violations({"x": "a" * 100_000 + "b"}, schema)) == {("x", "MALFORMED")}


def items_of(schema: dict[str, Any]) -> dict[str, Any]:
    return object_schema(x={"type": "array", "items": schema})


LARGE_NAME = r"^[\p{L} '-]{1,100}$"


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (items_of({"enum": list(range(9_000))}), [0.5] * 1_000),
        (items_of({"anyOf": [{"const": number} for number in range(2_000)]}), [1_999] * 1_000),
        (items_of({"allOf": [{"multipleOf": 1e-9}] * 10}), [1e300] * 1_000),
        (object_schema(x={"pattern": r"\p{L}{100}x"}), "é" * 100_000),
        (object_schema(x={"type": "array", "items": {"type": "integer"}}, y={"enum": [[1] * 999]}), [1] * 90_000),
    ],
    ids=["enum", "alternatives", "multiples", "pattern", "count"],
)
def test_a_context_whose_check_would_take_long_is_refused_before_it_is_checked(
    schema: dict[str, Any], value: Any
) -> None:
    assert fields(violations({"x": value}, schema)) == {("", "TOO_MANY")}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (items_of({"enum": [f"s{number}" for number in range(250)]}), ["s249"] * 20_000),
        (items_of({"type": "number", "multipleOf": 0.01}), [12.25] * 2_000),
        (object_schema(x={"pattern": LARGE_NAME}, y={"type": "string"}), "Jürgen O'Hara"),
    ],
    ids=["enum", "multiples", "pattern"],
)
def test_a_large_context_of_an_ordinary_schema_is_checked(schema: dict[str, Any], value: Any) -> None:
    context = {"x": value, "y": "x" * 100_000} if "y" in schema["properties"] else {"x": value}
    assert violations(context, schema) == []


def test_two_large_patterns_may_stand_in_many_places() -> None:
    pair = {"pattern": LARGE_NAME}, {"pattern": LARGE_NAME.replace("100", "99")}
    schema = {"type": "object", "properties": {f"x{place}": pair[place % 2] for place in range(10)}}
    assert schema_findings(schema) == []


def test_of_a_context_with_thousands_of_values_the_first_violation_is_reported() -> None:
    found = violations({"x": ["a"] * 3_000 + [1] * 3_000}, items_of({"type": "string"}))
    assert fields(found) == {("x[3000]", "WRONG_TYPE")}


@pytest.mark.parametrize(
    ("schema", "context"),
    [
        (items_of({"anyOf": [{"type": "string", "minLength": length} for length in range(99)]}), {"x": [1] * 6_000}),
        ({"type": "object", "anyOf": [{"required": [f"x{number}"]} for number in range(999)]}, {"x": "a" * 200_000}),
    ],
)
def test_violations_that_would_fill_the_memory_are_not_listed(schema: dict[str, Any], context: dict[str, Any]) -> None:
    assert fields(violations(context, schema)) == {("", "NO_MATCH")}


def schema_findings(schema: dict[str, Any]) -> list[tuple[Severity, str]]:
    found = COMPILER.review(definition(text="x", schema=schema))
    assert all(finding.code is FindingCode.CONTEXT_SCHEMA_INVALID for finding in found)
    return [(finding.severity, finding.field) for finding in found]


DEEP: dict[str, Any] = {"type": "object"}
for _ in range(100):
    DEEP = {"type": "object", "properties": {"x": DEEP}}

DOUBLING = {
    "type": "object",
    "$ref": "#/$defs/a0",
    "$defs": {f"a{i}": {"allOf": [{"$ref": f"#/$defs/a{i + 1}"}, {"$ref": f"#/$defs/a{i + 1}"}]} for i in range(40)}
    | {"a40": {"type": "object"}},
}


@pytest.mark.parametrize(
    ("schema", "field"),
    [
        ({"type": "array"}, "context_schema.type"),
        ({"properties": {}}, "context_schema.type"),
        ({"type": "objekt"}, "context_schema.type"),
        (object_schema(a={"minimum": "x"}), "context_schema.properties.a.minimum"),
        (object_schema(a={"pattern": "(a"}), "context_schema.properties.a.pattern"),
        (object_schema(a={"pattern": "(?=a)"}), "context_schema.properties.a.pattern"),
        (object_schema(a={"$ref": "https://example.com/x.json"}), "context_schema.properties.a.$ref"),
        (object_schema(a={"$ref": "file:///etc/passwd"}), "context_schema.properties.a.$ref"),
        (object_schema(a={"$ref": "other.json#/a"}), "context_schema.properties.a.$ref"),
        (object_schema(a={"$ref": "#/$defs/nobody"}), "context_schema.properties.a.$ref"),
        (object_schema(a={"$ref": "#/properties"}), "context_schema.properties.a.$ref"),
        (object_schema(a={"$ref": "#anchor"}), "context_schema.properties.a.$ref"),
        (object_schema(a={"$dynamicRef": "#x"}), "context_schema.properties.a.$dynamicRef"),
        (object_schema(a={"$id": "https://example.com/y"}), "context_schema.properties.a.$id"),
        ({"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"}, "context_schema.$schema"),
        (object_schema(a={"$ref": "#"}), "context_schema"),
        ({"type": "object", "allOf": [{"$ref": "#"}]}, "context_schema"),
        (DOUBLING, "context_schema"),
        (DEEP, "context_schema"),
        (object_schema(a={"enum": ["x" * 70_000]}), "context_schema"),
    ],
)
def test_a_schema_that_breaks_a_rule_is_found_and_does_not_compile(schema: dict[str, Any], field: str) -> None:
    assert schema_findings(schema) == [(Severity.ERROR, field)]
    with pytest.raises(ContentInvalid):
        COMPILER.compile_schema(schema)


@pytest.mark.parametrize(
    ("pattern", "first_too_many"),
    [(LARGE_NAME, "x2"), (r"^[\p{L} '-]{1,200}$", "x1")],
    ids=["large", "as large as one may be"],
)
def test_patterns_that_would_hold_the_process_are_found_and_do_not_compile(pattern: str, first_too_many: str) -> None:
    patterns = {f"x{number}": {"pattern": f"{pattern}|{number}"} for number in range(9)}
    schema = {"type": "object", "properties": patterns}
    assert schema_findings(schema) == [(Severity.ERROR, f"context_schema.properties.{first_too_many}")]
    with pytest.raises(ContentInvalid):
        COMPILER.compile_schema(schema)


@pytest.mark.parametrize(
    "dialect", ["https://json-schema.org/draft/2020-12/schema", "https://json-schema.org/draft/2020-12/schema#"]
)
def test_the_dialect_may_be_named_with_and_without_its_empty_fragment(dialect: str) -> None:
    schema = {"$schema": dialect, **object_schema(x={"type": "string"})}
    assert schema_findings(schema) == []
    assert fields(violations({"x": 1}, schema)) == {("x", "WRONG_TYPE")}


def test_everything_that_is_not_json_schema_is_found_at_once() -> None:
    schema = object_schema(a={"minimum": "x"}, b={"required": "c"})
    found = {field for _, field in schema_findings(schema)}
    assert found == {"context_schema.properties.a.minimum", "context_schema.properties.b.required"}


def test_a_misspelt_keyword_is_a_warning_since_it_promises_nothing() -> None:
    schema = {"type": "object", "require": ["a"], "x-note": 1}
    assert schema_findings(schema) == [(Severity.WARNING, "context_schema.require")]
    assert "Did you mean `required`?" in COMPILER.review(definition(text="x", schema=schema))[0].remedy


def test_a_reference_within_the_schema_is_followed() -> None:
    schema = {**object_schema(a={"$ref": "#/$defs/no~1tes%20x"}), "$defs": {"no/tes x": {"type": "string"}}}
    assert schema_findings(schema) == []
    assert fields(violations({"a": 1}, schema)) == {("a", "WRONG_TYPE")}


def test_names_that_look_like_keywords_are_names() -> None:
    names = {"$ref": {"type": "string"}, "$id": {"type": "string"}, "type": {"type": "string"}}
    values = {"enum": [{"$ref": "https://example.com"}]}
    schema = {"type": "object", "properties": {**names, "values": values}}
    assert schema_findings(schema) == []
    assert violations({"$ref": "x", "type": "y"}, schema) == []
