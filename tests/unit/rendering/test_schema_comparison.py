"""Tests what a change of a context schema means to callers."""

from __future__ import annotations

import os
from typing import Any

import pytest
from clarion_server.adapters.rendering.schemas.comparison import schema_differences
from clarion_server.adapters.rendering.schemas.rules import validator
from clarion_server.domain.campaigns.schema_difference import SchemaEffect
from hypothesis import assume, given, settings
from hypothesis import strategies as st

SOAK = bool(os.environ.get("CLARION_SOAK"))
TEXT, NUMBER = {"type": "string"}, {"type": "number"}


def an_object(*required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": properties}


def closed(**properties: Any) -> dict[str, Any]:
    return {**an_object(**properties), "additionalProperties": False}


def within(**keywords: Any) -> dict[str, Any]:
    return an_object(a=keywords)


def found(before: Any, after: Any) -> list[str]:
    return [f"{each.path} {each.effect}" for each in schema_differences(before, after)]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (an_object(a=TEXT), an_object("a", a=TEXT), ["context.a REFUSES_MORE"]),
        (an_object("a", a=TEXT), an_object(a=TEXT), ["context.a ACCEPTS_MORE"]),
        (an_object(a=TEXT), an_object(a=NUMBER), ["context.a REFUSES_MORE", "context.a ACCEPTS_MORE"]),
        (an_object(a={"type": "integer"}), an_object(a=NUMBER), ["context.a ACCEPTS_MORE"]),
        (an_object(a=NUMBER), an_object(a={"type": "integer"}), ["context.a REFUSES_MORE"]),
        (an_object(a=TEXT), an_object(a={"type": ["string", "null"]}), ["context.a ACCEPTS_MORE"]),
        (an_object(), an_object(a=TEXT), ["context.a NAMES_MORE"]),
        (an_object(), an_object("a", a=TEXT), ["context.a REFUSES_MORE", "context.a NAMES_MORE"]),
        (an_object(a=TEXT), an_object(), ["context.a ACCEPTS_MORE"]),
        (
            an_object(a=TEXT),
            {**an_object(), "additionalProperties": False},
            ["context.a REFUSES_MORE", "context.* REFUSES_MORE"],
        ),
        (
            {**an_object(), "additionalProperties": False},
            {**an_object(a=TEXT), "additionalProperties": False},
            ["context.a ACCEPTS_MORE"],
        ),
        (an_object(a=an_object(b=TEXT)), an_object(a=an_object("b", b=TEXT)), ["context.a.b REFUSES_MORE"]),
        (
            an_object(a={"type": "array", "items": an_object(b=TEXT)}),
            an_object(a={"type": "array", "items": an_object(b=NUMBER)}),
            ["context.a[].b REFUSES_MORE", "context.a[].b ACCEPTS_MORE"],
        ),
        (within(enum=["x", "y"]), within(enum=["x", "y", "z"]), ["context.a ACCEPTS_MORE"]),
        (within(enum=["x", "y"]), within(const="x"), ["context.a REFUSES_MORE"]),
        (within(minLength=1), within(minLength=2), ["context.a REFUSES_MORE"]),
        (within(maxItems=1), within(maxItems=2), ["context.a ACCEPTS_MORE"]),
        (within(minLength=0), within(), []),
        (within(pattern="a"), within(pattern="b"), ["context.a REFUSES_MORE"]),
        (within(format="email"), within(), ["context.a ACCEPTS_MORE"]),
        (within(multipleOf=4), within(multipleOf=2), ["context.a ACCEPTS_MORE"]),
        (within(multipleOf=2), within(multipleOf=4), ["context.a REFUSES_MORE"]),
        (within(anyOf=[TEXT]), within(anyOf=[TEXT, NUMBER]), ["context.a ACCEPTS_MORE"]),
        (within(anyOf=[TEXT, NUMBER]), within(anyOf=[TEXT]), ["context.a REFUSES_MORE"]),
        (within(oneOf=[TEXT]), within(oneOf=[TEXT, NUMBER]), ["context.a REFUSES_MORE"]),
        (within(title="A", description="x"), within(title="B", examples=["y"]), []),
        (within(enum=[1]), within(enum=[True]), ["context.a REFUSES_MORE", "context.a ACCEPTS_MORE"]),
        (within(enum=[1]), within(enum=[1.0]), []),
        (None, an_object("a", a=TEXT), ["context.a REFUSES_MORE", "context.a ACCEPTS_MORE", "context.* ACCEPTS_MORE"]),
        (None, closed(), []),
    ],
)
def test_a_change_is_told_by_its_path_and_effect(before: Any, after: Any, expected: list[str]) -> None:
    assert sorted(set(found(before, after))) == sorted(expected)


