"""Files with suppressions are read and written."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from clarion_client import Suppression, SuppressionReason, SuppressionScope
from clarion_server.transport.cli.csv_rows import CsvRows
from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.suppression_rows import Defaults, read_rows, write_rows

BOUNCED = Suppression(
    address="jane@example.com",
    reason=SuppressionReason.HARD_BOUNCE,
    scope=SuppressionScope.MARKETING,
    expire_time=dt.datetime(2027, 1, 31, 8, tzinfo=dt.UTC),
)
DOMAIN = Suppression(domain="*.example.com", reason=SuppressionReason.MANUAL, scope=SuppressionScope.ALL)


def read(text: str, delimiter: str = ",", target: str = "target", defaults: Defaults | None = None) -> list[object]:
    """Returns the suppressions, and the problems of the other rows with their lines."""
    rows = read_rows(CsvRows(io.StringIO(text, newline=""), delimiter), target, defaults or Defaults())
    return [row.suppression or (row.line, row.problem) for row in rows]


def test_what_is_written_is_read_as_the_same() -> None:
    text = "".join(write_rows([BOUNCED, DOMAIN], spreadsheet_safe=False))
    assert text.splitlines()[0] == "target,reason,scope,expire_time"
    assert read(text) == [BOUNCED, DOMAIN]


def test_cells_that_look_like_formulas_can_be_made_harmless() -> None:
    formula = Suppression(address="=1+1@example.com", reason=SuppressionReason.MANUAL, scope=SuppressionScope.ALL)
    assert "'=1+1@example.com,MANUAL,ALL," in "".join(write_rows([formula], spreadsheet_safe=True))


def test_cells_that_are_empty_or_missing_have_the_defaults() -> None:
    defaults = Defaults(SuppressionReason.COMPLAINT, SuppressionScope.MARKETING)
    wanted = [
        Suppression(address=address, reason=SuppressionReason.COMPLAINT, scope=SuppressionScope.MARKETING)
        for address in ("a@example.com", "b@example.com")
    ]
    assert read("target,reason\na@example.com,\n\nb@example.com\n", defaults=defaults) == wanted


def test_other_delimiters_columns_and_spellings_are_read() -> None:
    text = "E-Mail;Reason;expire_time\r\n jane@example.com ;hard-bounce;2027-01-31T09:00:00+01:00\r\n"
    (found,) = read(text, ";", "e-mail")
    assert isinstance(found, Suppression)
    assert (found.address, found.reason, found.expire_time) == (
        BOUNCED.address,
        BOUNCED.reason,
        BOUNCED.expire_time,
    )


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("a@example.com,spam,,", "reason: 'spam' is not one of HARD_BOUNCE, COMPLAINT, MANUAL, INVALID, UNSUBSCRIBED."),
        ("a@example.com,,unrecognized,", "scope: 'unrecognized' is not one of ALL, MARKETING."),
        ("a@example.com,,,tomorrow", "expire_time: 'tomorrow' is not a time such as 2027-01-31T09:00:00+01:00."),
        (
            "a@example.com,,,2027-01-31",
            "expire_time: '2027-01-31' has no time zone. Write a time such as 2027-01-31T09:00:00+01:00.",
        ),
        ("a@example.com,,,,x", "It has more cells than the header line."),
        (f"{'a' * 131_073},,,", "target: The cell has more than 131,072 characters."),
    ],
)
def test_a_row_that_cannot_be_read_is_told_with_its_line(row: str, problem: str) -> None:
    assert read(f"target,reason,scope,expire_time\n{row}\njane@example.com,,,\n")[0] == (2, problem)


@pytest.mark.parametrize("text", ["", "jane@example.com\n", "target,name\n", "target,target\n", 'target\n"open\n'])
def test_a_file_that_is_none_of_suppressions_is_refused(text: str) -> None:
    with pytest.raises(CommandFailed):
        read(text)


def test_the_line_of_a_row_is_where_it_begins() -> None:
    text = 'target,reason\n"a@example.com\n",manual\nb@example.com,nothing\n'
    assert read(text)[1] == (
        4,
        "reason: 'nothing' is not one of HARD_BOUNCE, COMPLAINT, MANUAL, INVALID, UNSUBSCRIBED.",
    )
