"""JSON values are read into messages by protobuf's JSON mapping, strictly, and all violations are found at once."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from clarion_server.transport.http.json_data import MAX_VIOLATIONS, Violations
from clarion_server.transport.http.json_reading import reader_of
from clarion_server.transport.http.json_text import DuplicateNames
from google.protobuf import duration_pb2, json_format
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.transport.http.messaging import make, message_type, paths


def read(value: Any) -> tuple[Any, Violations]:
    message, violations = make("Everything"), Violations()
    reader_of(message_type("Everything")).read(message, value, violations)
    return message, violations


def violations_of(value: Any) -> set[tuple[str, str]]:
    return paths(read(value)[1])


@pytest.mark.parametrize(
    ("value", "fields"),
    [
        ({"aString": "x", "an_int32": 1}, {"a_string": "x", "an_int32": 1}),
        ({"anInt64": "-9223372036854775808", "aUint64": 18446744073709551615}, None),
        ({"anInt32": 1.0, "aSint32": "1e2", "aFixed64": "3"}, {"an_int32": 1, "a_sint32": 100, "a_fixed64": 3}),
        ({"aDouble": "NaN", "aFloat": "-Infinity"}, None),
        ({"aDouble": 5, "aFloat": "1.5"}, {"a_double": 5.0, "a_float": 1.5}),
        ({"aBytes": "_-8="}, {"a_bytes": b"\xff\xef"}),
        ({"aBytes": "/+8"}, {"a_bytes": b"\xff\xef"}),
        ({"aColor": "COLOR_RED", "colors": [1, "COLOR_UNSPECIFIED", 77]}, {"a_color": 1, "colors": [1, 0, 77]}),
        ({"texts": {"a": "b"}, "byNumber": {"-1": {"aBool": True}}, "byTruth": {"true": "COLOR_RED"}}, None),
        ({"perhaps": 0, "itself": {}}, None),
        ({"aString": None, "numbers": None, "itself": None, "this": None}, {}),
        ({"odd-name": "x"}, {"oddly_named": "x"}),
        ({"oddly_named": "x"}, {"oddly_named": "x"}),
        ({"time": "2026-11-24T12:00:00.5+01:00", "times": ["1970-01-01T00:00:00Z"], "duration": "-1.5s"}, None),
        ({"mask": "displayName,tags"}, {"mask": {"paths": ["display_name", "tags"]}}),
        ({"struct": {"a": [1, None, {"b": "c"}, [], {}]}, "value": "x", "list": [True]}, None),
        ({"wrappedNumber": "5", "wrappedText": "", "wrappedTruth": False}, None),
        ({"words": ["b", "", "a", "b"]}, {"words": ["b", "", "a", "b"]}),
        ({"any": {"@type": f"type.googleapis.com/{duration_pb2.Duration.DESCRIPTOR.full_name}", "value": "1s"}}, None),
    ],
)
def test_what_the_mapping_allows_is_read(value: Any, fields: dict[str, Any] | None) -> None:
    """Without `fields`, as the library of protobuf reads it."""
    message, violations = read(value)
    assert violations == []
    expected = make("Everything") if fields is None else make("Everything", **fields)
    if fields is None:
        json_format.ParseDict(value, expected)
    # As bytes, because NaN equals nothing.
    assert message.SerializeToString(deterministic=True) == expected.SerializeToString(deterministic=True)


@pytest.mark.parametrize(
    ("value", "violations"),
    [
        ([], {("", "WRONG_TYPE")}),
        ({"nothing": 1}, {("nothing", "UNKNOWN_FIELD")}),
        ({"<script>": 1}, {("", "UNKNOWN_FIELD")}),
        ({"aString": 1, "aBool": "true", "anInt32": True, "aDouble": "x"}, None),
        ({"anInt32": 2**31, "aUint32": -1, "anInt64": str(2**63), "aFloat": 1e39}, None),
        ({"anInt32": 1.5, "aUint64": "0x1", "anInt64": " 1", "numbers": ["9" * 500]}, None),
        ({"aBytes": "a", "aColor": "COLOR_GREEN", "time": "yesterday", "duration": "1", "mask": "a_b"}, None),
        ({"aString": "a", "a_string": "b"}, {("a_string", "DUPLICATE")}),
        ({"this": "x", "that": {}}, {("that", "DUPLICATE")}),
        ({"itself": {"themselves": [{}, {"aBool": 1}]}}, {("itself.themselves[1].a_bool", "WRONG_TYPE")}),
        ({"numbers": [1, None, "x"], "themselves": {}}, None),
        ({"texts": {"a": 1, "b c": 2}, "byNumber": {"x": {}, "1": {"x": 1}}, "byTruth": {"yes": 1}}, None),
        ({"texts": [], "byNumber": "x", "words": ["a", 1]}, None),
        ({"struct": [], "list": {}, "any": {"@type": "x"}, "wrappedNumber": {}}, None),
        ({"struct": {"a": {"b": {}}}, "value": {}}, set()),
    ],
)
def test_what_the_mapping_does_not_allow_is_refused_all_at_once(
    value: Any, violations: set[tuple[str, str]] | None
) -> None:
    """Without `violations`, each of the values breaks a rule."""
    found = violations_of(value)
    if violations is not None:
        assert found == violations
    else:
        assert {place.partition(".")[0].partition("[")[0] for place, _ in found} == {
            json_to_proto(name) for name in value
        }


def test_a_name_that_no_field_has_is_answered_with_those_that_there_are() -> None:
    _, (violation,) = read({"itself": {"aText": "x"}})
    assert violation.field == "itself.aText"
    assert violation.description.startswith("There is no such field. The fields are: a_double, ")


@pytest.mark.parametrize(
    ("value", "description"),
    [
        ({"anInt32": "x"}, "Must be a whole number from -2,147,483,648 to 2,147,483,647."),
        ({"aUint32": "x"}, "Must be a whole number from 0 to 4,294,967,295."),
        ({"anInt64": "x"}, "Must be a whole number from -9,223,372,036,854,775,808 to 9,223,372,036,854,775,807."),
        ({"aUint64": "x"}, "Must be a whole number from 0 to 18,446,744,073,709,551,615."),
        ({"aColor": "x"}, "Must be one of COLOR_RED."),
        ({"this": "x", "that": {}}, "At most one field of choice may be given."),
        ({"a_string": "x", "aString": "x"}, "Must be given once."),
        ({"words": {}}, "Must be a list."),
        ({"texts": []}, "Must be an object."),
    ],
)
def test_a_refusal_says_what_is_allowed(value: Any, description: str) -> None:
    _, (violation,) = read(value)
    assert violation.description == description


def test_a_field_that_may_be_absent_is_no_choice() -> None:
    _, (violation,) = read(DuplicateNames([("perhaps", 1), ("perhaps", 2)]))
    assert (violation.field, violation.description) == ("perhaps", "Must be given once.")


@pytest.mark.parametrize(
    "value", [{"numbers": ["x"] * 3 * MAX_VIOLATIONS}, {f"x{number}": 1 for number in range(3 * MAX_VIOLATIONS)}]
)
def test_of_many_violations_a_thousand_are_told(value: Any) -> None:
    _, violations = read(value)
    assert len(violations) == MAX_VIOLATIONS


@pytest.mark.parametrize("text", ["!!!", "YQ==!", "Y\nQ==", "YQ== ", "Y=Q=", "YQ===", "é"])
def test_base64_with_other_characters_is_refused(text: str) -> None:
    assert violations_of({"aBytes": text}) == {("a_bytes", "MALFORMED")}


@pytest.mark.parametrize("text", ["1_000", "\u0663", "\uff11", "1\n", "\t1", "+1", ".5", "1.", "0x1", "", "nan", "inf"])
@pytest.mark.parametrize("name", ["an_int32", "a_uint64", "a_double", "a_float"])
def test_a_text_is_a_number_only_where_json_has_it_as_one(name: str, text: str) -> None:
    assert violations_of({name: text}) == {(name, "MALFORMED")}


def json_to_proto(name: str) -> str:
    fields = {field.json_name: field.name for field in message_type("Everything").fields}
    return str(fields[name])


def test_paths_have_the_names_of_the_contract() -> None:
    value = {"byNumber": {"1": {"x": 1}, "x": {}}, "texts": {"a": 1, "b c": 1}, "itself": {"wrappedText": 1}}
    assert {path for path, _ in violations_of(value)} == {
        "by_number[]",
        "by_number.x",
        "texts.a",
        "texts[]",
        "itself.wrapped_text",
    }


@pytest.mark.parametrize(("levels", "reasons"), [(32, set()), (33, {"TOO_DEEP"}), (200, {"TOO_DEEP"})])
@pytest.mark.parametrize("field", ["struct", "value"])
def test_data_is_nested_at_most_32_levels_deep(field: str, levels: int, reasons: set[str]) -> None:
    value: Any = 1
    for level in range(levels, 0, -1):
        value = [value] if level % 2 == 0 else {"a": value}
    found = violations_of({field: value})
    assert {reason for _, reason in found} == reasons
    assert all(path.startswith(f"{field}.a[0].a[0]") for path, _ in found)


NAMES = [field.json_name for field in message_type("Everything").fields]
SCALARS = {
    "aDouble": st.floats(allow_nan=False, allow_infinity=False),
    "anInt32": st.integers(-(2**31), 2**31 - 1),
    "anInt64": st.integers(-(2**63), 2**63 - 1).map(str),
    "aUint64": st.integers(0, 2**64 - 1).map(str),
    "aBool": st.booleans(),
    "aString": st.text(),
    "aBytes": st.binary().map(lambda raw: base64.b64encode(raw).decode()),
    "aColor": st.sampled_from(["COLOR_RED", "COLOR_UNSPECIFIED"]),
    "numbers": st.lists(st.integers(-(2**63), 2**63 - 1)),
    "texts": st.dictionaries(st.text(), st.text()),
    "struct": st.dictionaries(
        st.text(),
        st.recursive(
            st.none() | st.booleans() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=10,
        ),
    ),
}
VALUES = st.fixed_dictionaries({}, optional=SCALARS)


@given(st.fixed_dictionaries({}, optional={**SCALARS, "itself": VALUES, "themselves": st.lists(VALUES, max_size=2)}))
def test_every_value_is_read_as_the_library_of_protobuf_reads_it(value: Any) -> None:
    message, violations = read(value)
    assert violations == []
    assert message == json_format.ParseDict(value, make("Everything"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(NAMES), JSON))
def test_whatever_comes_is_read_or_refused(value: Any) -> None:
    message, violations = read(value)
    if not violations:
        assert read(json_format.MessageToDict(message))[0] == message
