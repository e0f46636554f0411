"""Sends the triggers of a file over one stream, shows the progress, and counts the outcomes."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clarion_client import (
    Accepted,
    ClarionError,
    DeadlineExceededError,
    RecipientOutcome,
    RecipientResult,
    Trigger,
    UnavailableError,
)
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from clarion_server.transport.cli.exits import Exit
from clarion_server.transport.cli.refusals import explain
from clarion_server.transport.cli.session import Session
from clarion_server.transport.cli.trigger_lines import Defaults, Line, read_lines
from clarion_server.transport.cli.views import plain

#: Is the most failures that are printed as text. JSON has all of them.
SHOWN_FAILURES = 20
#: Is the longest time, in seconds, that the service may be unreachable, or take no line, before the run fails.
MAX_OUTAGE = 10.0


def run_lines(session: Session, path: Path, defaults: Defaults) -> Exit:
    run = _Run(session, defaults)
    with _opened(path) as source, run.progress, session.interruption.handled_by(run.stop):
        run.begin(_count(path))
        try:
            run.send(source)
        finally:
            # Lines that were accepted before an error stay accepted.
            run.finish()
    if run.stopped:
        return Exit.INTERRUPTED
    return Exit.BAD_NEWS if run.counts.failed or run.counts.rejected else Exit.OK


@dataclass
class Counts:
    """Counts lines, and recipients by their outcome."""

    lines: int = 0
    replayed: int = 0
    failed: int = 0
    accepted: int = 0
    excluded: int = 0
    rejected: int = 0

    def count(self, answer: Accepted) -> None:
        self.replayed += answer.replayed
        outcomes = [result.outcome for result in answer.recipients]
        self.accepted += outcomes.count(RecipientOutcome.ACCEPTED)
        self.excluded += outcomes.count(RecipientOutcome.EXCLUDED)
        self.rejected += outcomes.count(RecipientOutcome.REJECTED)


@dataclass
class _Run:
    session: Session
    defaults: Defaults
    counts: Counts = field(default_factory=Counts)
    #: Lines that wait for their answer, in order. The thread that reads the file adds them.
    pending: deque[Line] = field(default_factory=deque)
    stopped: bool = False
    #: Says when the service gave its last answer that was not that it cannot answer now.
    answered: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.progress = self.session.output.progress(
            TextColumn("{task.description}"),
            BarColumn(complete_style="green"),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )

    def begin(self, total: int | None) -> None:
        self._task = self.progress.add_task(self.defaults.campaign, total=total)

    def send(self, source: Iterable[bytes]) -> None:
        client = self.session.persistent_client
        for trigger, answer in client.trigger_stream(self._triggers(source), max_outage=MAX_OUTAGE):
            self._report_unsent()
            self._report_answer(self.pending.popleft(), trigger, answer)
        self._report_unsent()

    def stop(self) -> None:
        """Stops reading lines. Those that were sent still get their answers."""
        self.stopped = True

    def finish(self) -> None:
        self.progress.stop()
        counts = self.counts
        if counts.failed > SHOWN_FAILURES:
            self.session.output.inform(f"{counts.failed - SHOWN_FAILURES} more failures are not shown: see --json.")
        self.session.output.show_line({"summary": vars(counts)}, lambda: _summary(counts, self.defaults))

    def _triggers(self, source: Iterable[bytes]) -> Iterator[Trigger]:
        for line in read_lines(source, self.defaults):
            if self.stopped:
                return
            self.pending.append(line)
            if line.trigger is not None:
                yield line.trigger

    def _report_unsent(self) -> None:
        """Reports the lines before the next answer that were not sent."""
        while self.pending and self.pending[0].trigger is None:
            line = self.pending.popleft()
            self._report_failure(line.number, line.problem, {"message": line.problem})

    def _report_answer(self, line: Line, trigger: Trigger, answer: Accepted | ClarionError) -> None:
        if isinstance(answer, ClarionError):
            self._report_error(line.number, trigger, answer)
            self._end_outage(answer)
            return
        self.answered = time.monotonic()
        self._advance()
        self.counts.count(answer)
        for result in answer.recipients:
            if result.outcome is RecipientOutcome.REJECTED:
                self._show_failure(line.number, _violations(result))
        if self.session.output.as_json:
            self._show({"line": line.number, "request_id": trigger.request_id, **answer.to_dict()})

    def _report_error(self, number: int, trigger: Trigger, error: ClarionError) -> None:
        failure = explain(error)
        assert failure is not None
        text = " ".join(f"{problem.where}: {problem.text}" for problem in failure.problems) or failure.summary
        self._report_failure(number, f"{text} {failure.reason}", failure.to_dict() | {"request_id": trigger.request_id})

    def _end_outage(self, error: ClarionError) -> None:
        """Ends the run while the service cannot answer, as when its disk is full: each line would be tried for long.

        Raises the error.
        """
        if not isinstance(error, UnavailableError | DeadlineExceededError):
            self.answered = time.monotonic()
        elif time.monotonic() - self.answered >= MAX_OUTAGE:
            raise error

    def _report_failure(self, number: int, text: str, error: dict[str, Any]) -> None:
        self._advance()
        self.counts.failed += 1
        if self.session.output.as_json:
            self._show({"line": number, "error": error})
        else:
            self._show_failure(number, text)

    def _show_failure(self, number: int, text: str) -> None:
        if not self.session.output.as_json and self.counts.failed + self.counts.rejected <= SHOWN_FAILURES:
            self.session.output.stderr.print(Text.assemble((f"line {number}: ", "bold red"), plain(text)))

    def _show(self, data: dict[str, Any]) -> None:
        self.session.output.show_line(data, str)

    def _advance(self) -> None:
        self.counts.lines += 1
        self.progress.advance(self._task)


@contextmanager
def _opened(path: Path) -> Iterator[Iterable[bytes]]:
    if str(path) == "-":
        yield sys.stdin.buffer
        return
    with path.open("rb") as file:
        yield file


def _count(path: Path) -> int | None:
    """Returns the number of lines, or None for stdin and pipes, which can be read only once."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return sum(1 for line in file if line.strip())


def _violations(result: RecipientResult) -> str:
    return " ".join(f"{violation.field}: {violation.description}" for violation in result.violations)


def _summary(counts: Counts, defaults: Defaults) -> Text:
    accepted = "would be accepted" if defaults.validate_only else "accepted"
    parts = [
        (f"{_many(counts.lines, 'line')}: ", "bold"),
        (f"{_many(counts.accepted, 'recipient')} {accepted}", "green" if counts.accepted else ""),
        (f", {counts.excluded:,} excluded", "yellow" if counts.excluded else ""),
        (f", {counts.rejected:,} rejected", "red" if counts.rejected else ""),
        (f"; {_many(counts.replayed, 'line')} replayed", ""),
        (f", {counts.failed:,} failed.", "red" if counts.failed else ""),
    ]
    return Text.assemble(*parts)


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
