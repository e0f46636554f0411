from __future__ import annotations

import datetime as dt
import io
import json
from typing import Any

import pytest
from clarion_client import Recipient
from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.trigger_lines import Defaults, Line, read_lines, request_id_of, trigger_of

DEFAULTS = Defaults("order-confirmed")


def read(*lines: str) -> list[Line]:
    return list(read_lines([line.encode() for line in lines], DEFAULTS))


def problem_of(line: str) -> str:
    (read_line,) = read(line)
    assert read_line.trigger is None
    return read_line.problem


@pytest.mark.parametrize(
    "line",
    [
        {"to": "jane@example.com", "context": {"order": 1}, "locale": "de"},
        {"recipient": {"identity": "jane@example.com", "context": {"order": 1}, "locale": "de"}},
        {"recipient": {"identity": "jane@example.com", "locale": "de"}, "context": {"order": 1}},
        {"recipients": [{"identity": "jane@example.com", "context": {"order": 1}, "locale": "de"}]},
    ],
)
def test_a_recipient_may_be_written_in_several_ways(line: dict[str, Any]) -> None:
    trigger = trigger_of(line, DEFAULTS)
    assert trigger.recipients == (Recipient("jane@example.com", {"order": 1}, locale="de"),)


def test_lines_are_counted_and_blank_ones_left_out() -> None:
    lines = read('\ufeff{"to": "a@example.com"}\n', "\n", '{"to": "b@example.com"}\r\n')
    assert [line.number for line in lines] == [1, 3]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "not JSON: Expecting property name enclosed in double quotes at column 2"),
        ("[1]", "not a JSON object"),
        ("{}", "needs exactly one of to, recipient, recipients"),
        ('{"to": "a@example.com", "recipients": []}', "needs exactly one of to, recipient, recipients"),
        ('{"too": "a@example.com"}', "too is not a field of a line; did you mean to?"),
        ('{"to": 5}', "recipients[0].identity is 5, not a string"),
        ('{"to": "a@example.com", "context": {"n": NaN}}', "JSON has no NaN"),
        ('{"recipients": [], "context": {}}', "context belongs in each of the recipients"),
        ('{"to": "a@example.com", "send_time": "tomorrow"}', "send_time is 'tomorrow', not a time such as"),
        ('{"to": "a@example.com", "send_time": "0001-01-01T00:00:00+10:00"}', "send_time is 0001-01-01"),
        (f'{{"to": "a@example.com", "context": {{"n": {"9" * 5_000}}}}}', "A number has too many digits"),
        ('{"to": "a@example.com", "context": {"n": 9007199254740993}}', "beyond 2**53"),
        ('{"to": "\\ud800@example.com", "context": {"n": "\\ud800"}}', "lone surrogate"),
        ('{"to": "a@example.com", "context": {"n": {"m": 1, "m": 2}}}', "context.n.m is given twice"),
        ('{"to": "a@example.com", "to": "b@example.com"}', "to is given twice"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_what_cannot_be_sent_is_reported_and_not_raised(line: str, problem: str) -> None:
    assert problem in problem_of(line)


def test_a_line_that_is_no_utf_8_is_reported() -> None:
    (line,) = read_lines([b'{"to": "\xff"}'], DEFAULTS)
    assert line.problem == "not text in UTF-8"


# Without a mark, some lines could be read as UTF-16 each by itself, and other texts would become something else.
@pytest.mark.parametrize(("mark", "name"), [("\ufeff", "日本\u2028\u0a0a"), ("", "Joe")])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_file_in_utf_16_is_known_by_its_mark_and_by_nothing_else(encoding: str, mark: str, name: str) -> None:
    text = mark + f'{{"to": "a@example.com", "context": {{"name": "{name}"}}}}\r\n' * 3
    lines = read_lines(io.BytesIO(text.encode(encoding)), DEFAULTS)
    contexts = [line.trigger.recipients[0].context for line in lines if line.trigger]
    assert contexts == ([{"name": name}] * 3 if mark else [])


def test_a_file_that_ends_amid_a_character_of_utf_16_is_refused() -> None:
    with pytest.raises(CommandFailed, match="begins as UTF-16"):
        list(read_lines([b"\xff\xfe{"], DEFAULTS))


def test_a_request_id_is_the_same_for_the_same_data_and_campaign_alone() -> None:
    line = {"to": "jane@example.com", "context": {"a": 1, "b": "é"}}
    reordered = json.loads('{ "context": {"b": "\\u00e9", "a": 1}, "to": "jane@example.com" }')
    assert request_id_of("order-confirmed", line) == request_id_of("campaigns/order-confirmed", reordered)
    assert request_id_of("order-confirmed", line) != request_id_of("password-reset", line)
    assert request_id_of("order-confirmed", line) != request_id_of("order-confirmed", line | {"locale": "de"})
    # Whoever runs a file again after an update must not send it twice.
    assert request_id_of("order-confirmed", line) == "f6137739-70e4-55f4-a386-c8632cf45e53"


def test_labels_of_a_line_are_added_to_those_of_the_command() -> None:
    defaults = Defaults("order-confirmed", labels={"run": "7", "shop": "eu"})
    trigger = trigger_of({"to": "jane@example.com", "labels": {"order": "1", "shop": "us"}}, defaults)
    assert trigger.labels == {"run": "7", "order": "1", "shop": "us"}


def test_what_a_line_says_goes_before_the_defaults() -> None:
    new_year = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
    defaults = Defaults("order-confirmed", send_time=new_year, expire_time=new_year, validate_only=True)
    line = {"to": "jane@example.com", "request_id": "4711", "send_time": "2026-12-31T00:00:00Z"}
    trigger = trigger_of(line, defaults)
    assert trigger.request_id == "4711"
    assert trigger.send_time == dt.datetime(2026, 12, 31, tzinfo=dt.UTC)
    assert trigger.expire_time == new_year
    assert trigger.validate_only
