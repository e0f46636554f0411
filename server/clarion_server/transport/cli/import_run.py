"""Sends the rows of a file to the service by a stream, and counts what became of them."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

from clarion_server.transport.cli.exits import Exit
from clarion_server.transport.cli.rejected_rows import RejectedFile, RejectedRow
from clarion_server.transport.cli.session import Session
from clarion_server.transport.cli.text_input import STDIN

_OUTCOMES = ("created", "updated", "unchanged", "imported_before")


class Row(Protocol):
    """Is a row of the file. It has a problem if it cannot be sent."""

    @property
    def line(self) -> int: ...
    @property
    def cells(self) -> tuple[str, ...]: ...
    @property
    def problem(self) -> str: ...


class _Violation(Protocol):
    @property
    def field(self) -> str: ...
    @property
    def description(self) -> str: ...


class Result(Protocol):
    """Says what became of a row."""

    @property
    def outcome(self) -> str: ...
    @property
    def violations(self) -> Sequence[_Violation]: ...


R = TypeVar("R", bound=Row)
Given = TypeVar("Given")
Answer = TypeVar("Answer", bound=Result)


class ImportRun(Generic[R, Given, Answer]):
    """Belongs to one command."""

    def __init__(
        self,
        session: Session,
        file: Path,
        rejected_file: RejectedFile | None,
        go_on: str,
        from_line: int = 1,
        column_of: Callable[[str, Sequence[str]], str] = lambda path, _cells: path,
    ) -> None:
        """Rows before `from_line` are skipped, as an earlier command has imported them. `go_on` says how to go on after
        an interruption, where `{line}` stands for the next line. `column_of` returns the column of what a violation in
        a row with these cells is about, by its path.
        """
        self._session = session
        self._go_on = go_on
        self._column_of = column_of
        self._total = _line_count(file)
        self._rejected_file = rejected_file
        self._from_line = from_line
        #: The first line of which this run knows what became of it.
        self._known_from = from_line
        self._unanswered: deque[R] = deque()
        self.counts: Counter[str] = Counter()
        self.rejected: list[RejectedRow] = []
        self.imported_through = 0
        """Is the line of the last row that was answered."""
        self.stopped = False

    def send(
        self,
        rows: Iterable[R],
        given: Callable[[R], Given | None],
        send: Callable[[Iterator[Given]], Iterator[tuple[Given, Answer]]],
        count: Callable[[R, Answer], object] = lambda _row, _result: None,
    ) -> None:
        """Sends what `given` makes of the rows, of those that have no problem. `count` is called with each row that is
        stored.

        Ctrl-C stops reading: what is under way is answered. However it ends, the file of rejected rows is written.
        """
        columns = (BarColumn(complete_style="green"), MofNCompleteColumn(), TextColumn("lines"), TimeRemainingColumn())
        try:
            with (
                self._session.interruption.handled_by(self._stop),
                self._session.output.progress(*columns) as progress,
            ):
                task = progress.add_task("", total=self._total)
                for _, result in send(self._given(rows, given)):
                    row = self._unanswered.popleft()
                    if not self._is_rejected(row, result):
                        count(row, result)
                    self.imported_through = row.line
                    progress.update(task, completed=row.line)
                if not self.stopped:
                    # The last rows may be some that were not sent.
                    progress.update(task, completed=self._total)
        except BaseException:
            self._show_where_to_go_on()
            raise
        else:
            if self.stopped:
                self._show_where_to_go_on()
        finally:
            if self._rejected_file is not None:
                self._rejected_file.write(self.rejected, self._known_from)

    @property
    def status(self) -> Exit:
        if self.stopped:
            return Exit.INTERRUPTED
        return Exit.BAD_NEWS if self.rejected else Exit.OK

    @property
    def summary(self) -> dict[str, Any]:
        return {
            **{outcome: self.counts[outcome] for outcome in _OUTCOMES},
            "rejected": [row.to_dict() for row in sorted(self.rejected)],
        }

    @property
    def sentence(self) -> str:
        counts = [f"{self.counts[each]:,} {each.replace('_', ' ')}" for each in _OUTCOMES if self._tells(each)]
        return f"{', '.join(counts)}, {len(self.rejected):,} rejected."

    def _tells(self, outcome: str) -> bool:
        return outcome != "imported_before" or self.counts[outcome] > 0

    def _stop(self) -> None:
        """Reads no further rows."""
        self.stopped = True

    def _show_where_to_go_on(self) -> None:
        if self.imported_through:
            advice = self._go_on.format(line=self.imported_through + 1)
            self._session.output.inform(f"Imported through line {self.imported_through}. {advice}")

    def _given(self, rows: Iterable[R], given: Callable[[R], Given | None]) -> Iterator[Given]:
        """Yields what can be sent. It is read on a thread of the client's, ahead of the answers."""
        for row in rows:
            if self.stopped:
                return
            if row.line < self._from_line:
                continue
            item = given(row)
            if item is None:
                self.rejected.append(RejectedRow(row.line, row.problem, row.cells))
            else:
                self._unanswered.append(row)
                yield item

    def _is_rejected(self, row: R, result: Answer) -> bool:
        if result.violations:
            violations = ((self._column_of(each.field, row.cells), each.description) for each in result.violations)
            problems = (f"{column}: {description}" for column, description in violations)
            self.rejected.append(RejectedRow(row.line, " ".join(problems), row.cells))
            return True
        outcome = result.outcome.lower()
        self.counts[outcome] += 1
        if outcome == "imported_before":
            self._known_from = row.line + 1
        return False


def _line_count(path: Path) -> int | None:
    if path == STDIN or not path.is_file():
        return None
    lines, end = 0, b"\n"
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            lines, end = lines + chunk.count(b"\n"), chunk[-1:]
    return lines if end == b"\n" else lines + 1
