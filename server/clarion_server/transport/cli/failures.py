"""Describes the failure of a command, as text for people and as data for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from clarion_server.transport.cli.exits import Exit


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. `where` is the path of a field, a line of a file, or both. `remedy` says what to do about it.
    Problems of a file are sorted by `line`.
    """

    where: str
    text: str
    remedy: str = ""
    line: int = 0

    def to_dict(self) -> dict[str, str]:
        problem = {"where": self.where, "text": self.text, "remedy": self.remedy}
        return {name: value for name, value in problem.items() if value}


class CommandFailed(Exception):
    """Ends the command. `summary` is one sentence, `reason` is from the contract, `hint` says what to do next."""

    def __init__(
        self,
        summary: str,
        problems: Sequence[Problem] = (),
        *,
        hint: str = "",
        reason: str = "",
        detail: str = "",
        status: Exit = Exit.REFUSED,
    ) -> None:
        super().__init__(summary)
        self.summary = summary
        self.problems = tuple(problems)
        self.hint = hint
        self.reason = reason
        self.detail = detail
        self.status = status

    def to_dict(self) -> dict[str, Any]:
        error = {
            "message": self.summary,
            "reason": self.reason,
            "detail": self.detail,
            "problems": [problem.to_dict() for problem in self.problems],
            "hint": self.hint,
        }
        return {name: value for name, value in error.items() if value}
