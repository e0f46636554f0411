"""The terminal: results on stdout, for people or as JSON; everything else on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import cached_property
from typing import Any, TextIO

from rich.console import Console, RenderableType

from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.views import failure_view

#: Columns of what is no terminal: whoever reads it wants whole lines.
UNBOUNDED = 100_000


class Output:
    """Colours, bars and folded lines are for terminals alone; elsewhere, and with `as_json`, output is plain."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    @cached_property
    def screen(self) -> Console:
        return _console(sys.stdout)

    @cached_property
    def notes(self) -> Console:
        return _console(sys.stderr)

    @property
    def live(self) -> bool:
        """True when somebody watches: progress is shown, on stderr."""
        return self.notes.is_terminal and not self.as_json

    def show(self, data: Any, view: Callable[[], RenderableType]) -> None:
        """Prints a result, on one line when it is JSON for a program."""
        if self.as_json:
            self.raw(json.dumps(data, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None))
        else:
            _print(self.screen, view())

    def show_line(self, data: Any, view: Callable[[], RenderableType]) -> None:
        """Prints one of many results at once, always on one line when it is JSON."""
        if self.as_json:
            self.raw(json.dumps(data, ensure_ascii=False))
        else:
            _print(self.screen, view())
        sys.stdout.flush()

    def raw(self, text: str) -> None:
        """Prints text as it is, for a file or a program."""
        sys.stdout.write(text if text.endswith("\n") else text + "\n")

    def note(self, text: str) -> None:
        """Says something beside the result, which a program that reads JSON can do without."""
        if not self.as_json:
            self.notes.print(text, style="dim")

    def fail(self, failure: CommandFailed) -> None:
        if self.as_json:
            sys.stderr.write(
                json.dumps({"error": failure.to_dict() | {"exit_code": failure.status}}, ensure_ascii=False) + "\n"
            )
        else:
            _print(self.notes, failure_view(failure))


def _console(stream: TextIO) -> Console:
    console = Console(file=stream, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = UNBOUNDED
    return console


def _print(console: Console, view: RenderableType) -> None:
    if console.is_terminal:
        console.print(view)
        return
    with console.capture() as capture:
        console.print(view)
    # Cells are padded to the width of their column: the last one leaves blanks behind.
    console.file.writelines(f"{line.rstrip()}\n" for line in capture.get().splitlines())
