from __future__ import annotations

import datetime as dt
import math
import uuid
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Any

import pytest
from clarion_client._json_data import data_of, struct_of
from hypothesis import given
from hypothesis import strategies as st

WHOLE = st.integers(-(2**53), 2**53)
JSON = st.recursive(
    st.none() | st.booleans() | WHOLE | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_json_data_arrives_as_it_was_given(data: dict[str, Any]) -> None:
    assert data_of(struct_of(data, "context")) == data


def test_empty_lists_and_objects_arrive_too() -> None:
    data: dict[str, Any] = {"items": [], "address": {}, "nested": [[], {}]}

    assert data_of(struct_of(data, "context")) == data


def test_whole_numbers_come_back_as_integers() -> None:
    (number,) = data_of(struct_of({"quantity": 3.0}, "context")).values()

    assert isinstance(number, int)


def test_members_of_enums_are_their_values() -> None:
    class Colour(StrEnum):
        RED = "red"

    class Size(IntEnum):
        LARGE = 3

    assert data_of(struct_of({"colour": Colour.RED, "size": Size.LARGE}, "context")) == {"colour": "red", "size": 3}


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, 2**53 + 1, -(2**53) - 1, 10**5000], ids=range(6))
def test_a_number_that_would_not_arrive_is_refused_with_its_path(number: float) -> None:
    with pytest.raises(ValueError, match=r"^context\.order\.items\[1\]\.price is "):
        struct_of({"order": {"items": [{"price": 1}, {"price": number}]}}, "context")


@pytest.mark.parametrize(
    ("value", "advice"),
    [
        (Decimal("1.10"), "give str(value) to keep every digit, or float(value)"),
        (dt.datetime.now(dt.UTC), "give value.isoformat()"),
        (dt.datetime.now(dt.UTC).date(), "give value.isoformat()"),
        (uuid.UUID(int=1), "give str(value)"),
        (b"text", "give a string"),
        ({1}, "give a list"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_type_that_json_does_not_know_is_refused_with_what_to_give_instead(value: object, advice: str) -> None:
    with pytest.raises(TypeError) as refusal:
        struct_of({"order": {"total": value}}, "context")

    assert str(refusal.value) == (
        f"context.order.total is a {type(value).__name__}, which JSON does not know; {advice}"
    )


def test_a_key_that_is_no_string_is_refused() -> None:
    with pytest.raises(TypeError, match=r"context\.sizes has the key 42"):
        struct_of({"sizes": {42: "large"}}, "context")


@pytest.mark.parametrize("data", [{"name": "\ud800"}, {"\ud800": 1}], ids=["value", "key"])
def test_a_lone_surrogate_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="lone surrogate"):
        struct_of(data, "context")


def test_data_that_contains_itself_is_refused() -> None:
    data: dict[str, Any] = {}
    data["again"] = data

    with pytest.raises(ValueError, match="nested deeper than 32 levels"):
        struct_of(data, "context")


def test_32_levels_pass_and_33_do_not() -> None:
    def nested(levels: int) -> dict[str, Any]:
        return {"a": nested(levels - 1)} if levels > 1 else {}

    assert data_of(struct_of(nested(32), "context")) == nested(32)
    with pytest.raises(ValueError, match="32 levels"):
        struct_of(nested(33), "context")


def test_what_is_no_mapping_is_refused() -> None:
    with pytest.raises(TypeError, match="context is a list, not a mapping"):
        struct_of([1], "context")  # type: ignore[arg-type]  # the caller's mistake
