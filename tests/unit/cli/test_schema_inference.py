"""Tests the context schema that is made of samples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from clarion_server.adapters.rendering.schemas.rules import schema_findings, validator
from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.schema_inference import infer, read_samples
from hypothesis import given
from hypothesis import strategies as st

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 10) | st.floats(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=10,
)
contexts = st.dictionaries(st.text(max_size=4), json_values, max_size=4)


@given(st.lists(contexts, min_size=1, max_size=5))
def test_the_schema_takes_every_sample_and_review_finds_nothing_wrong_with_it(samples: list[dict[str, Any]]) -> None:
    schema = infer(samples)
    assert schema_findings(schema) == []
    assert all(validator(schema).is_valid(sample) for sample in samples)


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        ([{"a": 1}, {"a": 2.5}], {"a": {"type": "number"}}),
        ([{"a": 1.0}], {"a": {"type": "integer"}}),
        ([{"a": "x"}, {"a": None}], {"a": {"type": ["null", "string"]}}),
        ([{"a": [1, "x"]}], {"a": {"type": "array", "items": {"type": ["integer", "string"]}}}),
        ([{"a": []}], {"a": {"type": "array"}}),
        ([{"a": {"b": True}}], {"a": {"type": "object", "required": ["b"], "properties": {"b": {"type": "boolean"}}}}),
    ],
)
def test_types_follow_from_the_values(samples: list[dict[str, Any]], expected: dict[str, Any]) -> None:
    assert infer(samples) == {"type": "object", "required": ["a"], "properties": expected}


def test_a_field_is_required_when_every_sample_has_it() -> None:
    assert infer([{"a": 1, "b": 2}, {"b": 3}])["required"] == ["b"]
    assert "required" not in infer([{"a": 1}, {}])


def test_a_line_ends_at_no_character_that_a_text_may_have(tmp_path: Path) -> None:
    file = tmp_path / "samples.jsonl"
    file.write_text('{"a": "one\u2028two\x85"}\r\n{"a": "b"}\n', encoding="utf-8", newline="")
    assert read_samples(file) == [{"a": "one\u2028two\x85"}, {"a": "b"}]


def test_lines_are_contexts_or_triggers(tmp_path: Path) -> None:
    file = tmp_path / "samples.jsonl"
    file.write_text(
        '{"n": 1}\n\n{"to": "a@b.example", "context": {"n": 2}}\n'
        '{"recipients": [{"context": {"n": 3}}, {"identity": "x:1"}]}\n'
        '{"recipient": {"identity": "x:1"}, "context": {"n": 4}}\n'
    )
    assert read_samples(file) == [{"n": 1}, {"n": 2}, {"n": 3}, {}, {"n": 4}]


def test_everything_wrong_with_the_lines_is_reported_at_once(tmp_path: Path) -> None:
    file = tmp_path / "samples.jsonl"
    file.write_text('{"n": 1}\n[1]\n{"n"\n{"a": 1, "a": 2}\n{"to": "x", "context": 1}\n')
    with pytest.raises(CommandFailed) as refused:
        read_samples(file)
    assert [problem.line for problem in refused.value.problems] == [2, 3, 4, 5]
    empty = tmp_path / "empty.jsonl"
    empty.write_text("\n")
    with pytest.raises(CommandFailed):
        read_samples(empty)
