"""Example data: what templates use, with values that the context schema lets through."""

from __future__ import annotations

import contextlib
import os
from typing import Any

import pytest
from clarion_server.adapters.rendering.examples.patterns import PatternNotRead, matching
from clarion_server.adapters.rendering.schema_check import JsonSchema
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.rendering.contents import COMPILER, definition, object_schema
from tests.unit.rendering.test_review_promise import accepted_contexts, campaign, failure_of, without_faulty_lines
from tests.unit.rendering.wild import Wild

WILD_EXAMPLES = 5_000 if os.environ.get("CLARION_SOAK") else 60
IDENTITY, ADDRESS = "email:sent@clarion.test", "sent@clarion.test"


def example(schema: dict[str, Any] | None, text: str = "x") -> Any:
    found = COMPILER.example(definition(text=text, schema=schema), IDENTITY, ADDRESS)
    assert found is not None
    assert JsonSchema(schema or {"type": "object"}).violations(found.context) == []
    return found


def value_of(**schema: Any) -> Any:
    """The example for a value of that schema, which its context requires."""
    return example(object_schema(a=schema, required=("a",))).context["a"]


def test_what_may_be_a_text_or_a_number_is_a_number_where_a_filter_wants_one() -> None:
    schema = object_schema(a={"type": ["string", "number"]}, required=("a",))
    assert isinstance(example(schema, "{{ context.a }}").context["a"], str)
    assert isinstance(example(schema, "{{ context.a | number }}").context["a"], int | float)


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


def test_what_the_content_uses_is_added_to_what_the_author_offers() -> None:
    schema = {**object_schema(a={"type": "string"}, b={"const": 7}, required=("a",)), "examples": [{"a": "mine"}]}
    assert example(schema, "{{ context.a }} {{ context.b | default(0) }}").context == {"a": "mine", "b": 7}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "format": "date-time"},
        {"type": "string", "format": "uuid"},
        {"type": "string", "format": "ipv6"},
        {"type": "string", "format": "time"},
        {"type": "string", "minLength": 300},
        {"type": "string", "maxLength": 1},
        {"type": "string", "pattern": "^[A-Z]-[0-9]{3,}$"},
        {"type": "string", "pattern": "^(foo|bar)-[^x]{3,5}\\d+$", "minLength": 20},
        {"type": "string", "pattern": "^\\+?[1-9]\\d{1,14}$"},
        {"type": "string", "pattern": "^(?:[a-z]+\\.)*[a-z]{2}$", "minLength": 8},
        {"type": "integer", "minimum": 5, "multipleOf": 7},
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.1},
        {"type": "integer", "maximum": -3},
        {"type": ["null", "boolean"]},
        {"type": "array", "minItems": 3, "uniqueItems": True, "items": {"type": "string"}},
        {"type": "array", "uniqueItems": True, "minItems": 3, "items": {"enum": ["x", "y", "z"]}},
        {"type": "array", "contains": {"const": 9}, "minContains": 2, "items": {"type": "integer"}},
        {"type": "array", "prefixItems": [{"type": "string"}, {"type": "number"}], "items": False, "minItems": 2},
        {"type": "object", "minProperties": 2, "additionalProperties": {"type": "integer"}},
        {
            "type": "object",
            "properties": {"b": {"type": "string"}},
            "dependentRequired": {"b": ["c"]},
            "required": ["b"],
        },
        {"oneOf": [{"type": "string", "maxLength": 3}, {"type": "integer"}]},
        {"allOf": [{"type": "integer", "minimum": 3}, {"maximum": 4}, {"multipleOf": 4}]},
        {"$ref": "#/$defs/code"},
        {"if": {"type": "string"}, "then": {"minLength": 50}, "else": False},
        {"type": "integer", "not": {"enum": [2, 1, 0]}},
    ],
    ids=str,
)
def test_a_value_is_found(schema: dict[str, Any]) -> None:
    context_schema = object_schema(a=schema, required=("a",)) | {
        "$defs": {"code": {"type": "string", "pattern": "^c[0-9]$"}}
    }
    assert "a" in example(context_schema).context


