from __future__ import annotations

import io

import pytest
from clarion_server.transport.cli.listing import table
from clarion_server.transport.cli.views import duration, plain
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


def test_a_window_too_narrow_for_a_table_has_a_list_with_everything() -> None:
    lines = drawn(table([ROW], VIEWS), 45)
    assert [line.split(maxsplit=1)[0] for line in lines if line] == list(COLUMNS)
    assert lines[0] == f"ID        {ROW[0]}"


def test_what_a_terminal_would_obey_is_shown_instead() -> None:
    assert plain("\x1b]0;title\x07 ok\n\ttext \x9b31m").plain == r"\x1b]0;title\x07 ok" + "\n\ttext " + r"\x9b31m"


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
