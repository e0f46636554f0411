from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.files.documents import read_documents
from clarion_server.transport.cli.files.yaml_syntax import dump
from hypothesis import given
from hypothesis import strategies as st


def load(text: str, folder: Path) -> Any:
    file = folder / "file.yaml"
    file.write_bytes(text.encode())
    (document,) = read_documents(file)
    return document.data


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
        ("0b11", "0b11"),
        ("-7", -7),
        ("1_000", "1_000"),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("~", None),
        ("null", None),
        ("", None),
        ("'5'", "5"),
        ("!!str 5", "5"),
        ("=", "="),
        ("${SMTP_PORT}", "${SMTP_PORT}"),
    ],
)
def test_a_plain_scalar_is_what_yaml_1_2_says(text: str, value: object, tmp_path: Path) -> None:
    assert load(f"key: {text}", tmp_path) == {"key": value}


@pytest.mark.parametrize(
    "text",
    [
        "a:\tx\t\nb:\n  -\t1\n  - 2\t# two\n\t\nc: {d:\t1}\t\n",
        '{\n\t"a": "x",\n\t"b": [\n\t\t1,\n\t\t2\n\t],\n\t"c": {"d":\t1}\n}\n',
    ],
)
def test_tabs_separate_tokens_end_lines_and_indent_json(text: str, tmp_path: Path) -> None:
    assert load(text, tmp_path) == {"a": "x", "b": [1, 2], "c": {"d": 1}}


def test_tabs_within_a_text_are_part_of_it(tmp_path: Path) -> None:
    assert load("a: x\ty\nb: |\n  \tz\t\n", tmp_path) == {"a": "x\ty", "b": "\tz\t\n"}


@pytest.mark.parametrize("text", ["a:\n\tb: 1\n", "a: 1\n\tb: 2\n", "a:\n  -\tb: 1\n    c: 2\n", "a:\n  -\t- 1\n"])
def test_tabs_do_not_indent_a_block(text: str, tmp_path: Path) -> None:
    with pytest.raises(CommandFailed):
        load(text, tmp_path)


def test_an_anchor_may_be_defined_again(tmp_path: Path) -> None:
    assert load("a: &x 1\nb: *x\nc: &x 2\nd: *x\n", tmp_path) == {"a": 1, "b": 1, "c": 2, "d": 2}


def test_a_block_may_begin_with_empty_lines_of_fewer_blanks(tmp_path: Path) -> None:
    assert load("html: |\n  \n\n    <p>\n", tmp_path) == {"html": "\n\n<p>\n"}


def test_a_character_that_json_escapes_as_two_is_one(tmp_path: Path) -> None:
    assert load(r'{"a": "\ud83d\ude00"}', tmp_path) == {"a": "😀"}


@pytest.mark.parametrize(
    "text",
    [
        "a: &a {x: 1, y: 1}\nb: &b {<<: *a, y: 2}\nc: {<<: *b, z: 3}\n",
        "a: &a\n  x: 1\n  y: 1\nb: &b\n  <<: *a\n  y: 2\nc:\n  z: 3\n  <<: [*b, *a]\n",
    ],
)
def test_merged_mappings_may_hold_merged_mappings(text: str, tmp_path: Path) -> None:
    data = load(text, tmp_path)
    assert data == {"a": {"x": 1, "y": 1}, "b": {"x": 1, "y": 2}, "c": {"x": 1, "y": 2, "z": 3}}


def test_texts_of_several_lines_are_blocks() -> None:
    text = "<p> \n\tindented\n  é</p>\n"
    assert dump({"html": text}) == "html: |\n  <p> \n  \tindented\n    é</p>\n"


DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=10,
)


@given(st.dictionaries(st.text(min_size=1), DATA, min_size=1))
def test_what_is_written_is_read_as_it_was(tmp_path_factory: pytest.TempPathFactory, data: dict[str, Any]) -> None:
    assert load(dump(data), tmp_path_factory.getbasetemp()) == data