def test_every_variable_is_filled_although_the_schema_does_not_require_it() -> None:
    schema = object_schema(
        order={
            "type": "object",
            "properties": {"note": {"type": "string"}, "unused": {"type": "string"}},
        },
        coupons={"type": "array", "items": {"type": "object", "properties": {"code": {"type": "string"}}}},
        lines={"type": "array", "items": {"type": "object", "properties": {"cost": {"type": "number"}}}},
        unused={"type": "string"},
    )
    text = """
        {% set order = context.order %}{% if order.note is defined %}{{ order["note"] }}{% endif %}
        {% for coupon in context.coupons | default([]) | sort(attribute="code") %}
        {{ coupon.code | default("") }}{% endfor %}
        {{ context["lines"] | default([]) | sum(attribute="cost") }}
    """
    context = example(schema, text).context
    assert set(context) == {"order", "coupons", "lines"}
    assert set(context["order"]) == {"note"}
    assert set(context["coupons"][0]) == {"code"}
    assert set(context["lines"][0]) == {"cost"}


def test_attributes_of_the_profile_get_values_that_their_use_takes() -> None:
    text = """{{ profile.first_name | default("") }} {{ profile.points | default(0) | number }}
        {{ profile.address.city | default("") }} {{ profile.birthday | default("2000-01-01") | date }}
        {% for tag in profile.tags | default([]) %}{{ tag }}{% endfor %}"""
    profile = example(None, text).profile
    assert profile == {
        "first_name": "Jane",
        "points": 12,
        "address": {"city": "Paris"},
        "birthday": "2030-01-31",
        "tags": ["tag"],
    }


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        (object_schema(a={"not": {}}, required=("a",)), "x"),
        (object_schema(a={"type": "string", "minLength": 5, "maxLength": 4}, required=("a",)), "x"),
        # The schema lets through what the filter does not take.
        (object_schema(a={"type": "string", "enum": ["euro"]}, required=("a",)), "{{ 1 | money(context.a) }}"),
    ],
)
def test_where_there_is_no_example_none_is_found(schema: dict[str, Any], text: str) -> None:
    assert COMPILER.example(definition(text=text, schema=schema), IDENTITY, ADDRESS) is None


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_the_search_misses_next_to_nothing_that_chance_finds() -> None:
    """Some it must miss: where exactly one of several alternatives may hold, say, it tries what holds in several."""
    missed = [seed for seed in range(WILD_EXAMPLES) if chance_alone_finds(seed)]
    assert len(missed) <= WILD_EXAMPLES // 500, missed


def chance_alone_finds(seed: int) -> bool:
    wild = Wild(seed)
    schema = wild.root_schema()
    drawn = campaign("\n".join(without_faulty_lines(wild.template(schema), schema)), schema)
    found = COMPILER.example(drawn, IDENTITY, ADDRESS)
    if found is not None:
        assert COMPILER.compile_schema(schema).violations(found.context) == []
        return False
    # What the schema accepts may still be no number or date, where a filter needs one.
    content = COMPILER.compile_content(drawn, 0, "any")
    return any(not failure_of(content, each, {}) for each in accepted_contexts(wild, schema))


@pytest.mark.parametrize("pattern", ["(", "[a", "a{2", "*", "(?=a)", "\\u0041", "a{x}"])
def test_a_pattern_that_is_not_read_is_said_to_be(pattern: str) -> None:
    with pytest.raises(PatternNotRead):
        matching(pattern)


@given(st.text("ab1[]()|{}*+?.\\^$-dw,:<>!=", max_size=12))
def test_reading_a_pattern_never_fails_in_another_way(pattern: str) -> None:
    with contextlib.suppress(PatternNotRead):
        assert isinstance(matching(pattern, 2), str)
