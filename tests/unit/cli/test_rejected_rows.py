"""The file of the rows that an import has rejected."""

from __future__ import annotations

from pathlib import Path

import pytest
from clarion_server.transport.cli.csv_rows import CsvRows
from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.rejected_rows import RejectedFile, RejectedRow

COLUMNS = ["email", "locale"]
SECOND = RejectedRow(2, "It is no address.", ("nobody@", "de"))
FIFTH = RejectedRow(5, "It is no locale.", ("jane@example.com", "xx, yy"))
SEVENTH = RejectedRow(7, "It is no address.", ("@", ""))


@pytest.fixture
def file(tmp_path: Path) -> RejectedFile:
    return RejectedFile(tmp_path / "rejected.csv", COLUMNS, tmp_path / "people.csv")


def lines(folder: Path) -> list[str]:
    return (folder / "rejected.csv").read_text().splitlines()


def test_rejected_rows_are_read_again_as_they_were(file: RejectedFile, tmp_path: Path) -> None:
    file.write([FIFTH, SECOND])
    assert lines(tmp_path)[:2] == ["line,problem,email,locale", "2,It is no address.,nobody@,de"]
    read = CsvRows((tmp_path / "rejected.csv").read_text().splitlines(keepends=True), "")
    assert (read.names, list(read)) == (COLUMNS, [(2, [*SECOND.cells]), (3, [*FIFTH.cells])])


def test_a_cell_that_is_too_long_is_kept_with_its_row(file: RejectedFile, tmp_path: Path) -> None:
    file.write([RejectedRow(2, "It is too long.", ("x" * 200_000, "de"))])
    file.write([SEVENTH], first_line=5)
    assert [len(line) for line in lines(tmp_path)[1:]] == [200_021, len("7,It is no address.,@,")]


def test_rows_of_an_earlier_part_stay_and_others_do_not(file: RejectedFile, tmp_path: Path) -> None:
    file.write([SECOND, FIFTH])
    file.write([SEVENTH], first_line=5)
    assert [line[:2] for line in lines(tmp_path)[1:]] == ["2,", "7,"]
    file.write([SEVENTH])
    assert [line[:2] for line in lines(tmp_path)[1:]] == ["7,"]


def test_nothing_is_kept_of_a_file_of_other_rows(file: RejectedFile, tmp_path: Path) -> None:
    (tmp_path / "rejected.csv").write_text("line,problem,target\n2,It is no address.,nobody@\n")
    file.write([SEVENTH], first_line=5)
    assert [line[:2] for line in lines(tmp_path)[1:]] == ["7,"]


def test_a_line_that_was_cut_off_is_passed_over(file: RejectedFile, tmp_path: Path) -> None:
    (tmp_path / "rejected.csv").write_text("line,problem,email,locale\n2,It is no address.,nobody@,de\n4")
    file.write([SEVENTH], first_line=5)
    assert [line[:2] for line in lines(tmp_path)[1:]] == ["2,", "7,"]


def test_a_line_whose_number_somebody_changed_is_passed_over(file: RejectedFile, tmp_path: Path) -> None:
    (tmp_path / "rejected.csv").write_text(
        "line,problem,email,locale\n2,It is no address.,nobody@,de\nmended,,x@y.z,\n"
    )
    file.write([SEVENTH], first_line=5)
    assert [line[:2] for line in lines(tmp_path)[1:]] == ["2,", "7,"]


def test_a_file_that_cannot_be_written_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="No such file or directory"):
        RejectedFile(tmp_path / "nowhere" / "rejected.csv", COLUMNS, tmp_path / "people.csv")


def test_the_imported_file_is_not_overwritten(tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text("email\n")
    with pytest.raises(CommandFailed, match="names the file that is imported"):
        RejectedFile(people, COLUMNS, people)
    assert people.read_text() == "email\n"
