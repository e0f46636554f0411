from __future__ import annotations

from typing import Any

import pytest
import yaml
from clarion_server.transport.cli.files.yaml_schema import CoreLoader, dump
from hypothesis import given
from hypothesis import strategies as st


def load(text: str) -> Any:
    return CoreLoader(text).get_single_data()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("true", True),
        ("False", False),
        ("12:30:00", "12:30:00"),
        ("2027-01-31", "2027-01-31"),
        ("2027-01-31T09:00:00Z", "2027-01-31T09:00:00Z"),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("-7", -7),
        ("1_000", "1_000"),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("~", None),
        ("null", None),
        ("", None),
        ("'5'", "5"),
        ("${SMTP_PORT}", "${SMTP_PORT}"),
    ],
)
def test_a_plain_scalar_is_what_yaml_1_2_says(text: str, value: object) -> None:
    assert load(f"key: {text}") == {"key": value}


def test_a_key_that_stands_twice_is_an_error_at_its_second_place() -> None:
    with pytest.raises(yaml.MarkedYAMLError, match="tags stands here twice") as caught:
        load("tags: [a]\nname: x\ntags: [b]")
    assert caught.value.problem_mark is not None
    assert caught.value.problem_mark.line == 2


def test_a_merged_key_may_be_given_again() -> None:
    assert load("base: &base {a: 1, b: 2}\nother: {<<: *base, b: 3}")["other"] == {"a": 1, "b": 3}


def test_python_objects_cannot_be_made() -> None:
    with pytest.raises(yaml.MarkedYAMLError):
        load("key: !!python/object/apply:os.getcwd []")


def test_texts_of_several_lines_are_blocks() -> None:
    text = "<p> \n\tindented\n  é</p>\n"
    assert dump({"html": text}) == "html: |\n  <p> \n  \tindented\n    é</p>\n"


DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=10,
)


@given(st.dictionaries(st.text(min_size=1), DATA, min_size=1))
def test_what_is_written_is_read_as_it_was(data: dict[str, Any]) -> None:
    assert load(dump(data)) == data
