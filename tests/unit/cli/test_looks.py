from __future__ import annotations

import io
import json

import pytest
from clarion_server.transport.cli.listing import table
from clarion_server.transport.cli.output import Output
from clarion_server.transport.cli.views import diff_view, duration, plain
from rich.console import Console, RenderableType
from rich.text import Text

ROW = ("01a2026b6d09732b893289e00c8b3c38", "SENT", "customer@example.com", "2026-11-22 08:42:04Z", "Order confirmed")
COLUMNS = ("ID", "STATE", "TO", "ACCEPTED", "NAME")


VIEWS = {name: lambda row, index=index: Text(row[index]) for index, name in enumerate(COLUMNS)}


def drawn(view: RenderableType, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    with console.capture() as capture:
        console.print(view)
    return [line.rstrip() for line in capture.get().splitlines()]


def test_a_wide_window_has_every_column() -> None:
    lines = drawn(table([ROW], VIEWS), 120)
    assert lines[0].split() == list(COLUMNS)
    assert [cell.strip() for cell in lines[1].split("  ") if cell] == list(ROW)
    assert len(lines) == 2


@pytest.mark.parametrize("width", [80, 60])
def test_a_narrow_terminal_shows_fewer_columns_and_names_the_others(width: int) -> None:
    lines = drawn(table([ROW], VIEWS), width)
    assert lines[0].split()[:2] == ["ID", "STATE"]
    assert ROW[0] in lines[1]
    assert lines[-1].endswith("ACCEPTED: see a wider terminal, or --json.")
    assert "…" not in "".join(lines)


@pytest.mark.parametrize(("width", "columns"), [(120, "TIME ACTION KEY COMMENT"), (80, "TIME ACTION KEY")])
def test_a_long_comment_is_folded_where_there_is_room_and_else_left_out(width: int, columns: str) -> None:
    row = ("2026-11-30 12:30:52Z", "CHANGES_REQUESTED", "01a22c6ec419764b8fcbbc0d69b65d69", "The second word. " * 8)
    views = {name: (lambda row, index=index: plain(row[index])) for index, name in enumerate(("TIME", "ACTION", "KEY"))}
    lines = drawn(table([row], views | {"COMMENT": lambda row: plain(row[3])}), width)
    assert lines[0].split() == columns.split()
    assert all(len(line) <= width for line in lines)


def test_a_window_too_narrow_for_a_table_has_a_list_with_everything() -> None:
    lines = drawn(table([ROW], VIEWS), 45)
    assert [line.split(maxsplit=1)[0] for line in lines if line] == list(COLUMNS)
    assert lines[0] == f"ID        {ROW[0]}"


def test_what_a_terminal_would_obey_is_shown_instead() -> None:
    assert plain("\x1b]0;title\x07 ok\n\ttext \x9b31m").plain == r"\x1b]0;title\x07 ok" + "\n\ttext " + r"\x9b31m"


def test_signs_that_end_lines_or_turn_texts_round_are_shown_instead() -> None:
    assert plain("a\u2028b\u202egnp.exe\u2066c\u200fd").plain == "a\\u2028b\\u202egnp.exe\\u2066c\u200fd"


def test_nothing_in_a_text_looks_like_a_further_line_of_a_difference() -> None:
    assert diff_view("+a\u2028-b\x0c-c\x85-d\n-e\n").plain == "+a\\u2028-b\\x0c-c\\x85-d\n-e"


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize("stream", [io.StringIO, Screen])
def test_neither_json_nor_a_text_makes_a_terminal_obey(
    monkeypatch: pytest.MonkeyPatch, as_json: bool, stream: type[io.StringIO]
) -> None:
    monkeypatch.setattr("sys.stdout", screen := stream())
    hostile = "\x1b]0;t\x07\x9b31m\x7f\u2028\u202e"
    output = Output(as_json=as_json)
    if as_json:
        output.show(hostile, lambda: "")
        output.show_line(hostile, lambda: "")
        lines = screen.getvalue().removesuffix("\n").split("\n")
        assert [json.loads(line) for line in lines] == [hostile, hostile]
        assert lines[0].isascii()
        assert lines[0].isprintable()
    else:
        output.write(hostile)
        written = screen.getvalue().removesuffix("\n")
        assert (written == hostile, written.isprintable()) == (
            (True, False) if stream is io.StringIO else (False, True)
        )


def test_square_brackets_are_no_markup() -> None:
    assert drawn(table(["[red]sale[/red]"], {"NAME": plain}), 80)[1] == "[red]sale[/red]"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0008, "0.8 ms"),
        (0.047, "47 ms"),
        (1.254, "1.25 s"),
        (59.9, "59.9 s"),
        (200, "3 min 20 s"),
        (7500, "2 h 5 min"),
    ],
)
def test_durations_have_three_figures_or_so(seconds: float, text: str) -> None:
    assert duration(seconds) == text
