"""Profiles in files: what each column means, and where a file is refused."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from clarion_client import Channel, Consent, ConsentChange, ConsentChoice, ConsentSource, ExportedProfile, Profile
from clarion_server.transport.cli.csv_rows import CsvRows
from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.profile_rows import Form, Row, column_of, read_csv, read_jsonl, to_data, write_csv
from clarion_server.transport.cli.text_lines import read_lines

EVERYTHING = Profile(
    identities=("email:jane@example.com", "crm:1"),
    attributes={"first_name": "Jane", "note": 'a "quoted", text\nof two lines', "age": 42, "home": {"city": "Köln"}},
    locale="de",
    time_zone="Europe/Berlin",
)
NOON = dt.datetime(2026, 11, 29, 12, tzinfo=dt.UTC)
EXPORTED = ExportedProfile(
    profile=EVERYTHING,
    consents=(
        Consent(choice=ConsentChoice.DENIED, time=NOON, change="consentChanges/1"),
        Consent(
            channel=Channel.EMAIL,
            topic="topics/news",
            choice=ConsentChoice.GRANTED,
            time=NOON,
            change="consentChanges/2",
        ),
    ),
)
CHOICES = (
    ConsentChange(choice=ConsentChoice.DENIED, time=NOON, source=ConsentSource.IMPORT),
    ConsentChange(
        channel=Channel.EMAIL,
        topic="topics/news",
        choice=ConsentChoice.GRANTED,
        time=NOON,
        source=ConsentSource.IMPORT,
    ),
)


def rows(text: str, delimiter: str = "", **form: Any) -> list[Row]:
    return list(read_csv(CsvRows(text.splitlines(keepends=True), delimiter), Form(**form)))


def profile(text: str, **form: Any) -> Profile:
    (row,) = rows(text, **form)
    assert row.profile is not None, row.problem
    return row.profile


@pytest.mark.parametrize(
    ("column", "cell", "problem"),
    [
        ("attributes.seats:integer", "three", "attributes.seats:integer: 'three' is not a whole number."),
        ("attributes.seats:integer", "1_000", "attributes.seats:integer: '1_000' is not a whole number."),
        ("attributes.paid:number", "3;5", "attributes.paid:number: '3;5' is not a number such as -12.5."),
        ("attributes.paid:number", "1_000", "attributes.paid:number: '1_000' is not a number such as -12.5."),
        ("attributes.paid:number", "\u0663", "attributes.paid:number: '\u0663' is not a number such as -12.5."),
        ("attributes.paid:number", "nan", "attributes.paid:number: 'nan' is not a number such as -12.5."),
        ("attributes.vip:boolean", "perhaps", "attributes.vip:boolean: 'perhaps' is neither true nor false."),
        ("attributes", "[]", "attributes: It is not a JSON object."),
    ],
)
def test_a_cell_that_cannot_be_read_is_told_with_its_column(column: str, cell: str, problem: str) -> None:
    (row,) = rows(f"email\t{column}\na@b.example\t{cell}\n")
    assert (row.profile, row.problem) == (None, problem)


def test_all_cells_of_a_row_that_cannot_be_read_are_told() -> None:
    (row,) = rows("email,attributes.seats:integer,attributes.vip:boolean\na@b.example,three,perhaps\n")
    assert row.problem == (
        "attributes.seats:integer: 'three' is not a whole number. "
        "attributes.vip:boolean: 'perhaps' is neither true nor false."
    )


@pytest.mark.parametrize(
    ("path", "column"),
    [
        ("identities[0]", "phone"),
        ("identities[1]", "identity.crm"),
        ("identities[2]", "identities[2]"),
        ("consents[0].topic", "consent.any"),
        ("consents", "consents"),
        ("time_zone", "time_zone"),
    ],
)
def test_what_the_service_refuses_is_told_by_its_column(path: str, column: str) -> None:
    columns = ["email", "phone", "consent.email", "identity.crm", "time_zone", "consent.any"]
    assert column_of(path, columns, ["", "+44", " ", "1", "GMT+2", "DENIED"]) == column


def test_what_a_column_of_several_things_holds_is_told_by_its_path() -> None:
    assert column_of("identities[1]", ["email", "identities"], ["a@b.example", "crm:1\ncrm:2"]) == "identities[1]"


def test_an_export_is_the_same_each_time_whatever_the_order_of_the_attributes() -> None:
    one = Profile(identities=("crm:1",), attributes={"a": 1, "b": {"c": [{"e": 2, "d": 1}], "a": None}})
    other = Profile(identities=("crm:1",), attributes={"b": {"a": None, "c": [{"d": 1, "e": 2}]}, "a": 1})
    exported = [ExportedProfile(profile=each) for each in (one, other)]
    assert len({"".join(write_csv([each], spreadsheet_safe=False)) for each in exported}) == 1
    assert len({json.dumps(to_data(each)) for each in exported}) == 1


def test_each_column_is_a_part_of_the_profile() -> None:
    read = profile(
        "email,identity.crm,locale,time_zone,attributes.name,attributes.age:integer,attributes.vip:boolean,attributes\r\n"
        'jane@example.com,1,de,UTC,Jane,042,yes,"{""home"": {""city"": ""Köln""}}"\r\n'
    )
    assert read.identities == ("email:jane@example.com", "crm:1")
    assert (read.locale, read.time_zone) == ("de", "UTC")
    assert read.attributes == {"name": "Jane", "age": 42, "vip": True, "home": {"city": "Köln"}}


def test_empty_cells_say_nothing_and_the_text_for_null_removes_an_attribute() -> None:
    read = profile("email,locale,attributes.a,attributes.b\njane@example.com,,,NULL\n", null="NULL")
    assert (read.locale, read.attributes) == ("", {"b": None})


def test_only_attributes_can_be_removed() -> None:
    (row,) = rows("email,locale\njane@example.com,NULL\n", null="NULL")
    assert row.profile is None
    assert "Only attributes" in row.problem


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_header_line_says_what_separates_cells(delimiter: str) -> None:
    assert profile(f"email{delimiter}locale\njane@example.com{delimiter}de\n").locale == "de"


def test_the_header_line_is_the_first_that_is_not_blank() -> None:
    (row,) = rows("\n ; \nemail;locale\njane@example.com;de\n")
    assert row.profile is not None
    assert (row.line, row.profile.locale) == (4, "de")


def test_other_columns_are_attributes_when_that_is_asked_for() -> None:
    text = "email,first_name,seats:integer\njane@example.com,Jane,3\n"
    assert profile(text, attributes_from_rest=True).attributes == {"first_name": "Jane", "seats": 3}
    with pytest.raises(CommandFailed, match="first_name"):
        rows(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no header line"),
        ("email,email\na@b.de,c@d.de\n", "given twice"),
        ("email,attributes.age:years\na@b.de,3\n", "has no type of"),
        (
            'email\na@b.de\n\n"b@b.de\nc@b.de\nd@b.de\n',
            "The row that begins at line 4 is not CSV: unexpected end of data",
        ),
        (" \n\n", "no header line"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(text: str, problem: str) -> None:
    with pytest.raises(CommandFailed, match=problem):
        rows(text)


def test_the_line_ends_of_another_system_are_refused_with_what_to_do() -> None:
    with pytest.raises(CommandFailed, match="Save the file with the line ends of Windows or Unix"):
        CsvRows(["email,locale\ra@b.de,de\r"], "")


def test_a_row_that_cannot_be_read_is_told_by_the_line_where_it_begins() -> None:
    text = 'email,attributes.note,attributes.age:integer\na@b.de,"two\nlines",1\n\nb@b.de,,many\nc@b.de,,,too\n'
    found = rows(text)
    assert [(row.line, row.profile is None) for row in found] == [(2, False), (5, True), (6, True)]
    assert "many" in found[1].problem
    assert "more cells" in found[2].problem


def test_a_cell_that_is_too_long_rejects_its_row_alone() -> None:
    longest = "x" * 131_072
    found = rows(f'email,attributes.note\na@b.de,{longest}\nb@b.de,{longest}x\nc@b.de,"x\nb@b.de,{longest}"\nd@b.de,\n')
    problem = "attributes.note: The cell has more than 131,072 characters."
    assert [(row.line, row.problem) for row in found] == [(2, ""), (3, problem), (4, problem), (6, "")]
    with pytest.raises(CommandFailed, match="The first line has a name"):
        rows(f"email,{longest}x\n", attributes_from_rest=True)


def test_a_row_that_no_request_has_room_for_is_rejected_alone() -> None:
    problem = "The row has more than 700,000 characters."
    columns = ",".join(f"attributes.a{number}" for number in range(6))
    long, longer = (",".join(["x" * 131_072] * 5 + ["x" * (rest - 5 * 131_072)]) for rest in (700_000, 700_001))
    assert [row.problem for row in rows(f"{columns}\n{long}\n{longer}\n{long}\n")] == ["", problem, ""]
    texts = (json.dumps({"attributes": {"a": "x" * (size - 25)}}) for size in (700_000, 700_001, 700_000))
    assert [row.problem for row in read_jsonl(f"{text}\n" for text in texts)] == ["", problem, ""]


def test_what_is_exported_is_imported_as_the_same() -> None:
    lines = "".join(write_csv([EXPORTED], spreadsheet_safe=False)).splitlines(keepends=True)
    (row,) = read_csv(CsvRows(lines, ""), Form())
    assert (row.profile, row.consents) == (EVERYTHING, CHOICES)
    (row,) = read_jsonl([f"{json.dumps(to_data(EXPORTED))}\n"])
    assert (row.profile, row.consents) == (EVERYTHING, CHOICES)


@pytest.mark.parametrize("cell", ["{}", "1", "[1]", "nothing"])
def test_choices_are_an_array_of_objects(cell: str) -> None:
    (row,) = rows(f'email,consents\na@b.de,"{cell}"\n')
    assert row.profile is None


def test_cells_that_look_like_formulas_can_be_made_harmless() -> None:
    shown = "".join(
        write_csv([ExportedProfile(profile=Profile(identities=["x:1"], locale="=1+1"))], spreadsheet_safe=True)
    )
    assert "'=1+1" in shown


def test_lines_of_json_are_profiles_and_what_the_service_assigned_is_ignored() -> None:
    assigned = {"name": "profiles/1", "etag": '"1"', "create_time": "2027-01-01T00:00:00Z"}
    (read,) = read_jsonl([f'{{"identities": ["crm:1"], "locale": "de", "name": "{assigned["name"]}"}}\n', "\n"])
    assert read.profile == Profile(identities=("crm:1",), locale="de")
    broken = list(read_jsonl(["{\n", "[]\n", '{"identity": "crm:1"}\n']))
    assert [(row.line, row.profile) for row in broken] == [(1, None), (2, None), (3, None)]


def test_a_file_is_read_up_to_the_line_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(b"\xef\xbb\xbfemail\r\na@b.de\r\nM\xfcller\r\nb@b.de\r\n")
    lines = read_lines(path, "")
    assert [next(lines), next(lines)] == ["email\r\n", "a@b.de\r\n"]
    with pytest.raises(CommandFailed, match="Line 3") as caught:
        next(lines)
    assert "--encoding" in caught.value.hint
    assert list(read_lines(path, "latin-1"))[2] == "Müller\r\n"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-8"])
def test_a_mark_at_the_beginning_tells_the_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes("email\nmüller@b.de\n".encode(encoding))
    assert list(read_lines(path, "")) == ["email\n", "müller@b.de\n"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8"])
def test_no_other_character_ends_a_line(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "people.csv"
    line = "Two\u2028lines,a\x85b,c\x0bd,e\rf\r\n"
    path.write_bytes(f"{line}{line}".encode(encoding))
    assert list(read_lines(path, "")) == [line, line]


def test_an_encoding_that_nobody_knows_and_a_file_that_is_not_there_are_refused(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("email\n")
    with pytest.raises(CommandFailed, match="not known"):
        list(read_lines(tmp_path / "people.csv", "klingon"))
    with pytest.raises(CommandFailed, match="Cannot open"):
        list(read_lines(tmp_path / "nothing.csv", ""))


def test_choices_are_columns_by_channel_and_topic() -> None:
    (row,) = rows("email,consent.email.news,consent.any,consent.email\na@b.de,granted,DENIED,\n")
    assert [(change.channel, change.topic, change.choice, change.source) for change in row.consents] == [
        ("EMAIL", "news", "GRANTED", "IMPORT"),
        (None, "", "DENIED", "IMPORT"),
    ]
    (wrong,) = rows("email,consent.email\na@b.de,perhaps\n")
    assert wrong.profile is None
