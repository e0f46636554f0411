"""Prints results on stdout, as text or JSON, and everything else on stderr."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, TextIO

from rich.console import Console, RenderableType

from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.views import failure_view, lines_of, visible

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn

#: Is the width of output that is no terminal, so that no line is folded.
UNBOUNDED = 100_000


class Output:
    """Writes the output of a command. It has colours, bars and folded lines in a terminal only, and none of them as
    JSON.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    @cached_property
    def stdout(self) -> Console:
        return _console(sys.stdout)

    @cached_property
    def stderr(self) -> Console:
        return _console(sys.stderr)

    def progress(self, *columns: ProgressColumn) -> Progress:
        """Returns a bar for stderr, which shows nothing unless that is a terminal."""
        from rich.progress import Progress  # noqa: PLC0415 - few commands need it

        return Progress(*columns, console=self.stderr, disable=self.as_json or not self.stderr.is_terminal)

    def show(self, data: Any, view: Callable[[], RenderableType]) -> None:
        """Prints a result. JSON is one line unless stdout is a terminal."""
        if self.as_json:
            self.write(_json(data, sys.stdout, indent=2 if sys.stdout.isatty() else None))
        else:
            _print(self.stdout, view())

    def show_line(self, data: Any, view: Callable[[], RenderableType]) -> None:
        """Prints one of many results immediately. JSON is always one line."""
        if self.as_json:
            self.write(_json(data, sys.stdout))
        else:
            _print(self.stdout, view())
        sys.stdout.flush()

    def write(self, text: str) -> None:
        """Prints text: unchanged for a file or a program, and for a terminal with nothing that it would obey."""
        shown = visible(text) if sys.stdout.isatty() else text
        sys.stdout.write(shown if shown.endswith("\n") else shown + "\n")

    def inform(self, text: str) -> None:
        """Prints a remark on stderr, unless the output is JSON."""
        if not self.as_json:
            self.stderr.print(text, style="dim")

    def fail(self, failure: CommandFailed) -> None:
        if self.as_json:
            sys.stderr.write(_json({"error": failure.to_dict() | {"exit_code": failure.status}}, sys.stderr) + "\n")
        else:
            _print(self.stderr, failure_view(failure))


#: Control characters that JSON need not escape, and that end lines for some programs.
_UNESCAPED = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def _json(data: Any, stream: TextIO, indent: int | None = None) -> str:
    """Returns JSON without control characters, which terminals would obey, and in ASCII for a stream that may lack
    other characters.
    """
    encoding = stream.encoding or "utf-8"
    text = json.dumps(data, ensure_ascii=not encoding.lower().startswith("utf"), indent=indent)
    return _UNESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


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
    # The last cell of a line is padded with blanks to the width of its column.
    console.file.writelines(f"{line.rstrip()}\n" for line in lines_of(capture.get()))
