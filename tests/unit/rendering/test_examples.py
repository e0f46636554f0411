"""Example data: a context that the schema accepts, of what the schema offers."""

from __future__ import annotations

from typing import Any

import pytest
from clarion_server.adapters.rendering.schemas.check import JsonSchema

from tests.unit.rendering.contents import COMPILER, definition, object_schema
from tests.unit.rendering.wild import Wild

IDENTITY, ADDRESS = "email:sent@clarion.test", "sent@clarion.test"


def example(schema: dict[str, Any] | None, text: str = "x") -> Any:
    found = COMPILER.example(definition(text=text, schema=schema), IDENTITY, ADDRESS)
    assert found is not None
    assert JsonSchema(schema or {"type": "object"}).violations(found.context) == []
    return found


def value_of(**schema: Any) -> Any:
    """Returns the example for a value of that schema, which its context requires."""
    return example(object_schema(a=schema, required=("a",))).context["a"]


@pytest.mark.parametrize("keyword", ["examples", "enum"])
def test_what_the_author_offers_is_taken(keyword: str) -> None:
    assert value_of(type="string", **{keyword: ["mine", "other"]}) == "mine"


@pytest.mark.parametrize("keyword", ["default", "const"])
def test_the_one_value_that_the_author_offers_is_taken(keyword: str) -> None:
    assert value_of(type="integer", **{keyword: 42}) == 42


def test_an_offer_that_breaks_the_schema_is_passed_over() -> None:
    assert value_of(type="string", examples=["too long"], maxLength=3) != "too long"


def test_a_whole_context_that_the_author_offers_is_taken() -> None:
    schema = {
        **object_schema(a={"type": "string"}, b={"type": "integer"}, required=("a",)),
        "examples": [{"a": "mine"}],
    }
    assert example(schema, "{{ context.a }}").context == {"a": "mine"}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string"},
        {"type": "string", "format": "date-time"},
        {"type": "string", "format": "uuid"},
        {"type": "string", "format": "ipv6"},
        {"type": "string", "format": "time"},
        {"type": "string", "minLength": 300},
        {"type": "string", "maxLength": 1},
        {"type": "string", "pattern": "^[A-Z]-[0-9]{3,}$", "examples": ["A-123"]},
        {"type": "integer", "minimum": 5, "multipleOf": 7},
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.1},
        {"type": "number", "minimum": -3.5, "maximum": -3.2},
        {"type": "integer", "maximum": -3},
        {"type": "integer", "exclusiveMinimum": 3, "exclusiveMaximum": 5},
        {"type": ["null", "boolean"]},
        {"type": "boolean"},
        {"type": "array", "minItems": 3, "items": {"type": "string"}},
        {"type": "array", "uniqueItems": True, "minItems": 3, "items": {"enum": ["x", "y", "z"]}},
        {"type": "array", "prefixItems": [{"type": "string"}, {"type": "number"}], "items": False, "minItems": 2},
        {"type": "object", "required": ["x"]},
        {"properties": {"x": {"type": "integer"}}, "required": ["x"]},
        {"oneOf": [{"type": "string", "maxLength": 3}, {"type": "integer"}]},
        {"anyOf": [{"type": "string", "pattern": "^x$"}, {"type": "integer"}]},
        {"allOf": [{"type": "integer", "minimum": 3}, {"maximum": 4}, {"multipleOf": 4}]},
        {"type": "object", "required": ["a"], "oneOf": [{"properties": {"a": {"const": 1}}}, {"required": ["b"]}]},
        {"$ref": "#/$defs/code"},
        {"type": "array", "contains": {"const": 9}, "examples": [[9]]},
        True,
    ],
    ids=str,
)
def test_a_value_is_found(schema: Any) -> None:
    context_schema = object_schema(a=schema, required=("a",)) | {"$defs": {"code": {"type": "string", "maxLength": 2}}}
    assert "a" in example(context_schema).context


def test_members_that_are_not_required_are_filled_too() -> None:
    schema = object_schema(
        order={"type": "object", "properties": {"note": {"type": "string"}}},
        lines={"type": "array", "items": {"type": "object", "properties": {"cost": {"type": "number"}}}},
    )
    assert example(schema).context == {"order": {"note": "note"}, "lines": [{"cost": 1}]}


def test_a_member_without_an_example_is_left_out_unless_it_is_required() -> None:
    member = {"type": "string", "pattern": "^[0-9]{4}$"}
    assert example(object_schema(a=member, b={"const": 7})).context == {"b": 7}
    schema = object_schema(a=member, b={"const": 7}, required=("a",))
    assert COMPILER.example(definition(text="x", schema=schema), IDENTITY, ADDRESS) is None


def test_the_profile_of_an_example_is_empty_since_no_profile_needs_anything() -> None:
    assert example(None, "{{ profile.first_name | default('you') }}").profile == {}


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        (object_schema(a={"not": {}}, required=("a",)), "x"),
        (object_schema(a=False, required=("a",)), "x"),
        (object_schema(a={"type": "string", "minLength": 5, "maxLength": 4}, required=("a",)), "x"),
        (object_schema(a={"type": "number", "minimum": 1e308, "multipleOf": 1e-9}, required=("a",)), "x"),
        # The schema accepts what the filter does not take.
        (object_schema(a={"type": "string", "enum": ["euro"]}, required=("a",)), "{{ 1 | money(context.a) }}"),
    ],
)
def test_where_there_is_no_example_none_is_found(schema: dict[str, Any], text: str) -> None:
    assert COMPILER.example(definition(text=text, schema=schema), IDENTITY, ADDRESS) is None


def test_alternatives_in_alternatives_end_the_search() -> None:
    schema: dict[str, Any] = {"type": "string", "minLength": 5, "maxLength": 4}
    for _ in range(5):
        schema = {"anyOf": [{"type": "object", "required": ["a"], "properties": {"a": schema}}] * 3}
    assert (
        COMPILER.example(definition(text="x", schema=object_schema(a=schema, required=("a",))), IDENTITY, ADDRESS)
        is None
    )


@pytest.mark.parametrize("seed", range(100))
def test_an_example_of_any_schema_passes_it(seed: int) -> None:
    schema = Wild(seed).root_schema()
    found = COMPILER.example(definition(text="x", schema=schema), IDENTITY, ADDRESS)
    assert found is None or not JsonSchema(schema).violations(found.context)
