"""JSON text is read strictly: no name twice, no rounded number, and an error says where it is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from clarion_server.domain.errors import InvalidFields
from clarion_server.transport.http.json_data import MAX_VIOLATIONS, first_violations
from clarion_server.transport.http.json_text import MAX_VALUES, read_json
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.transport.http.messaging import make, paths, read


def read_everything(body: bytes) -> Any:
    """Returns the message, or its violations."""
    return read("OfEverything", "POST", "/v1/everything", body)[1]


@pytest.mark.parametrize(
    ("body", "position"),
    [
        (b"{", "line 1, column 2"),
        (b'{"a": 1,}', "line 1, column 8"),
        (b'{\n  "a": 1\n  "b": 2\n}', "line 3, column 3"),
        (b'{\n "a": tru}', "line 2, column 7"),
        (b'{"a": NaN}', "line 1, column 7"),
        (b'{"a": -Infinity}', "line 1, column 8"),
        (b'{"a": 1} {}', "line 1, column 10"),
        ('{"ä": "ö" 1}'.encode(), "line 1, column 11"),
        (b'{"a":\n "\xff"}', "line 2, column 3"),
        (b'{"a": "\n"}', "line 1, column 8"),
        (b'{"a": "\\ud800"}', "line 1, column 8"),
        (b"\xef\xbb\xbf{}", "line 1, column 1"),
    ],
)
def test_broken_json_is_refused_with_line_and_column(body: bytes, position: str) -> None:
    with pytest.raises(InvalidFields) as caught:
        read_json(body)
    (violation,) = caught.value.violations
    assert (violation.field, violation.reason) == ("", "MALFORMED")
    assert violation.description.endswith(f"at {position}.")


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"aString": "a", "aString": "b"}', {("a_string", "DUPLICATE")}),
        (b'{"aString": "a", "a_string": "b"}', {("a_string", "DUPLICATE")}),
        (b'{"numbers": [1], "numbers": [1]}', {("numbers", "DUPLICATE")}),
        (b'{"themselves": [{}, {"aBool": true, "aBool": true}]}', {("themselves[1].a_bool", "DUPLICATE")}),
        (b'{"struct": {"a": {"b": 1, "b": 2, "c": 1}, "a b": 1}}', {("struct.a.b", "DUPLICATE")}),
        (b'{"struct": {"a": 1, "a": 2}}', {("struct.a", "DUPLICATE")}),
        (b'{"value": [{"a": 1, "a": 1}]}', {("value[0].a", "DUPLICATE")}),
        (b'{"texts": {"a": "1", "a": "1"}}', {("texts.a", "DUPLICATE")}),
        (b'{"byNumber": {"1": {"aBool": true, "aBool": true}}}', {("by_number[].aBool", "DUPLICATE")}),
        (b'{"nothing": 1, "nothing": 1}', {("nothing", "UNKNOWN_FIELD")}),
        (b'{"aBool": 1, "aString": "a", "aString": 1}', {("a_bool", "WRONG_TYPE"), ("a_string", "DUPLICATE")}),
    ],
)
def test_a_name_that_occurs_twice_is_refused_with_its_path(body: bytes, found: set[tuple[str, str]]) -> None:
    assert paths(read_everything(body)) >= found
    assert {reason for _, reason in paths(read_everything(body))} <= {reason for _, reason in found} | {"WRONG_TYPE"}


@pytest.mark.parametrize(
    "number",
    [
        "9007199254740993",
        "-9007199254740993",
        "1234567890123456789",
        "1234567890123456789.0",
        "12345678901234567.89",
        "100000000000000000000001",
        "1" * 400,
        "1e400",
        "-1e400",
    ],
)
def test_a_number_that_a_double_would_round_is_refused_with_its_path(number: str) -> None:
    body = b'{"struct": {"order": {"lines": [1, %b]}}, "value": %b}' % (number.encode(), number.encode())
    assert paths(read_everything(body)) == {("struct.order.lines[1]", "INEXACT"), ("value", "INEXACT")}


@pytest.mark.parametrize(
    "number", ["9007199254740992", "-9007199254740992", "9007199254740994", "1e22", "1e300", "0.1", "5e-324", "2.50"]
)
def test_a_number_that_a_double_holds_is_kept(number: str) -> None:
    message = read_everything(b'{"struct": {"a": %b}}' % number.encode())
    assert message.struct.fields["a"].number_value == float(number)


def test_a_64_bit_number_of_the_contract_is_kept_exactly() -> None:
    assert read_everything(b'{"anInt64": 9007199254740993}').an_int64 == 9007199254740993


@pytest.mark.parametrize(("text", "number"), [("2.0", 2), ("-0.0", 0), ("20e-1", 2), ("9007199254740991.0", 2**53 - 1)])
def test_a_whole_number_is_an_integer_however_it_is_written(text: str, number: int) -> None:
    value = read_json(text.encode())
    assert (value, type(value)) == (number, int)


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000])
def test_nesting_without_end_is_refused(body: bytes) -> None:
    assert paths(read_everything(body)) == {("", "TOO_DEEP")}


@pytest.mark.parametrize("value", [b"1", b'"a"', b"[]", b'{"a":1}'])
def test_a_body_with_too_many_values_is_refused(value: bytes) -> None:
    body = b'{"struct": {"a": [%b]}}' % b",".join([value] * MAX_VALUES)
    assert paths(read_everything(body)) == {("", "TOO_MANY")}


def test_commas_and_brackets_in_text_are_no_values() -> None:
    text = 'a\\"{[,' * MAX_VALUES
    assert read_json(json.dumps({"a": text, "b": [text]}).encode()) == {"a": text, "b": [text]}


@pytest.mark.parametrize("body", [b'{"themselves": [%b]}', b'{"struct": {"a": [%b]}}', b'{"list": [%b]}'])
def test_no_more_violations_are_collected_than_are_answered(body: bytes) -> None:
    found = read_everything(body % b",".join([b'{"a":1,"a":1}'] * (2 * MAX_VIOLATIONS)))
    assert len(found) == MAX_VIOLATIONS


def test_a_number_with_too_many_digits_is_refused() -> None:
    assert paths(read_everything(b'{"struct": {"a": %b}}' % (b"1" * 10_000))) == {("", "MALFORMED")}


#: Without -0.0, which is read as 0.
FLOATS = st.floats(allow_nan=False, allow_infinity=False).map(lambda number: number + 0.0)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | FLOATS | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_what_python_writes_is_read_as_it_was(value: Any) -> None:
    for ascii_only in (True, False):
        found = read_json(json.dumps(value, ensure_ascii=ascii_only).encode())
        assert found == value
        assert not first_violations(found)


@given(st.dictionaries(st.text(), VALUES))
def test_data_is_put_into_a_struct_as_the_library_of_protobuf_does_it(value: dict[str, Any]) -> None:
    body = json.dumps({"struct": value}).encode()
    assert read_everything(body) == json_format.ParseDict({"struct": value}, make("Everything"))
