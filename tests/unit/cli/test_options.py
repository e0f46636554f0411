from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from clarion_client import EventType, MessageState, Violation
from clarion_server.transport.cli.commands.lists import show_list
from clarion_server.transport.cli.commands.options import parse_json_object, parse_labels, parse_members, parse_time
from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.output import Output
from clarion_server.transport.cli.views import plain


def test_words_are_taken_in_any_case_and_with_commas() -> None:
    assert parse_members(MessageState, ["sent,In-Doubt", "FAILED", "in_doubt"], "--states") == [
        MessageState.SENT,
        MessageState.IN_DOUBT,
        MessageState.FAILED,
        MessageState.IN_DOUBT,
    ]


def test_a_word_that_nobody_knows_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(CommandFailed, match=r"--types does not know 'snet'\. It takes sent, deferred, ") as caught:
        parse_members(EventType, ["snet"], "--types")
    assert "unrecognized" not in str(caught.value)


def test_json_is_taken_as_it_is_from_a_file_and_from_stdin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "context.json"
    path.write_text('\ufeff{"a": 1}', encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO('\ufeff{"a": 1}'.encode())))
    for text in (' {"a": 1}', '\ufeff{"a": 1}', str(path), f"@{path}", "-"):
        assert parse_json_object(text, "--context") == {"a": 1}
    assert parse_json_object("", "--context") is None


@pytest.mark.parametrize(
    "content", ['{"a":', "[1]", '{"a": Infinity}', "[" * 100_000, "\xff", f'{{"a": {"9" * 5_000}}}']
)
def test_json_that_cannot_be_a_context_is_refused_in_one_sentence(content: str, tmp_path: Path) -> None:
    path = tmp_path / "context.json"
    path.write_text(content, encoding="latin-1")
    with pytest.raises(CommandFailed) as caught:
        parse_json_object(str(path), "--context")
    assert "\n" not in caught.value.summary


def test_a_name_that_is_given_twice_is_refused_with_its_path(tmp_path: Path) -> None:
    path = tmp_path / "context.json"
    path.write_text(
        '{"order": {"lines": [{"id": 1, "id": 2}], "total": 1, "total": 1}, "order2": {}}', encoding="utf-8"
    )
    with pytest.raises(CommandFailed) as caught:
        parse_json_object(str(path), "--context")
    assert [problem.where for problem in caught.value.problems] == [
        f"{path}: order.total",
        f"{path}: order.lines[0].id",
    ]


def test_the_position_of_a_json_error_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "context.json"
    path.write_text('{\n  "a": 1,\n}', encoding="utf-8")
    with pytest.raises(CommandFailed) as caught:
        parse_json_object(str(path), "--context")
    assert caught.value.problems[0].where.startswith(f"{path}:")


def test_a_file_that_is_not_there_is_reported_with_what_the_option_takes() -> None:
    with pytest.raises(CommandFailed, match=r"Cannot open nowhere\.json: No such file or directory") as caught:
        parse_json_object("nowhere.json", "--context")
    assert "--context takes" in caught.value.hint


@pytest.mark.parametrize("text", ["tomorrow", "2027-01-01T00:00:00", "2027-13-01T00:00:00Z"])
def test_a_time_without_a_zone_or_a_sense_is_refused(text: str) -> None:
    with pytest.raises(CommandFailed, match="--send-at is"):
        parse_time(text, "--send-at")


def test_labels_are_pairs_whose_values_may_hold_anything() -> None:
    assert parse_labels(["order=4711", "url=https://shop.example/?a=b,c"]) == {
        "order": "4711",
        "url": "https://shop.example/?a=b,c",
    }


@pytest.mark.parametrize("given", [["order"], ["order=1", "order=2"]])
def test_a_label_without_a_value_or_given_twice_is_refused(given: list[str]) -> None:
    with pytest.raises(CommandFailed, match="The label 'order'"):
        parse_labels(given)


def test_a_list_is_cut_at_its_limit_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    violations = [Violation(field=str(number), reason="R", description="D") for number in range(5)]
    columns = {"FIELD": lambda violation: plain(violation.field)}
    output = Output(as_json=False)
    for limit, shown in ((3, 3), (5, 5), (0, 5)):
        show_list(output, iter(violations), limit, columns)  # type: ignore[arg-type] # a pager is only iterated
        printed = capsys.readouterr()
        assert len(printed.out.splitlines()) == 1 + shown
        assert ("There are more than 3" in printed.err) is (limit == 3)