def test_references_are_compared_by_what_they_lead_to() -> None:
    def named(target: Any, name: str) -> dict[str, Any]:
        return {**an_object(a={"$ref": f"#/$defs/{name}"}), "$defs": {name: target}}

    assert found(named(TEXT, "x"), named(TEXT, "y")) == []
    assert found(named(TEXT, "x"), an_object(a=TEXT)) == []
    assert found(named(an_object(b=TEXT), "x"), named(an_object("b", b=TEXT), "x")) == ["context.a.b REFUSES_MORE"]


def test_names_that_are_no_words_are_quoted_in_paths() -> None:
    assert found(an_object(), an_object("from date")) == ['context["from date"] REFUSES_MORE']


def test_a_schema_that_is_not_valid_is_not_compared() -> None:
    circle = {"type": "object", "properties": {"a": {"$ref": "#"}}}
    assert found(an_object(), circle) == []
    assert found({"type": "asd"}, an_object("a")) == []


scalars = st.none() | st.booleans() | st.sampled_from([0, 1, 2, 3, 1.5, "", "a", "b", "ab"])
instances = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=5,
)
types = st.sampled_from(["string", "number", "integer", "null", "boolean", "object", "array"])
leaves = st.fixed_dictionaries(
    {},
    optional={
        "type": types | st.lists(types, min_size=1, max_size=3, unique=True),
        "enum": st.lists(scalars, min_size=1, max_size=3, unique_by=repr),
        "const": scalars,
        "minLength": st.integers(0, 2),
        "maxLength": st.integers(0, 2),
        "minimum": st.integers(0, 2),
        "exclusiveMaximum": st.integers(1, 3),
        "multipleOf": st.sampled_from([1, 2, 3]),
        "pattern": st.sampled_from(["a", "^b"]),
        "maxItems": st.integers(0, 2),
        "uniqueItems": st.booleans(),
    },
)


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    members = st.lists(inner, min_size=1, max_size=2)
    return st.fixed_dictionaries(
        {},
        optional={
            "type": types,
            "properties": st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
            "patternProperties": st.dictionaries(st.sampled_from(["a", "b|c"]), inner, max_size=1),
            "additionalProperties": inner,
            "required": st.lists(st.sampled_from("abc"), max_size=2, unique=True),
            "items": inner,
            "prefixItems": members,
            "anyOf": members,
            "allOf": members,
            "oneOf": members,
            "not": inner,
            "if": inner,
            "then": inner,
            "contains": inner,
            "minContains": st.integers(0, 1),
            "unevaluatedProperties": st.booleans(),
        },
    )


schemas = st.recursive(leaves | st.booleans(), nested, max_leaves=6)
#: Two schemas of which the later one is often the earlier one with a change.
pairs = st.tuples(nested(schemas), nested(schemas)) | nested(schemas).flatmap(
    lambda before: st.tuples(st.just(before), nested(schemas).map(lambda change: {**before, **change}))
)


# One in three pairs that are drawn takes or refuses any of the contexts, and each is hundreds of choices.
@settings(max_examples=2_000 if SOAK else 12)
@given(pair=pairs, contexts=st.lists(st.dictionaries(st.sampled_from("abc"), instances, max_size=3), max_size=8))
def test_what_was_taken_and_is_refused_now_always_shows(pair: tuple[Any, Any], contexts: list[Any]) -> None:
    before, after = ({**schema, "type": "object"} for schema in pair)
    earlier, later = validator(before), validator(after)
    newly_refused = [each for each in contexts if earlier.is_valid(each) and not later.is_valid(each)]
    newly_taken = [each for each in contexts if later.is_valid(each) and not earlier.is_valid(each)]
    assume(newly_refused or newly_taken)
    effects = {each.effect for each in schema_differences(before, after)}
    if newly_refused:
        assert effects & {SchemaEffect.REFUSES_MORE, SchemaEffect.NAMES_MORE}
    assert effects
